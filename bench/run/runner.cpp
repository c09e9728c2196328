#include "bench/run/runner.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "bench/harness/command.hpp"
#include "ipc/os/child.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/unique_name.hpp"

namespace bench::run {

using ipc::os::check;
using ipc::os::Child;
using ipc::os::Deadline;
using ipc::os::ExitStatus;
using ipc::os::retry_eintr;
using ipc::os::UniqueFd;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kTimeToLeave{500};  // between SIGTERM and SIGKILL
/// After an interruption, to end the case that is under way and to write what was measured.
constexpr milliseconds kTimeToWrite{1500};
constexpr milliseconds kLookInterval{20};  // on kernels without pidfd
constexpr std::size_t kTailBytes = 4096;

}  // namespace

Lines::Lines() {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "pipe2");
  reader_.reset(ends[0]);
  writer_.reset(ends[1]);
  check(::fcntl(ends[0], F_SETFL, O_NONBLOCK), "fcntl O_NONBLOCK");
}

bool Lines::take(const std::function<void(std::string_view)>& visit) {
  char buffer[1 << 14];
  ssize_t got = 0;
  while (reader_ &&
         (got = retry_eintr([&] { return ::read(reader_.get(), buffer, sizeof buffer); })) > 0)
    rest_.append(buffer, static_cast<std::size_t>(got));
  if (got == 0) reader_.reset();  // exhausted: poll(2) would report it for ever
  bool any = false;
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
    visit(std::string_view(rest_).substr(0, end));
    rest_.erase(0, end + 1);
    any = true;
  }
  if (rest_.size() > kTailBytes) rest_.erase(0, rest_.size() - kTailBytes);
  return any;
}

Job::Job(std::vector<std::string> arguments) {
  int turns[2];
  check(::pipe2(turns, O_CLOEXEC), "pipe2");
  const UniqueFd taken(turns[0]);
  turns_.reset(turns[1]);
  arguments.push_back(fmt::format("--progress_fd={}", progress_.writer()));
  arguments.push_back(fmt::format("--turns_fd={}", taken.get()));
  child_ = Child::fork([&] {
    // Where the scheduler groups by session, what else this terminal runs then is no neighbour in
    // the run queue, which lengthens every switch between two peers on one CPU.
    ::setsid();
    const int nowhere = check(::open("/dev/null", O_WRONLY | O_CLOEXEC), "open /dev/null");
    check(::dup2(nowhere, STDOUT_FILENO), "dup2");
    check(::dup2(errors_.writer(), STDERR_FILENO), "dup2");
    for (const int inherited : {progress_.writer(), taken.get()})
      check(::fcntl(inherited, F_SETFD, 0), "fcntl F_SETFD");
    return replace_image(arguments);
  });
  progress_.close_writer();
  errors_.close_writer();
}

Outcome Job::turn(milliseconds limit, Interruption& interruption, const OnLine& on_line) {
  // One that has died cannot be written to; how it ended is seen below.
  [[maybe_unused]] const auto ignored = ::write(turns_.get(), ".", 1);
  const Deadline stalled = Deadline::after(limit);
  while (!ended()) {
    wait_for_news(interruption.fd(), stalled);
    if (take(on_line)) return {};
    if (interruption.signal()) return {Outcome::Kind::kInterrupted, "interrupted"};
    if (stalled.expired() && !ended())
      return stop(fmt::format("hung: no case finished for {:.0f} s, killed",
                              std::chrono::duration<double>(limit).count()));
  }
  if (take(on_line)) return {};
  return how_it_ended();
}

Outcome Job::finish(milliseconds limit, Interruption& interruption) {
  turns_.reset();
  const Deadline late = Deadline::after(limit);
  std::optional<Deadline> hurry;
  while (!ended()) {
    if (!hurry && interruption.signal()) hurry = Deadline::after(kTimeToWrite);
    const Deadline& until = hurry ? *hurry : late;
    wait_for_news(hurry ? -1 : interruption.fd(), until);
    take([](std::string_view) {});
    if (until.expired() && !ended())
      return stop(fmt::format("hung: did not leave within {:.0f} s, killed",
                              std::chrono::duration<double>(hurry ? kTimeToWrite : limit).count()));
  }
  return how_it_ended();
}

Outcome Job::how_it_ended() {
  take([](std::string_view) {});
  end_group();
  const ExitStatus status = child_.wait();
  if (status == ExitStatus::from_code(0)) return {};
  ipc::os::reclaim_orphaned_names();
  return {Outcome::Kind::kDied, fmt::format("ended early, {}{}{}", status.to_string(),
                                            last_words_.empty() ? "" : ": ", last_words_)};
}

/// Whether the leader ended. It stays a zombie, which keeps its process group's number taken.
bool Job::ended() const {
  siginfo_t info{};
  const auto id = static_cast<id_t>(child_.pid());
  return ::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) == -1 || info.si_pid != 0;
}

void Job::wait_for_news(int interruption, const Deadline& until) const {
  std::array<pollfd, 4> entries{{{progress_.reader(), POLLIN, 0},
                                 {errors_.reader(), POLLIN, 0},
                                 {interruption, POLLIN, 0},
                                 {child_.pidfd(), POLLIN, 0}}};
  const int limit = until.poll_timeout_ms();
  const int look = static_cast<int>(kLookInterval.count());
  ::poll(entries.data(), entries.size(), child_.pidfd() >= 0 ? limit : std::min(limit, look));
}

bool Job::take(const OnLine& on_line) {
  errors_.take([&](std::string_view line) { remember(line); });
  if (!errors_.rest().empty()) remember(errors_.rest());
  return progress_.take(on_line);
}

void Job::remember(std::string_view line) {
  if (!line.empty()) last_words_ = line.substr(0, kTailBytes);
}

Outcome Job::stop(std::string message) {
  signal_group(SIGTERM);
  const Deadline patience = Deadline::after(kTimeToLeave);
  while (!ended() && !patience.expired()) {
    wait_for_news(-1, Deadline::after(kLookInterval));
    take([](std::string_view) {});
  }
  end_group();
  ipc::os::reclaim_orphaned_names();
  return {Outcome::Kind::kHung, std::move(message)};
}

void Job::signal_group(int signal) {
  ::kill(-child_.pid(), signal);
  child_.kill(signal);  // it may not have come to have a group yet
}

void Job::end_group() {
  if (std::exchange(over_, true)) return;
  signal_group(SIGKILL);
  child_.wait();
  // Members whose parent was killed come to us as the subreaper.
  while (retry_eintr([&] { return ::waitpid(-child_.pid(), nullptr, 0); }) > 0) {
  }
}

}  // namespace bench::run
