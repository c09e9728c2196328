// The process that a program uses: runs a function in a child of its own.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ipc/os/clock.hpp"
#include "ipc/process/exit.hpp"
#include "ipc/process/parent.hpp"

namespace ipc {

struct ProcessOptions {
  std::string name = {};  ///< empty: "Process-1", "Process-2", ...; in a child "Process-2:1", ...
  bool daemon = false;    ///< is ended with its parent, and may not have children
};

/// What can run with copies of these arguments.
template <class F, class... Args>
concept CallableWith = std::invocable<std::decay_t<F>, std::decay_t<Args>...>;

/// A function that runs in a forked child. Function and arguments are copied or moved in, as by
/// std::thread; what refers to the parent's memory (std::ref) means the child's copy of it.
///
/// In the child, standard input is /dev/null. Its exit code is 0 when the function returned, what
/// ipc::exit() was given, or 1 for any other exception, whose text goes to stderr. Then it joins
/// its own children, flushes its output and leaves through _exit: no destructor, atexit handler or
/// stack of the parent's runs in it.
///
/// Destroying the object joins a child that still runs, and ends one that is a daemon: SIGTERM, and
/// SIGKILL 2 s later. The parent's exit, or its return from main, does the same to those left; when
/// the parent dies otherwise, or the thread that started them ends, daemons get SIGTERM.
///
/// Misuse throws std::logic_error, also use in another process than the one that made the object,
/// or of one that is closed or moved from, which can be destroyed and assigned to. Several threads
/// may use one object.
class Process {
 public:
  template <class... Args, CallableWith<Args...> F>
  explicit Process(F&& function, Args&&... arguments)
      : Process(ProcessOptions{}, std::forward<F>(function), std::forward<Args>(arguments)...) {}

  template <class... Args, CallableWith<Args...> F>
  Process(ProcessOptions options, F&& function, Args&&... arguments)
      : Process(std::move(options),
                bind(std::forward<F>(function), std::forward<Args>(arguments)...)) {}

  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  ~Process();

  /// Forks. Throws std::system_error when there can be no more processes.
  void start();
  /// Blocks until the child ended. Afterwards it is reaped.
  void join();
  /// False when it still runs after that time; zero or less looks once.
  template <class Rep, class Period>
  bool join_for(std::chrono::duration<Rep, Period> wait) {
    return join_until(os::Deadline::after(wait));
  }
  bool join_until(os::Deadline deadline);

  /// False before the start and after the end.
  [[nodiscard]] bool is_alive() const;
  /// Nothing before the start.
  [[nodiscard]] std::optional<pid_t> pid() const;
  /// How it ended: the exit code, or minus the signal that killed it. Nothing before that; nor, in
  /// the end, when it was killed and somebody else's wait() took the status, which only exit codes
  /// survive.
  [[nodiscard]] std::optional<int> exitcode() const;

  /// Gives up what the object holds; only while no child of it runs. A second close is harmless.
  void close();

  /// Sends SIGTERM, or SIGKILL; nothing once it ended.
  void terminate();
  void kill();

  /// A descriptor that polls readable once the child ended; it stays this object's. Throws
  /// std::system_error when there are no more of them. Before Linux 5.3 children of the child hold
  /// it up as long as they live.
  [[nodiscard]] int sentinel() const;

  [[nodiscard]] const std::string& name() const;
  void set_name(std::string name);
  [[nodiscard]] bool daemon() const;
  /// Before the start only. An object that a daemon made is one from the beginning.
  void set_daemon(bool daemon);

  /// The name of the process that calls: "MainProcess", unless it is the child of a Process.
  static const std::string& current_name();
  /// The process that started the one that calls; nothing in one that no Process started.
  static std::optional<ParentProcess> parent();
  /// The children of the calling process that still run, by pid, as far as objects started them.
  /// Reaps those that have ended.
  static std::vector<pid_t> active_children();

 private:
  struct Body {
    virtual ~Body() = default;
    virtual void run() = 0;
    // A small one lies where a start writes anyway.
    static void* operator new(std::size_t bytes);
    static void operator delete(void* body, std::size_t bytes);
    static void* operator new(std::size_t bytes, std::align_val_t alignment) {
      return ::operator new(bytes, alignment);
    }
    static void operator delete(void* body, std::size_t bytes, std::align_val_t alignment) {
      ::operator delete(body, bytes, alignment);
    }
  };
  struct State;
  struct Running;
  struct Page;
  friend void check_may_have_children();
  friend void become_daemonic(std::string name);
  [[nodiscard]] State& state() const;

  template <class F, class... Args>
  static std::unique_ptr<Body> bind(F&& function, Args&&... arguments) {
    using Call = std::tuple<std::decay_t<F>, std::decay_t<Args>...>;
    struct Bound : Body {
      explicit Bound(Call&& given) : call(std::move(given)) {}
      void run() override {
        std::apply([](auto&... all) { (void)std::invoke(std::move(all)...); }, call);
      }
      Call call;
    };
    return std::make_unique<Bound>(
        Call(std::forward<F>(function), std::forward<Args>(arguments)...));
  }
  Process(ProcessOptions options, std::unique_ptr<Body> body);

  std::unique_ptr<State> state_;
};

}  // namespace ipc
