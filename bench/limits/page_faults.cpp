// Limits of the first touch of a page: private, shared, and huge.
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/limits/themes.hpp"
#include "bench/measure.hpp"
#include "bench/parent_memory.hpp"
#include "ipc/os/error.hpp"

namespace bench::limits {
namespace {

namespace os = ipc::os;

constexpr std::size_t kPagesAtATime = 256;

/// What one fault fills, and how the memory is mapped.
struct Kind {
  const char* name;
  int sharing;
  bool huge;
};
constexpr std::array kKinds{Kind{"anonymous", MAP_PRIVATE, false},
                            Kind{"shared", MAP_SHARED, false}, Kind{"huge", MAP_PRIVATE, true}};

std::size_t page_bytes(const Kind& kind) {
  static const auto base = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return kind.huge ? huge_page_bytes() : base;
}

/// Fresh pages, mapped again and again, that nobody has touched yet.
class Pages {
 public:
  explicit Pages(const Kind& kind)
      : kind_(kind), page_(page_bytes(kind)), count_(kind.huge ? 1 : kPagesAtATime) {}
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() { unmap(); }

  /// Gives how many there are.
  std::int64_t map() {
    check();
    unmap();
    const std::size_t bytes = (count_ + kind_.huge) * page_;  // a huge page has to be aligned
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kind_.sharing | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) os::throw_errno("mmap");
    mapped_ = {static_cast<std::byte*>(memory), bytes};
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    first_ = mapped_.data() + (page_ - address % page_) % page_;
    // EINVAL where the kernel has no huge pages, and so none to keep away.
    ::madvise(memory, bytes, kind_.huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    return static_cast<std::int64_t>(count_);
  }
  void touch(std::int64_t page) {
    *static_cast<volatile std::byte*>(first_ + static_cast<std::size_t>(page) * page_) =
        std::byte{1};
  }
  /// A huge page was touched at its beginning: its end has to be there too.
  void check() const {
    if (!kind_.huge || mapped_.empty()) return;
    const auto base = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    unsigned char resident = 0;
    os::check(::mincore(first_ + page_ - base, base, &resident), "mincore");
    if (!(resident & 1)) throw std::runtime_error("the kernel had no huge page to give");
  }

 private:
  void unmap() {
    if (!mapped_.empty()) ::munmap(mapped_.data(), mapped_.size());
    mapped_ = {};
  }

  Kind kind_;
  std::size_t page_;
  std::size_t count_;
  std::span<std::byte> mapped_;
  std::byte* first_ = nullptr;
};

/// Of both kinds: Linux 5.10 counts the first touch of a shared page as major.
std::int64_t faults_so_far() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  return use.ru_minflt + use.ru_majflt;
}

Outcome page_fault(const Kind& kind, const Window& window, Placement placement) {
  Outcome outcome = alone(window, placement, "toucher", [&](Peer& peer, Samples& samples) {
    Pages pages(kind);
    peer.start();
    const std::int64_t before = faults_so_far();
    const std::int64_t touched = sample_prepared(
        peer, samples, [&] { return pages.map(); }, [&](std::int64_t page) { pages.touch(page); });
    pages.check();
    if (const std::int64_t faults = faults_so_far() - before; faults < touched)
      throw std::runtime_error(fmt::format("{} pages touched, {} faults", touched, faults));
  });
  outcome.counters["page_bytes"] = static_cast<double>(page_bytes(kind));
  return outcome;
}

}  // namespace

void add_page_faults(Matrix& matrix) {
  for (const Kind& kind : kKinds)
    matrix.add({"page_fault",
                kind.name,
                {},
                true,
                {},
                kind.huge ? huge_pages_reason() : std::nullopt,
                [kind](const Window& window, Placement placement) {
                  return page_fault(kind, window, placement);
                }},
               kOneCpu, kOneCpu);
}

}  // namespace bench::limits
