// How single facts of the machine are read: each reader gives a value or says why there is none.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/harness/json_file.hpp"

namespace bench {

/// Reads one fact: a scalar, a list of scalars, or unknown(). It may throw; fact_or_reason() turns
/// that into unknown() as well.
using Reader = std::function<Json()>;

/// What stands for a fact that the machine hides: {"unknown": reason}.
Json unknown(const std::string& reason);
Json fact_or_reason(const Reader& reader);

/// Readers over small files of /proc and /sys.
Reader line_of(std::string path);     ///< the first line, as text
Reader number_of(std::string path);   ///< the number it begins with
Reader numbers_of(std::string path);  ///< its first line as a list of numbers
Reader choice_of(std::string path);   ///< the word in brackets: "always [madvise] never"
/// The value after "KEY" and a colon in a file of such lines; a number where it is one.
Reader field_of(std::string path, std::string key);
/// What a file of every CPU says (`suffix` below /sys/devices/system/cpu/cpuN/): one text when all
/// agree, else a list by CPU.
Reader of_every_cpu(std::string suffix);
/// The whole of a file, as a list of its lines.
Reader lines_of(std::string path);

/// Everything a file holds; nothing when it cannot be read.
std::optional<std::string> read_all(const std::string& path);
/// The same, with the reason why not as an exception: std::system_error naming the file.
std::string read_all_or_throw(const std::string& path);
/// Text cut at a separator; with ' ', runs of white space count as one.
std::vector<std::string> split(const std::string& text, char separator);
/// Names in a folder, sorted; none when there is no such folder.
std::vector<std::string> names_in(const std::string& folder);

}  // namespace bench
