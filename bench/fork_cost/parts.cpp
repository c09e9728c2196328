// Where the time between a start and its reaping goes: return, first instruction, exit, reaping.
#include "bench/fork_cost/parts.hpp"

#include <linux/sched.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "bench/fork_cost/themes.hpp"
#include "ipc/backends.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/shared_mapping.hpp"

namespace bench::fork_cost {

namespace os = ipc::os;

namespace {

/// What the child does: the second reading holds its fault on the page that it writes to.
void read_clocks(Readings& readings) {
  readings.first = os::now_ns();
  readings.last = os::now_ns();
}

/// Starters whose child reads the clock; a program that is executed has no page to tell it in.
struct Fork {
  using Starter = ipc::ForkStarter;
  static Starter::Child start(Readings& readings) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      read_clocks(readings);
      ::_exit(0);
    }
    return Starter::Child(os::check(pid, "fork"));
  }
};

struct Vfork {
  using Starter = ipc::VforkStarter;
  static Starter::Child start(Readings& readings) {
    return Starter::Child(os::check(leave_at_once(readings), "vfork"));
  }
  /// A frame of its own: the child must not change what the parent goes on with.
  [[gnu::noinline]] static pid_t leave_at_once(Readings& readings) {
    const pid_t pid = ::vfork();
    if (pid == 0) {
      read_clocks(readings);
      ::_exit(0);
    }
    return pid;
  }
};

struct Clone3 {
  using Starter = ipc::Clone3Starter;
  static Starter::Child start(Readings& readings) {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
      read_clocks(readings);
      ::_exit(0);
    }
    os::check(pid, "clone3 CLONE_PIDFD");
    return Starter::Child(os::UniqueFd(pidfd));
  }
};

struct Thread {
  using Starter = ipc::ThreadStarter;
  static Starter::Child start(Readings& readings) {
    pthread_t thread{};
    const auto life = [](void* given) -> void* {
      read_clocks(*static_cast<Readings*>(given));
      return nullptr;
    };
    if (const int error = ::pthread_create(&thread, nullptr, life, &readings))
      os::throw_error(error, "pthread_create");
    return Starter::Child(thread);
  }
};

/// The parts of all samples, each a distribution.
struct Distributions {
  Histogram to_return, to_first, to_exit, to_reap;

  void record(const Parts& parts) {
    const auto add = [](Histogram& to, std::int64_t ns) {
      to.record(static_cast<std::uint64_t>(ns));
    };
    add(to_return, parts.to_return);
    add(to_first, parts.to_first);
    add(to_exit, parts.to_exit);
    add(to_reap, parts.to_reap);
  }
  void set_counters(Outcome& outcome) const {
    for (const auto& [part, all] :
         {std::pair{"return", &to_return}, std::pair{"first_instruction", &to_first},
          std::pair{"exit", &to_exit}, std::pair{"reap", &to_reap}}) {
      const std::string name = fmt::format("part_{}_ns", part);
      outcome.counters[name + "_p10"] = static_cast<double>(all->percentile(10));
      outcome.counters[name + "_p50"] = static_cast<double>(all->percentile(50));
      outcome.counters[name + "_mean"] = all->mean();
    }
  }
};

template <class Start>
Outcome timed_parts(const ParentMemory& memory, const Window& window, Placement placement) {
  const os::SharedObject<Readings> readings;
  const os::SharedObject<Distributions> distributions;
  Outcome outcome = alone(window, placement, "parent", [&](Peer& peer, Samples& samples) {
    static_cast<void>(memory.touch());
    Parts parts;
    peer.start();
    const auto start_and_reap = [&] {
      *readings = {};
      readings->called = os::now_ns();
      auto child = Start::start(*readings);
      readings->returned = os::now_ns();
      const os::ExitStatus status = child.reap();
      readings->reaped = os::now_ns();
      if (status != os::ExitStatus::from_code(0))
        throw std::runtime_error("child ended with " + status.to_string());
      parts = parts_of(*readings);
      return parts.whole();
    };
    sample_told(peer, samples, start_and_reap, [&] { distributions->record(parts); });
  });
  outcome.counters["memory_bytes"] = static_cast<double>(memory.bytes());
  distributions->set_counters(outcome);
  return outcome;
}

template <class Start>
void add(Matrix& matrix, std::span<const MemoryRow> rows) {
  using Starter = typename Start::Starter;
  const os::Unavailable unavailable = Starter::unavailable();
  for (const MemoryRow& row : rows) {
    Parameters parameters = row.memory.parameters();
    parameters.emplace_back("parts", "timed");
    matrix.add({std::string(kNoun), std::string(Starter::kName), parameters, row.is_quick(),
                row.setup, unavailable ? unavailable : row.memory.reason(),
                [row](const Window& window, Placement placement) {
                  return timed_parts<Start>(row.memory, patient(window, row.setup), placement);
                }},
               row.placements, kOneCpu);
  }
}

}  // namespace

void add_parts(Matrix& matrix) {
  // Only a child that is a copy has parts that grow with the parent.
  const auto rows = memory_rows(true, false);
  const std::span nothing_touched = std::span(rows).first(1);
  add<Fork>(matrix, rows);
  add<Vfork>(matrix, nothing_touched);
  add<Clone3>(matrix, nothing_touched);
  add<Thread>(matrix, nothing_touched);
}

}  // namespace bench::fork_cost
