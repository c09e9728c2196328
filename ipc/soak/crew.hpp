// The processes that use one object, are killed one after another, and are watched while they live.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ipc/os/child.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/soak/tally.hpp"

namespace ipc::soak {

/// A place in the crew, which one process after another fills; in shared memory.
struct alignas(64) Badge {
  std::atomic<std::int64_t> waits_since_ns{0};  ///< 0 while it does not wait
  std::atomic<std::int64_t> longest_wait_ns{0};
  std::atomic<long> operations{0};
  std::atomic<std::uint32_t> life{0};    ///< how many have filled the place
  std::atomic<std::uint32_t> doomed{0};  ///< the last life that was picked to be killed
  std::atomic<int> state{0};             ///< of the line's own meaning
  std::uint32_t place = 0;

  /// Runs a call that may block, and measures it.
  template <class Call>
  decltype(auto) wait(Call call) {
    const Waiting waiting(*this);
    return call();
  }

  /// Who it is, as a word that nobody else has, and never 0.
  [[nodiscard]] std::uint64_t identity() const {
    return std::uint64_t{place} << 32 | life.load(std::memory_order_relaxed);
  }

 private:
  class Waiting {
   public:
    explicit Waiting(Badge& badge) : badge_(badge), begin_(os::now_ns()) {
      badge_.waits_since_ns = begin_;
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
      badge_.waits_since_ns = 0;
      const std::int64_t waited = os::now_ns() - begin_;
      if (waited > badge_.longest_wait_ns) badge_.longest_wait_ns = waited;
    }

   private:
    Badge& badge_;
    std::int64_t begin_;
  };
};

/// Used by the process that made it, all of whose children its members are.
class Crew {
 public:
  static constexpr std::size_t kMost = 32;
  using Work = std::function<void(Badge&)>;

  explicit Crew(Line& line) : line_(line) {}

  /// Starts one; it does its work until stopping(). Gives its place.
  std::size_t add(std::string name, Work work);
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] Badge& badge(std::size_t place) { return shared_->badges.at(place); }
  [[nodiscard]] pid_t pid(std::size_t place) const { return members_.at(place).child.pid(); }
  [[nodiscard]] bool stopping() const { return shared_->stopping; }
  /// Whether that process was picked to be killed, dead yet or not.
  [[nodiscard]] bool is_doomed(std::uint64_t identity);

  /// Kills any one at a random moment, up to that long from now; gives its place, which is empty.
  std::size_t kill_one(std::chrono::microseconds within);
  /// Puts a new one in an empty place.
  void restart(std::size_t place);
  /// Throws Violation when one hangs, has ended by itself, or has found something.
  void watch();
  /// Lets all end by themselves, as stopping() is true, and adds up what they did; throws as
  /// watch(). `nudge` is called meanwhile, for those that wait for something that no one else does.
  void finish(const std::function<void()>& nudge = [] {});

 private:
  struct Member {
    std::string name;
    Work work;
    os::Child child;
  };
  struct Shared {
    std::array<Badge, kMost> badges;
    std::atomic<bool> stopping{false};
  };

  [[nodiscard]] std::string name_of(std::size_t place) const;
  int live(Badge& badge, const Member& member);
  void require_no_hang(std::size_t place);

  Line& line_;
  os::SharedObject<Shared> shared_;
  std::vector<Member> members_;
};

}  // namespace ipc::soak
