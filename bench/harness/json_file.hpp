// JSON files that are either whole or not there.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace bench {

/// JSON that keeps its keys in the order in which they were written.
using Json = nlohmann::ordered_json;

/// Reads and parses a file. Throws std::system_error when it cannot be read, std::runtime_error
/// that names the file when it is not JSON.
Json read_json(const std::filesystem::path& path);

/// The name under which `path` is written until it is whole: the same folder, a leading dot.
std::filesystem::path temporary_name(const std::filesystem::path& path);

/// Gives a file that was written under its temporary name its final one: syncs it, renames it,
/// syncs the folder. Throws std::system_error naming the call.
void publish(const std::filesystem::path& path);

/// Writes text under the temporary name and publishes it. When that fails (a full disk) it takes
/// the temporary file away and throws std::system_error; an older file of that name stays as it
/// was.
void write_atomically(const std::filesystem::path& path, std::string_view text);

/// The same with a JSON value, indented; text that is not UTF-8 gets replacement characters.
void write_json(const std::filesystem::path& path, const Json& value);

/// One line of JSON, with replacement characters for what is not UTF-8.
std::string to_line(const Json& value);

}  // namespace bench
