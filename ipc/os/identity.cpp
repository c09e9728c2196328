#include "ipc/os/identity.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc::os {

namespace {

/// What /proc/PID/stat says of a process.
struct Stat {
  bool ended;
  std::uint32_t started;  // the lower half of its start in clock ticks after boot
};

std::optional<Stat> parse(std::string_view line) {
  // The name may hold blanks and parentheses; what follows the last one is plain.
  const auto name_end = line.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::array<std::string_view, 20> fields;  // the 3rd, the state, to the 22nd, the start
  std::size_t at = name_end + 2;
  for (auto& field : fields) {
    const auto end = line.find(' ', at);
    if (end == std::string_view::npos) return std::nullopt;
    field = line.substr(at, end - at);
    at = end + 1;
  }
  const auto& threads = fields[17];
  std::uint64_t started = 0;
  std::from_chars(fields[19].data(), fields[19].data() + fields[19].size(), started);
  // A process whose first thread has ended is a zombie in name, while its others run on.
  const bool is_dead = fields[0] == "Z" || fields[0] == "X";
  return Stat{is_dead && (threads == "1" || threads == "0"), static_cast<std::uint32_t>(started)};
}

std::optional<Stat> stat_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return std::nullopt;
  std::array<char, 1024> text;
  const auto length = retry_eintr([&] { return ::read(file.get(), text.data(), text.size()); });
  if (length <= 0) return std::nullopt;
  return parse({text.data(), static_cast<std::size_t>(length)});
}

std::atomic<Identity> known_identity{0};
std::atomic<ShortIdentity> known_short{};

void forget() {
  known_identity.store(0, std::memory_order_relaxed);
  known_short.store({}, std::memory_order_relaxed);
}

Identity find_my_identity() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, forget);
  if (registered != 0) throw_error(registered, "pthread_atfork");
  const pid_t pid = ::getpid();
  const auto stat = stat_of(pid);
  const Identity started = stat ? stat->started : 0;
  const Identity me = started << 32 | static_cast<std::uint32_t>(pid);
  known_identity.store(me, std::memory_order_relaxed);
  return me;
}

// A pid has at most 22 bits; above it the mark, 0 where the start is not known.
constexpr unsigned kPidBits = 22;
constexpr std::uint32_t kMarks = (1U << (32 - kPidBits)) - 1;

std::uint32_t mark_of(std::uint32_t started) {
  return started == 0 ? 0 : 1 + started % kMarks;
}

}  // namespace

Identity my_identity() {
  const Identity known = known_identity.load(std::memory_order_relaxed);
  return known ? known : find_my_identity();
}

bool is_reaped(Identity who) {
  return who != 0 && ::kill(pid_of(who), 0) == -1 && errno == ESRCH;
}

bool has_ended(Identity who) {
  if (who == 0) return false;
  if (is_reaped(who)) return true;
  const auto started = static_cast<std::uint32_t>(who >> 32);
  const auto stat = stat_of(pid_of(who));
  return stat && (stat->ended || (started != 0 && stat->started != started));
}

ShortIdentity shortened(Identity who) {
  const auto started = static_cast<std::uint32_t>(who >> 32);
  return ShortIdentity{mark_of(started) << kPidBits | static_cast<std::uint32_t>(pid_of(who))};
}

ShortIdentity my_short_identity() {
  const ShortIdentity known = known_short.load(std::memory_order_relaxed);
  if (known != ShortIdentity{}) return known;
  const ShortIdentity me = shortened(my_identity());
  known_short.store(me, std::memory_order_relaxed);
  return me;
}

bool has_ended(ShortIdentity who) {
  const auto bits = static_cast<std::uint32_t>(who);
  const auto pid = static_cast<pid_t>(bits & ((1U << kPidBits) - 1));
  const std::uint32_t mark = bits >> kPidBits;
  if (pid == 0) return false;
  if (::kill(pid, 0) == -1 && errno == ESRCH) return true;
  const auto stat = stat_of(pid);
  return stat && (stat->ended || (mark != 0 && mark_of(stat->started) != mark));
}

}  // namespace ipc::os
