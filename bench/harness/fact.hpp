// How single facts of the machine are read: each reader gives a value or says why there is none.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/harness/json_file.hpp"
#include "bench/harness/root.hpp"

namespace bench {

/// Reads one fact: a scalar, a list of scalars, or unknown(). It may throw; fact_or_reason() turns
/// that into unknown() as well.
using Reader = std::function<Json(const Root&)>;

/// What stands for a fact that the machine hides: {"unknown": reason}.
Json unknown(const std::string& reason);
bool is_unknown(const Json& fact);
/// Text that is not UTF-8 or holds control characters comes with question marks for them.
Json fact_or_reason(const Reader& reader, const Root& root);

/// Readers over small files of /proc and /sys.
Reader line_of(std::string path);     ///< the first line, as text
Reader number_of(std::string path);   ///< the number it begins with
Reader numbers_of(std::string path);  ///< its first line as a list of numbers
Reader choice_of(std::string path);   ///< the word in brackets: "always [madvise] never"
Reader lines_of(std::string path);    ///< the whole, as a list of its lines
/// The value after "KEY" and a colon in a file of such lines; a number where it is one.
Reader field_of(std::string path, std::string key);
/// What a file of every usable CPU says (`suffix` below /sys/devices/system/cpu/cpuN/): one text
/// when all agree, else a list by CPU.
Reader of_every_cpu(std::string suffix);
/// What the first of these gives that gives anything, else the reason of the first.
Reader first_of(std::vector<Reader> readers);
/// A fact that no file holds.
Reader asked(Json (*ask)());
Reader constant(Json value);

/// The files of one CPU.
std::string cpu_folder(int id);
/// "0-1,4" as ids; throws std::runtime_error for what is no list of CPUs.
std::vector<int> cpus_in(const std::string& list);

}  // namespace bench
