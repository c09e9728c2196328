#include "ipc/process/process.hpp"

#include <boost/intrusive/list.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/pipe_ends.hpp"
#include "ipc/process/daemonic.hpp"
#include "ipc/process/exit_word.hpp"
#include "ipc/process/process_state.hpp"
#include "ipc/process/start_parts.hpp"
#include "ipc/process/streams.hpp"

namespace ipc {

namespace {

/// What a process is, as a Process.
struct Identity {
  std::string name = "MainProcess";
  std::string path;  ///< "2:1" in the first child of the second child
  int children = 0;  ///< objects made so far, for their names
  bool daemon = false;
  pid_t pid = 0;  ///< 0, and no parent, in a process that no Process started
  pid_t parent = 0;
  std::string parent_name;
};

}  // namespace

/// The children of this process that were started and not destroyed, and what happens to them.
struct Process::Running {
  static Running& instance();

  /// At the end of this process: daemons are told first, so that they end side by side.
  static void finish_all() {
    Running& running = instance();
    if (running.owner != ::getpid()) return;
    const std::lock_guard inside(running.lock);
    for (State& state : running.states)
      if (state.options.daemon) state.signal(SIGTERM);
    for (State& state : running.states)
      if (state.options.daemon) state.finish();
    for (State& state : running.states) state.finish();
    while (!running.states.empty()) running.drop(running.states.front());
  }

  /// With the lock held, so that the child never finds it taken by a thread it does not have.
  void start(State& state) {
    const std::lock_guard inside(lock);
    if (!at_exit) at_exit = std::atexit(finish_all) == 0;
    reap(state.owner);
    state.exit_word = words.take();
    try {
      fork(state);
    } catch (...) {
      words.give_back(state.exit_word);
      throw;
    }
    states.push_back(state);
    state.is_listed = true;
  }

  void remove(State& state) {
    const std::lock_guard inside(lock);
    if (state.is_listed) drop(state);
  }

  std::vector<pid_t> pids() {
    const std::lock_guard inside(lock);
    reap(::getpid());
    std::vector<pid_t> all;
    for (const State& state : states) all.push_back(state.pid);
    return all;
  }

 private:
  void reap(pid_t self_pid) {
    if (owner != self_pid) forget(self_pid);
    for (auto next = states.begin(); next != states.end();) {
      State& state = *next++;
      if (state.settle()) drop(state);
    }
  }

  /// One that has ended.
  void drop(State& state) {
    states.erase(states.iterator_to(state));
    state.is_listed = false;
    words.give_back(state.exit_word);
  }

  /// In a child, whose children the parent's are not.
  void forget(pid_t self_pid) {
    states.clear();
    words = {};
    owner = self_pid;
  }

  void fork(State& state) {
    os::ignore_sigpipe();  // of a stream that is a broken pipe
    const Streams streams;
    streams.flush();
    prepare_child(state);
    os::PipeEnds life;  // where no pidfd can be had, the child's end of it ends with the child
    if (!os::has_pidfds()) [[unlikely]]
      life = life_pipe();
    const pid_t pid = os::check(::fork(), "fork");
    if (pid == 0) run_child(state, streams);
    state.watch = std::move(life.read);
    state.pid = pid;
    state.started = true;
  }

  /// Nothing when no descriptors are left: then there is no sentinel.
  static os::PipeEnds life_pipe() {
    try {
      auto life = os::PipeEnds::make();
      // With a standard stream closed it would stand in its place.
      if (life.write.get() <= STDERR_FILENO)
        life.write.reset(
            os::check(::fcntl(life.write.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1), "fcntl"));
      return life;
    } catch (const std::system_error&) {
      return {};
    }
  }

  static void prepare_child(const State& state);
  [[noreturn]] void run_child(State& state, const Streams& streams) noexcept;

  static int run_body(State& state) {
    try {
      return exit_code_of([&] { state.body->run(); });
    } catch (const std::exception& error) {
      std::fprintf(stderr, "Process %s: %s\n", current_name().c_str(), error.what());
    } catch (...) {
      std::fprintf(stderr, "Process %s: unknown exception\n", current_name().c_str());
    }
    return 1;
  }

  ForkLock lock;
  boost::intrusive::list<State, boost::intrusive::constant_time_size<false>> states;
  ExitWords words;
  pid_t owner = ::getpid();
  bool at_exit = false;
};

/// All that a start writes, in the parent and in the child, side by side: a page that is written
/// after a fork costs a fault and a copy, as much as ten system calls. Outlives every static
/// object.
struct alignas(4096) Process::Page {
  static Page& instance() {
    alignas(Page) static std::byte memory[sizeof(Page)];
    static Page& page = *new (memory) Page;
    return page;
  }

  [[nodiscard]] Identity& self() { return identities[now]; }
  /// What the next child will be: the child has no more to do than to change over.
  [[nodiscard]] Identity& next() { return identities[1 - now]; }

  std::mutex mutex;  ///< of the number of children
  std::size_t now = 0;
  std::array<Identity, 2> identities;
  Running running;
  Slots slots;
};

Process::Running& Process::Running::instance() {
  return Page::instance().running;
}

void Process::Running::prepare_child(const State& state) {
  const Identity& self = Page::instance().self();
  Identity& child = Page::instance().next();
  child.name = state.options.name;
  child.path = state.path;
  child.children = 0;
  child.daemon = state.options.daemon;
  child.parent = state.owner;
  child.parent_name = self.name;
}

void Process::Running::run_child(State& state, const Streams& streams) noexcept {
  Page& page = Page::instance();
  page.now = 1 - page.now;
  const pid_t pid = page.self().pid = ::getpid();
  forget(pid);
  lock.forget();
  if (state.options.daemon) os::die_with_parent(state.owner, SIGTERM);
  streams.close_input();
  const int code = run_body(state);
  finish_all();
  streams.flush();
  if (pid == ::getpid()) state.exit_word->say(code);  // not if the body forked and this is a copy
  ::_exit(code);
}

void* Process::Body::operator new(std::size_t bytes) {
  void* const slot = Page::instance().slots.take(bytes);
  return slot ? slot : ::operator new(bytes);
}
void Process::Body::operator delete(void* body, std::size_t bytes) {
  if (!Page::instance().slots.give_back(body)) ::operator delete(body, bytes);
}

void check_may_have_children() {
  if (Process::Page::instance().self().daemon)
    throw std::logic_error("daemonic processes are not allowed to have children");
}

void become_daemonic(std::string name) {
  Identity& self = Process::Page::instance().self();
  self.name = std::move(name);
  self.daemon = true;
}

Process::Process(ProcessOptions options, std::unique_ptr<Body> body) {
  Page& page = Page::instance();
  const std::lock_guard inside(page.mutex);
  Identity& self = page.self();
  std::string number = std::to_string(++self.children);
  std::string path = self.path.empty() ? number : self.path + ":" + number;
  if (options.name.empty()) options.name = "Process-" + path;
  options.daemon = options.daemon || self.daemon;
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
  return state().pid;
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
  return Page::instance().self().name;
}

std::optional<ParentProcess> Process::parent() {
  const Identity& self = Page::instance().self();
  if (self.pid != ::getpid()) return std::nullopt;
  return ParentProcess(self.parent_name, self.parent);
}

std::vector<pid_t> Process::active_children() {
  return Running::instance().pids();
}

}  // namespace ipc
