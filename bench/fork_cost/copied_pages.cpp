// A child that writes to pages it shares with its parent: the price of copy-on-write, a page.
#include <sys/resource.h>
#include <unistd.h>

#include "bench/fork_cost/themes.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/process/pid_child.hpp"

namespace bench::fork_cost {
namespace {

namespace os = ipc::os;

constexpr std::array kTouchedPages{0, 1, 64, 1024, 16384};
constexpr int kMemoryMib = 128;
constexpr std::byte kParents{1}, kChilds{2};

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

std::int64_t faults_so_far() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  return use.ru_minflt;
}

/// What a child says of its writing, on its own clock; in memory that it shares with its parent.
struct Told {
  std::int64_t ns = -1;
  std::int64_t faults = 0;
};

/// The child's life: a write to each page.
[[noreturn]] void write_to(std::span<std::byte> pages, Told& told) {
  const std::int64_t faults = faults_so_far();
  const std::int64_t from = os::now_ns();
  for (std::size_t at = 0; at < pages.size(); at += page_bytes())
    static_cast<volatile std::byte&>(pages[at]) = kChilds;
  const std::int64_t ns = os::now_ns() - from;
  told = {ns, faults_so_far() - faults};
  ::_exit(0);
}

/// Throws unless every page was copied by a fault of its own, and none for the parent. A kernel
/// that copies a huge page whole has a fault for it all.
void prove(std::span<const std::byte> pages, const Told& told, PageKind kind) {
  const std::size_t a_fault = kind == PageKind::huge ? huge_page_bytes() : page_bytes();
  const auto least = static_cast<std::int64_t>((pages.size() + a_fault - 1) / a_fault);
  if (told.ns < 0) throw std::runtime_error("the child did not tell how long its writes took");
  if (told.faults < least)
    throw std::runtime_error(fmt::format("{} pages written to, {} faults", least, told.faults));
  if (!pages.empty() && pages.front() != kParents)
    throw std::runtime_error("the child's writes reached its parent");
}

/// The sums over the children that count.
struct Copies {
  Histogram ns;
  Histogram faults;
};

void set_counters(Outcome& outcome, const Copies& copies, int pages) {
  outcome.counters["touched_pages"] = pages;
  if (pages == 0) return;
  outcome.counters["cow_ns_per_page"] = static_cast<double>(copies.ns.percentile(50)) / pages;
  outcome.counters["cow_ns_per_page_p10"] = static_cast<double>(copies.ns.percentile(10)) / pages;
  outcome.counters["cow_faults_per_page"] = copies.faults.mean() / pages;
}

Outcome copy_pages(const ParentMemory& memory, int pages, const Window& window,
                   Placement placement) {
  const os::SharedObject<Told> told;
  const os::SharedObject<Copies> copies;
  Outcome outcome = alone(window, placement, "parent", [&](Peer& peer, Samples& samples) {
    const auto touched = memory.touch().first(static_cast<std::size_t>(pages) * page_bytes());
    peer.start();
    const auto start_and_reap = [&] {
      *told = {};
      const std::int64_t from = os::now_ns();
      const pid_t pid = ::fork();
      if (pid == 0) write_to(touched, *told);
      ipc::PidChild child(os::check(pid, "fork"));
      if (child.reap() != os::ExitStatus::from_code(0))
        throw std::runtime_error("the child did not exit with 0");
      const std::int64_t ns = os::now_ns() - from;
      prove(touched, *told, memory.pages);
      return ns;
    };
    sample_told(peer, samples, start_and_reap, [&] {
      copies->ns.record(static_cast<std::uint64_t>(told->ns));
      copies->faults.record(static_cast<std::uint64_t>(told->faults));
    });
  });
  outcome.counters["memory_bytes"] = static_cast<double>(memory.bytes());
  set_counters(outcome, *copies, pages);
  return outcome;
}

os::Unavailable reason(const ParentMemory& memory, int pages) {
  if (static_cast<std::size_t>(pages) * page_bytes() > memory.bytes())
    return fmt::format("{} MiB have fewer than {} pages of {} bytes", memory.mib, pages,
                       page_bytes());
  return memory.reason();
}

}  // namespace

void add_copied_pages(Matrix& matrix) {
  for (const PageKind kind : {PageKind::base, PageKind::huge})
    for (const int pages : kTouchedPages) {
      const ParentMemory memory{kMemoryMib, kind};
      const auto setup =
          memory.setup() + std::chrono::milliseconds(pages / 30);  // as they are copied
      Parameters parameters = memory.parameters();
      parameters.push_back(parameter("touched_pages", pages));
      matrix.add({std::string(kNoun), "fork", parameters, false, setup, reason(memory, pages),
                  [memory, pages, setup](const Window& window, Placement placement) {
                    return copy_pages(memory, pages, patient(window, setup), placement);
                  },
                  Bound::fork},
                 kOneCpu, kNever);
    }
}

}  // namespace bench::fork_cost
