// Limits of handing over a turn: cache lines between peers that spin, a futex between peers that
// sleep, and the switch between two processes of one CPU.
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "bench/limits/themes.hpp"
#include "bench/measure.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/shared_mapping.hpp"

namespace bench::limits {
namespace {

namespace os = ipc::os;

using Word = std::atomic<std::uint32_t>;

/// Of more CPUs than these, so many evenly spaced ones are paired; quick pairs only a machine's
/// that has few.
constexpr std::size_t kMostPairedCpus = 16;
constexpr std::size_t kQuickPairedCpus = 4;

/// The words lie two lines apart, since processors fetch lines in pairs.
struct Turns {
  alignas(128) Word there{0};
  alignas(128) Word back{0};
  alignas(128) std::int64_t given = 0;
  std::int64_t answered = 0;
};

/// Hands numbers over and gets the next ones back, through two words or through one and the same.
/// `wake` is called after a word was changed, `wait` as long as one still holds what it held.
template <class Wake, class Wait>
Outcome hand_over(const Window& window, const PeerCpus& cpus, std::size_t words, Wake wake,
                  Wait wait) {
  const os::SharedObject<Turns> turns;
  Word& there = turns->there;
  Word& back = words == 1 ? turns->there : turns->back;
  const auto give = [wake](Word& word, std::uint32_t number) {
    word.store(number, std::memory_order_release);
    wake(word);
  };
  const auto take = [](auto waiting, Word& word, std::uint32_t number) {
    for (std::uint32_t seen; (seen = word.load(std::memory_order_acquire)) != number;)
      waiting(word, seen);
  };
  const auto initiator = [&](Peer& peer, Samples& samples) {
    std::uint32_t number = 0;
    std::int64_t given = 0;
    peer.start();
    sample(peer, samples, [&, give, take] {
      give(there, ++number);
      take(wait, back, ++number);
      ++given;
    });
    turns->given = given;
    peer.stop();
    give(there, ++number);
  };
  const auto echo = [&](Peer& peer) {
    std::uint32_t number = 0;
    peer.start();
    for (std::int64_t answered = 0;; ++answered) {
      take(wait, there, ++number);
      if (peer.stopped()) {
        turns->answered = answered;
        return;
      }
      give(back, ++number);
    }
  };
  Outcome outcome = round_trips(window, cpus, initiator, echo);
  if (turns->given != turns->answered)
    throw CaseFailed(fmt::format("{} turns given, {} answered", turns->given, turns->answered));
  return outcome;
}

constexpr auto kNoWake = [](Word&) {};

/// Looks again at once. A peer that has not answered after so many looks, 100 round trips or more,
/// is not running: only then others may.
template <class Look>
Outcome spinning(const Window& window, const PeerCpus& cpus, std::size_t lines, Look look) {
  constexpr std::uint32_t kLooksOfARunningPeer = 1 << 14;
  return hand_over(window, cpus, lines, kNoWake,
                   [look, looks = std::uint32_t{0}](Word&, std::uint32_t) mutable {
                     look();
                     if (++looks % kLooksOfARunningPeer == 0) ::sched_yield();
                   });
}

Outcome spin(const Window& window, const PeerCpus& cpus, std::size_t lines) {
  return spinning(window, cpus, lines, [] {});
}

Outcome spin_pause(const Window& window, const PeerCpus& cpus, std::size_t lines) {
  return spinning(window, cpus, lines, [] { os::relax(); });
}

Outcome yield(const Window& window, Placement placement) {
  return hand_over(window, cpus_of(placement, 2), 1, kNoWake,
                   [](Word&, std::uint32_t) { ::sched_yield(); });
}

void futex(Word& word, int operation, std::uint32_t value) {
  // A wait that finds the word changed, or that a signal ends, looks at it again.
  if (::syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0) == -1 && errno != EAGAIN &&
      errno != EINTR)
    os::throw_errno("futex");
}

Outcome wake_up(const Window& window, const PeerCpus& cpus) {
  return hand_over(
      window, cpus, 1, [](Word& word) { futex(word, FUTEX_WAKE, 1); },
      [](Word& word, std::uint32_t seen) { futex(word, FUTEX_WAIT, seen); });
}

void add_lines(Matrix& matrix) {
  constexpr std::array kApart{Placement::smt_sibling, Placement::cross_core,
                              Placement::cross_socket};
  constexpr std::array kMaybeTogether{Placement::same_core, Placement::unpinned};
  for (const auto& [backend, run] :
       {std::pair{kLineLimit.backend, &spin}, std::pair{"spin_pause", &spin_pause}})
    for (const int lines : {1, 2}) {
      Matrix::Row row{kLineLimit.noun,
                      backend,
                      {parameter("lines", lines)},
                      true,
                      {},
                      {},
                      [run = run, lines](const Window& window, Placement placement) {
                        return run(window, cpus_of(placement, 2), static_cast<std::size_t>(lines));
                      },
                      Bound::none,
                      backend == kLineLimit.backend && lines == 1};
      matrix.add(row, kApart, kQuickPlacements);
      row.reason = "two that spin on one CPU cannot take turns: each waits out its time slice";
      matrix.add(row, kMaybeTogether, {});
    }
}

void add_wakes(Matrix& matrix) {
  matrix.add({kWakeLimit.noun,
              kWakeLimit.backend,
              {},
              true,
              {},
              {},
              [](const Window& window, Placement placement) {
                return wake_up(window, cpus_of(placement, 2));
              }},
             kPlacements, kQuickPlacements);
  matrix.add({kSwitchLimit.noun, kSwitchLimit.backend, {}, true, {}, {}, &yield}, kOneCpu, kOneCpu);
}

std::vector<int> paired_cpus() {
  const auto cpus = machine();
  const std::size_t count = std::min(cpus.size(), kMostPairedCpus);
  std::vector<int> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(cpus[i * cpus.size() / count].id);
  return ids;
}

void add_pairs(Matrix& matrix) {
  const std::vector<int> ids = paired_cpus();
  const bool quick = machine().size() <= kQuickPairedCpus;
  for (std::size_t i = 0; i < ids.size(); ++i)
    for (std::size_t j = i + 1; j < ids.size(); ++j) {
      const PeerCpus cpus{{ids[i]}, {ids[j]}};
      matrix.add_pair({kLineLimit.noun,
                       kLineLimit.backend,
                       {parameter("lines", 1)},
                       quick,
                       {},
                       {},
                       [cpus](const Window& window, Placement) { return spin(window, cpus, 1); }},
                      ids[i], ids[j]);
      matrix.add_pair({kWakeLimit.noun,
                       kWakeLimit.backend,
                       {},
                       quick,
                       {},
                       {},
                       [cpus](const Window& window, Placement) { return wake_up(window, cpus); }},
                      ids[i], ids[j]);
    }
}

}  // namespace

void add_turns(Matrix& matrix) {
  add_lines(matrix);
  add_wakes(matrix);
  add_pairs(matrix);
}

}  // namespace bench::limits
