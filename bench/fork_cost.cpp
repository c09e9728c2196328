// Fork cost: starting and reaping one child, by starter and by the parent's memory; and lifecycle,
// what it costs to create an object of each kind and to destroy it.
#include "bench/binaries.hpp"
#include "bench/measure.hpp"
#include "ipc/backends.hpp"
#include "ipc/process/process.hpp"
#include "ipc/shared/array.hpp"

namespace bench {
namespace {

namespace os = ipc::os;

/// The parent, with its memory, doing one thing again and again.
template <class Operation>
Outcome in_parent(int memory_mib, const Window& window, Placement placement, Operation operation) {
  Outcome outcome = alone(window, placement, "parent", [&](Peer& peer, Samples& samples) {
    touched_memory(bytes_of(memory_mib));
    peer.start();
    sample(peer, samples, [&] {
      operation();
      peer.injected_delay();
    });
  });
  outcome.counters["memory_bytes"] = static_cast<double>(bytes_of(memory_mib));
  return outcome;
}

template <ipc::Starter S>
Outcome start_and_reap(int memory_mib, const Window& window, Placement placement) {
  return in_parent(memory_mib, window, placement, [code = 0]() mutable {
    code = (code + 1) & 0x7f;
    auto child = S::start(code);
    const os::ExitStatus status = child.reap();
    if (S::kHasStatus ? !status.exited() || status.code() != code : !status.is_unknown())
      throw std::runtime_error(
          fmt::format("child ended with {}, not {}", status.to_string(),
                      S::kHasStatus ? fmt::format("exit code {}", code) : "unknown status"));
  });
}

/// The typed Process: start() and join() of one that does nothing.
Outcome start_and_join(int memory_mib, const Window& window, Placement placement) {
  return in_parent(memory_mib, window, placement, [] {
    ipc::Process process([] {});
    process.start();
    process.join();
    if (process.exitcode() != 0) throw std::runtime_error("the process did not exit with 0");
  });
}

Bound bound_of(ipc::Makes made) {
  switch (made) {
    case ipc::Makes::borrower:
      return Bound::borrow;
    case ipc::Makes::thread:
      return Bound::thread;
    case ipc::Makes::copy:
      break;
  }
  return Bound::fork;
}

void add_starts(Matrix& matrix) {
  const auto add = [&](std::string backend, const os::Unavailable& unavailable, Bound bound,
                       auto run) {
    for (const int mib : kMemoriesMib) {
      const std::chrono::milliseconds setup(mib);  // touching costs about 1 ms a MiB
      matrix.add({"process",
                  backend,
                  {parameter("memory_mib", mib)},
                  mib == kQuickMemoryMib,
                  setup,
                  unavailable ? unavailable : memory_reason(mib),
                  [run, mib](const Window& window, Placement placement) {
                    return run(mib, window, placement);
                  },
                  bound},
                 kSolePlacements, kSolePlacements);
    }
  };
  ipc::Starters::for_each([&]<class S>(std::type_identity<S>) {
    add(std::string(S::kName), S::unavailable(), bound_of(ipc::makes<S>), &start_and_reap<S>);
  });
  add("process_object", std::nullopt, Bound::fork, &start_and_join);
}

/// Creates one object and destroys it.
template <class Create>
Outcome create_and_destroy(const Window& window, Placement placement, Create create) {
  return alone(window, placement, "owner", [&](Peer& peer, Samples& samples) {
    peer.start();
    sample(peer, samples, [&] { [[maybe_unused]] const auto object = create(); });
  });
}

template <class Backends, class Create>
void add_lifecycle(Matrix& matrix, const char* noun, Create create) {
  Backends::for_each([&]<class B>(std::type_identity<B> backend) {
    matrix.add({noun,
                std::string(B::kName),
                {},
                true,
                {},
                B::unavailable(),
                [create, backend](const Window& window, Placement placement) {
                  return create_and_destroy(window, placement, [&] { return create(backend); });
                }},
               kSolePlacements, kSolePlacements);
  });
}

void add_lifecycles(Matrix& matrix) {
  add_lifecycle<ipc::Pipes>(matrix, "pipe",
                            []<class P>(std::type_identity<P>) { return P::make({}); });
  add_lifecycle<ipc::Queues>(matrix, "queue", []<class Q>(std::type_identity<Q>) {
    return Q({8, 64});
  });
  add_lifecycle<ipc::SharedMemories>(matrix, "shared", []<class B>(std::type_identity<B>) {
    return ipc::Array<std::int64_t, B>(8);
  });
  add_lifecycle<ipc::Semaphores>(matrix, "semaphore",
                                 []<class S>(std::type_identity<S>) { return S(1); });
  add_lifecycle<ipc::Notifiers>(matrix, "notify",
                                []<class N>(std::type_identity<N>) { return N(); });
  add_lifecycle<ipc::Pools>(matrix, "pool",
                            []<class P>(std::type_identity<P>) { return P({.workers = 2}); });
}

}  // namespace

std::vector<Case> fork_cost_cases() {
  Matrix starts("fork_cost"), lifecycles("lifecycle");
  add_starts(starts);
  add_lifecycles(lifecycles);
  std::vector<Case> all = starts.cases();
  all.insert(all.end(), lifecycles.cases().begin(), lifecycles.cases().end());
  return all;
}

}  // namespace bench
