// Where a child leaves its exit code for its parent, whoever else takes its status.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace ipc {

/// A word that a parent shares with one child. Only the child says its code, once, at its end; one
/// that is killed leaves nothing.
class ExitWord {
 public:
  void say(int code) { word_.store(kSaid | static_cast<std::uint32_t>(code)); }
  [[nodiscard]] std::optional<int> said() const {
    const std::uint64_t word = word_.load();
    if (!(word & kSaid)) return std::nullopt;
    return static_cast<int>(word & ~kSaid);
  }

 private:
  friend class ExitWords;
  static constexpr std::uint64_t kSaid = std::uint64_t{1} << 32;

  std::atomic<std::uint64_t> word_{0};  ///< of a spare one the address of the next spare one
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// The words that one process has for its children: pages of them, kept to its end, so that a child
/// costs no descriptor and no mapping. The spare ones are listed in the shared memory too, which
/// unlike the parent's own is not copied page by page when it is written after a fork. Its caller
/// sees to it that one thread at a time uses it, and a forked child begins with a new one.
class ExitWords {
 public:
  /// One that says nothing. Throws std::system_error when there is no memory.
  ExitWord* take();
  /// Of a child that has ended.
  void give_back(ExitWord* word);

 private:
  void add_page();

  ExitWord* spare_ = nullptr;
};

}  // namespace ipc
