#include "bench/harness/usage.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace bench {

namespace {

/// A whole small file of proc(5), which makes its text anew for a read from the beginning.
class Text {
 public:
  explicit Text(int file) {
    const auto got = file < 0 ? -1 : ::pread(file, buffer_.data(), buffer_.size() - 1, 0);
    length_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    buffer_[length_] = 0;
  }
  [[nodiscard]] std::string_view view() const { return {buffer_.data(), length_}; }

 private:
  std::array<char, 8192> buffer_;
  std::size_t length_;
};

std::int64_t number_at(std::string_view text, std::size_t at) {
  return at < text.size() ? std::strtoll(text.data() + at, nullptr, 10) : 0;
}

/// The number after a key and whatever separates the two.
std::int64_t number_of(std::string_view text, std::string_view key) {
  const auto found = text.find(key);
  if (found == std::string_view::npos) return 0;
  return number_at(text, text.find_first_of("0123456789", found + key.size()));
}

/// The n-th word, from 0, of a text whose words one blank parts.
std::int64_t word(std::string_view text, int n) {
  std::size_t at = 0;
  for (; n > 0; --n) {
    at = text.find(' ', at);
    if (at == std::string_view::npos) return 0;
    ++at;
  }
  return number_at(text, at);
}

constexpr std::string_view kVoluntary = "\nvoluntary_ctxt_switches:";
constexpr std::string_view kInvoluntary = "\nnonvoluntary_ctxt_switches:";
constexpr std::string_view kMigrations = "se.nr_migrations";

}  // namespace

Usage& Usage::operator+=(const Usage& other) {
  cpu_ns += other.cpu_ns;
  run_delay_ns += other.run_delay_ns;
  voluntary_switches += other.voluntary_switches;
  involuntary_switches += other.involuntary_switches;
  minor_faults += other.minor_faults;
  major_faults += other.major_faults;
  migrations += other.migrations;
  return *this;
}

Usage operator-(const Usage& after, const Usage& before) {
  return {after.cpu_ns - before.cpu_ns,
          after.run_delay_ns - before.run_delay_ns,
          after.voluntary_switches - before.voluntary_switches,
          after.involuntary_switches - before.involuntary_switches,
          after.minor_faults - before.minor_faults,
          after.major_faults - before.major_faults,
          after.migrations - before.migrations};
}

ProcessUsage::ProcessUsage(pid_t process) {
  const auto open = [process](const char* name) {
    return ::open(fmt::format("/proc/{}/{}", process, name).c_str(), O_RDONLY | O_CLOEXEC);
  };
  stat_.reset(open("stat"));
  status_.reset(open("status"));
  schedstat_.reset(open("schedstat"));
  sched_.reset(open("sched"));
}

Usage ProcessUsage::now() const {
  Usage usage;
  const Text schedstat(schedstat_.get()), status(status_.get()), stat(stat_.get()),
      sched(sched_.get());
  usage.cpu_ns = word(schedstat.view(), 0);
  usage.run_delay_ns = word(schedstat.view(), 1);
  usage.voluntary_switches = number_of(status.view(), kVoluntary);
  usage.involuntary_switches = number_of(status.view(), kInvoluntary);
  // The second field, a name in parentheses, may hold blanks; the ones after it are numbered
  // from 3.
  const auto name_end = stat.view().rfind(')');
  if (name_end != std::string_view::npos) {
    const auto fields = stat.view().substr(name_end + 2);
    usage.minor_faults = word(fields, 10 - 3);
    usage.major_faults = word(fields, 12 - 3);
  }
  usage.migrations = number_of(sched.view(), kMigrations);
  return usage;
}

Usage own_usage(const ProcessUsage& self) {
  Usage sum;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage use{};
    ::getrusage(who, &use);
    for (const timeval& time : {use.ru_utime, use.ru_stime})
      sum.cpu_ns += (time.tv_sec * 1'000'000 + time.tv_usec) * 1000;
    sum.voluntary_switches += use.ru_nvcsw;
    sum.involuntary_switches += use.ru_nivcsw;
    sum.minor_faults += use.ru_minflt;
    sum.major_faults += use.ru_majflt;
  }
  const Usage main_thread = self.now();
  sum.run_delay_ns = main_thread.run_delay_ns;
  sum.migrations = main_thread.migrations;
  return sum;
}

}  // namespace bench
