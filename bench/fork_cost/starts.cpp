// Starting one child that ends at once, and reaping it: each starter, by the parent's memory.
#include "bench/fork_cost/themes.hpp"
#include "ipc/backends.hpp"
#include "ipc/process/process.hpp"

namespace bench::fork_cost {
namespace {

namespace os = ipc::os;

/// The parent, with its memory, doing one thing again and again.
template <class Operation>
Outcome in_parent(const ParentMemory& memory, const Window& window, Placement placement,
                  Operation operation) {
  Outcome outcome = alone(window, placement, "parent", [&](Peer& peer, Samples& samples) {
    static_cast<void>(memory.touch());
    peer.start();
    sample(peer, samples, [&] {
      operation();
      peer.injected_delay();
    });
  });
  outcome.counters["memory_bytes"] = static_cast<double>(memory.bytes());
  return outcome;
}

template <ipc::Starter S>
Outcome start_and_reap(const ParentMemory& memory, const Window& window, Placement placement) {
  Outcome outcome = in_parent(memory, window, placement, [code = 0]() mutable {
    code = (code + 1) & 0x7f;
    auto child = S::start(code);
    const os::ExitStatus status = child.reap();
    if (S::kHasStatus ? !status.exited() || status.code() != code : !status.is_unknown())
      throw std::runtime_error(
          fmt::format("child ended with {}, not {}", status.to_string(),
                      S::kHasStatus ? fmt::format("exit code {}", code) : "unknown status"));
  });
  outcome.all_use_known = S::kHasStatus;  // a child without a status was reaped by the kernel
  return outcome;
}

/// The typed Process: start() and join() of one that does nothing.
Outcome start_and_join(const ParentMemory& memory, const Window& window, Placement placement) {
  return in_parent(memory, window, placement, [] {
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

void add(Matrix& matrix, std::string_view backend, const os::Unavailable& unavailable, Bound bound,
         std::span<const MemoryRow> rows,
         Outcome (*run)(const ParentMemory&, const Window&, Placement)) {
  for (const MemoryRow& row : rows)
    matrix.add({std::string(kNoun), std::string(backend), row.memory.parameters(), row.is_quick(),
                row.setup, unavailable ? unavailable : row.memory.reason(),
                [run, row](const Window& window, Placement placement) {
                  return run(row.memory, patient(window, row.setup), placement);
                },
                bound},
               row.placements, row.placements);
}

}  // namespace

void add_starts(Matrix& matrix) {
  ipc::Starters::for_each([&]<class S>(std::type_identity<S>) {
    // One that copies the parent and one that does not stand for all where touching takes long.
    constexpr bool kLargest =
        std::same_as<S, ipc::ForkStarter> || std::same_as<S, ipc::SpawnStarter>;
    constexpr ipc::Makes kMakes = ipc::makes<S>;
    add(matrix, S::kName, S::unavailable(), bound_of(kMakes),
        memory_rows(kMakes == ipc::Makes::copy, kLargest), &start_and_reap<S>);
  });
  add(matrix, "process_object", std::nullopt, Bound::fork, memory_rows(true, false),
      &start_and_join);
}

}  // namespace bench::fork_cost
