#include "bench/harness/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"

namespace bench {

using ipc::os::check;
using ipc::os::Child;
using ipc::os::Deadline;
using ipc::os::retry_eintr;
using ipc::os::UniqueFd;

namespace {

constexpr int kCannotStart = 127;  // as a shell says it

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
  Pipe() {
    int ends[2];
    check(::pipe2(ends, O_CLOEXEC), "pipe2");
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
};

/// Takes what is there; closes the end once it is exhausted.
void take(UniqueFd& reader, std::string& text) {
  char buffer[1 << 14];
  const auto got =
      check(retry_eintr([&] { return ::read(reader.get(), buffer, sizeof buffer); }), "read");
  if (got == 0) reader.reset();
  text.append(buffer, static_cast<std::size_t>(got));
}

/// Reads both ends until they are exhausted; false when the deadline passed first.
bool read_all(UniqueFd& output, UniqueFd& errors, CommandResult& result, Deadline deadline) {
  while (output || errors) {
    // poll(2) skips a negative descriptor.
    std::array<pollfd, 2> entries{{{output.get(), POLLIN, 0}, {errors.get(), POLLIN, 0}}};
    const int ready = ::poll(entries.data(), entries.size(), deadline.poll_timeout_ms());
    if (ready == -1 && errno != EINTR) ipc::os::throw_errno("poll");
    if (ready <= 0) {
      if (deadline.expired()) return false;
      continue;
    }
    if (entries[0].revents) take(output, result.output);
    if (entries[1].revents) take(errors, result.errors);
  }
  return true;
}

}  // namespace

int replace_image(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int empty = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (empty >= 0) ::dup2(empty, STDIN_FILENO);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);  // an ignored signal would stay ignored in the new program
  ::execvp(argv[0], argv.data());
  std::fprintf(stderr, "cannot start %s: %s\n", argv[0], ::strerror(errno));
  return kCannotStart;
}

CommandResult run_command(const std::vector<std::string>& arguments, Deadline deadline) {
  Pipe output;
  Pipe errors;
  CommandResult result;
  Child child = Child::fork([&] {
    check(::dup2(output.writer.get(), STDOUT_FILENO), "dup2");
    check(::dup2(errors.writer.get(), STDERR_FILENO), "dup2");
    return replace_image(arguments);
  });
  output.writer.reset();
  errors.writer.reset();
  if (!read_all(output.reader, errors.reader, result, deadline)) return result;
  if (const auto status = child.wait_until(deadline)) {
    result.finished = true;
    result.status = *status;
  }
  return result;
}

}  // namespace bench
