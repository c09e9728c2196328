#include "ipc/process/process.hpp"

#include <ext/stdio_sync_filebuf.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio_ext.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/process/daemonic.hpp"

namespace ipc {

namespace {

using namespace std::chrono_literals;
constexpr auto kTerminateGrace = 2s;

/// What the calling process is, as a Process.
struct Identity {
  std::string name = "MainProcess";
  std::string path;  ///< "2:1" in the first child of the second child
  int children = 0;  ///< objects made so far, for their names
  bool daemon = false;
  pid_t pid = 0;  ///< 0, and no parent, in a process that no Process started
  pid_t parent = 0;
  std::string parent_name;
  os::UniqueFd exit_pipe;  ///< where this process writes its exit code
};
Identity& self() {
  static Identity& identity = *new Identity;  // outlives every static object
  return identity;
}
std::mutex& self_mutex() {
  static std::mutex& mutex = *new std::mutex;
  return mutex;
}

/// The standard streams as the parent left them. It is looked at before the fork, because each page
/// that the child touches, of code or of data, costs it a page fault.
struct Streams {
  /// Whether the parent may have read ahead what is its own to read.
  bool has_read = ::__fbufsize(stdin) > 0;
  /// std::cout's buffer when it has none of its own, which is so until sync_with_stdio(false).
  const std::streambuf* unbuffered =
      dynamic_cast<__gnu_cxx::stdio_sync_filebuf<char>*>(std::cout.rdbuf());

  /// A broken stream is no reason to fail.
  void flush() const {
    std::fflush(nullptr);
    if (std::cout.rdbuf() == unbuffered) return;
    try {
      std::cout.flush();
      std::clog.flush();
    } catch (const std::ios_base::failure&) {
    }
  }

  /// Standard input becomes /dev/null: the lowest free descriptor is 0.
  void close_input() const {
    ::close(STDIN_FILENO);
    [[maybe_unused]] const int null = ::open("/dev/null", O_RDONLY);
    if (has_read) ::__fpurge(stdin);
  }
};

}  // namespace

void check_may_have_children() {
  if (self().daemon) throw std::logic_error("daemonic processes are not allowed to have children");
}

void become_daemonic(std::string name) {
  self().name = std::move(name);
  self().daemon = true;
  self().exit_pipe.reset();  // the parent's, if it is the child of a Process
}

struct Process::State {
  State(ProcessOptions given, std::unique_ptr<Body> function, std::string number)
      : options(std::move(given)), body(std::move(function)), path(std::move(number)) {}

  void check_owner(const char* complaint) const {
    if (owner != ::getpid()) throw std::logic_error(complaint);
  }

  /// Reaps it if it ended; true when it did.
  bool settle() {
    const std::lock_guard inside(mutex);
    if (ended) return true;
    const auto status = child.try_wait();
    if (!status) return false;
    ended = true;
    if (!status->is_unknown())
      exitcode = status->exited() ? status->code() : -status->signal();
    else
      exitcode = code_from_pipe();
    return true;
  }

  /// Somebody else took the status (their wait(), or SIGCHLD ignored): the child told it here too.
  [[nodiscard]] std::optional<int> code_from_pipe() const {
    pollfd entry{exit_pipe.get(), POLLIN, 0};
    int code = 0;
    if (::poll(&entry, 1, 0) != 1 || ::read(exit_pipe.get(), &code, sizeof(code)) != sizeof(code))
      return std::nullopt;
    return code;
  }

  /// Waits outside the lock, so that other threads can look, signal and join meanwhile.
  bool wait_until(os::Deadline deadline) {
    while (!settle()) {
      if (deadline.expired()) return settle();
      pollfd entry{sentinel(), POLLIN, 0};
      if (child.pidfd() >= 0 || !deadline.is_never()) {
        ::poll(&entry, 1, deadline.poll_timeout_ms());
      } else {
        siginfo_t info;  // before Linux 5.3; the pipe may be held open by the child's children
        ::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT);
      }
    }
    return true;
  }

  void signal(int number) {
    const std::lock_guard inside(mutex);
    if (!ended) child.kill(number);
  }

  /// For the end of its object or of this process.
  void finish() {
    if (options.daemon) {
      signal(SIGTERM);
      if (!wait_until(os::Deadline::after(kTerminateGrace))) signal(SIGKILL);
    }
    wait_until(os::Deadline::never());
  }

  [[nodiscard]] int sentinel() const {
    return child.pidfd() >= 0 ? child.pidfd() : exit_pipe.get();
  }

  ProcessOptions options;
  std::unique_ptr<Body> body;
  std::string path;
  pid_t owner = ::getpid();
  bool started = false;
  std::mutex mutex;  ///< of what follows
  os::Child child;
  os::UniqueFd exit_pipe;
  bool ended = false;
  std::optional<int> exitcode;
};

/// The children of this process that were started and not destroyed, and what happens to them.
struct Process::Running {
  static Running& instance() {
    static Running& running = *new Running;
    return running;
  }

  /// At the end of this process: daemons are told first, so that they end side by side.
  static void finish_all() {
    Running& running = instance();
    if (running.owner != ::getpid()) return;
    const std::lock_guard inside(running.mutex);
    for (State* state : running.states)
      if (state->options.daemon) state->signal(SIGTERM);
    for (State* state : running.states)
      if (state->options.daemon) state->finish();
    for (State* state : running.states) state->finish();
    running.states.clear();
  }

  /// With the lock held, so that the child never finds it taken by a thread it does not have.
  void start(State& state) {
    const std::lock_guard inside(mutex);
    if (!at_exit) at_exit = std::atexit(finish_all) == 0;
    reap();
    states.reserve(states.size() + 1);
    fork(state);
    states.push_back(&state);
  }

  void remove(State& state) {
    const std::lock_guard inside(mutex);
    std::erase(states, &state);
  }

  std::vector<pid_t> pids() {
    const std::lock_guard inside(mutex);
    reap();
    std::vector<pid_t> all;
    for (const State* state : states) all.push_back(state->child.pid());
    return all;
  }

 private:
  void reap() {
    if (owner != ::getpid()) forget();
    std::erase_if(states, [](State* state) { return state->settle(); });
  }

  void forget() {
    states.clear();
    owner = ::getpid();
  }

  void fork(State& state) {
    int ends[2];
    os::check(::pipe2(ends, O_CLOEXEC), "pipe2");
    os::UniqueFd reader(ends[0]), writer(ends[1]);
    // With a standard stream closed it would stand in its place, and take the child's output.
    if (writer.get() <= STDERR_FILENO)
      writer.reset(os::check(::fcntl(writer.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1), "fcntl"));
    os::ignore_sigpipe();
    const Streams streams;
    streams.flush();
    const pid_t parent = ::getpid();
    const pid_t pid = os::check(::fork(), "fork");
    if (pid == 0) {
      reader.reset();
      self().exit_pipe = std::move(writer);
      forget();
      mutex.unlock();
      run_child(state, parent, streams);
    }
    state.exit_pipe = std::move(reader);
    state.child = os::Child::adopt(pid);
    state.started = true;
  }

  [[noreturn]] static void run_child(State& state, pid_t parent, const Streams& streams) noexcept {
    self().pid = ::getpid();
    self().parent = parent;
    self().parent_name = std::exchange(self().name, state.options.name);
    self().path = state.path;
    self().children = 0;
    self().daemon = state.options.daemon;
    if (state.options.daemon) os::die_with_parent(parent, SIGTERM);
    streams.close_input();
    const int code = run_body(state);
    finish_all();
    streams.flush();
    [[maybe_unused]] const auto written = ::write(self().exit_pipe.get(), &code, sizeof(code));
    ::_exit(code);
  }

  static int run_body(State& state) {
    try {
      return exit_code_of([&] { state.body->run(); });
    } catch (const std::exception& error) {
      std::fprintf(stderr, "Process %s: %s\n", self().name.c_str(), error.what());
    } catch (...) {
      std::fprintf(stderr, "Process %s: unknown exception\n", self().name.c_str());
    }
    return 1;
  }

  std::mutex mutex;
  std::vector<State*> states;
  pid_t owner = ::getpid();
  bool at_exit = false;
};

Process::Process(ProcessOptions options, std::unique_ptr<Body> body) {
  const std::lock_guard inside(self_mutex());
  std::string number = std::to_string(++self().children);
  std::string path = self().path.empty() ? number : self().path + ":" + number;
  if (options.name.empty()) options.name = "Process-" + path;
  options.daemon = options.daemon || self().daemon;
  state_ = std::make_unique<State>(std::move(options), std::move(body), std::move(path));
}

Process::Process(Process&&) noexcept = default;

Process& Process::operator=(Process&& other) noexcept {
  Process old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

Process::~Process() {
  if (!state_ || !state_->started || state_->owner != ::getpid()) return;
  state_->finish();
  Running::instance().remove(*state_);
}

Process::State& Process::state() const {
  if (!state_) throw std::logic_error("process object is closed");
  return *state_;
}

void Process::start() {
  state().check_owner("can only start a process object created by current process");
  if (state().started) throw std::logic_error("cannot start a process twice");
  check_may_have_children();
  Running::instance().start(state());
}

void Process::join() {
  join_until(os::Deadline::never());
}

bool Process::join_until(os::Deadline deadline) {
  state().check_owner("can only join a child process");
  if (!state().started) throw std::logic_error("can only join a started process");
  return state().wait_until(deadline);
}

bool Process::is_alive() const {
  state().check_owner("can only test a child process");
  return state().started && !state().settle();
}

std::optional<pid_t> Process::pid() const {
  if (!state().started) return std::nullopt;
  return state().child.pid();
}

std::optional<int> Process::exitcode() const {
  state().check_owner("can only test a child process");
  if (!state().started || !state().settle()) return std::nullopt;
  return state().exitcode;
}

void Process::close() {
  if (!state_) return;
  state().check_owner("can only close a child process");
  if (is_alive()) throw std::logic_error("cannot close a process while it is still running");
  Running::instance().remove(state());
  state_.reset();
}

void Process::terminate() {
  state().check_owner("can only terminate a child process");
  if (!state().started) throw std::logic_error("can only terminate a started process");
  state().signal(SIGTERM);
}

void Process::kill() {
  state().check_owner("can only kill a child process");
  if (!state().started) throw std::logic_error("can only kill a started process");
  state().signal(SIGKILL);
}

int Process::sentinel() const {
  state().check_owner("can only watch a child process");
  if (!state().started) throw std::logic_error("process not started");
  return state().sentinel();
}

const std::string& Process::name() const {
  return state().options.name;
}
void Process::set_name(std::string name) {
  state().options.name = std::move(name);
}
bool Process::daemon() const {
  return state().options.daemon;
}
void Process::set_daemon(bool daemon) {
  if (state().started) throw std::logic_error("process has already started");
  state().options.daemon = daemon;
}

const std::string& Process::current_name() {
  return self().name;
}

std::optional<ParentProcess> Process::parent() {
  if (self().pid != ::getpid()) return std::nullopt;
  return ParentProcess(self().parent_name, self().parent);
}

std::vector<pid_t> Process::active_children() {
  return Running::instance().pids();
}

}  // namespace ipc
