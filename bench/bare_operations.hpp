// The bare system calls and instructions that some of our operations come down to, with nothing of
// the library or the harness in between.
#pragma once

#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace bench::bare {

[[noreturn]] inline void fail(const char* call) {
  throw std::system_error(errno, std::system_category(), call);
}

/// A page that all forked processes share; zero at first, and never given back.
inline void* shared_page() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) fail("mmap");
  return page;
}

/// 64 bytes there and back through two pipes. One process keeps() an end and the other one the
/// other.
class PipePair {
 public:
  PipePair() {
    if (::pipe(there_) != 0) fail("pipe");
    if (::pipe(back_) != 0) {
      const int error = errno;
      for (const int end : there_) ::close(end);
      errno = error;
      fail("pipe");
    }
  }
  PipePair(const PipePair&) = delete;
  PipePair& operator=(const PipePair&) = delete;
  ~PipePair() {
    for (const int end : {there_[0], there_[1], back_[0], back_[1]})
      if (end >= 0) ::close(end);
  }

  void keep_first() { close(there_[0]), close(back_[1]); }
  void keep_second() { close(there_[1]), close(back_[0]); }
  /// Ends the other one's answers: it gets a message that is none. A third process may hold both
  /// ends.
  void end() { is_whole_ &= ::write(there_[1], message_.data(), 1) == 1; }

  void round_trip() {
    is_whole_ &= ::write(there_[1], message_.data(), message_.size()) == kBytes;
    is_whole_ &= ::read(back_[0], message_.data(), message_.size()) == kBytes;
  }
  /// Whether every call moved all of a message.
  [[nodiscard]] bool is_whole() const { return is_whole_; }

  /// Until end().
  void answer() {
    while (::read(there_[0], message_.data(), message_.size()) == kBytes)
      if (::write(back_[1], message_.data(), message_.size()) != kBytes) break;
  }

 private:
  static constexpr ssize_t kBytes = 64;

  static void close(int& end) {
    ::close(end);
    end = -1;
  }

  int there_[2];
  int back_[2];
  std::array<char, kBytes> message_{};
  bool is_whole_ = true;
};

/// An uncontended POSIX semaphore around a plain counter.
class SemaphorePair {
 public:
  SemaphorePair()
      : semaphore_(static_cast<sem_t*>(shared_page())),
        counter_(reinterpret_cast<volatile std::int64_t*>(semaphore_) + 128) {
    ::sem_init(semaphore_, 1, 1);
  }
  void take_and_give() {
    ::sem_wait(semaphore_);
    *counter_ = *counter_ + 1;
    ::sem_post(semaphore_);
  }

 private:
  sem_t* semaphore_;
  volatile std::int64_t* counter_;
};

/// A number in shared memory.
class Value {
 public:
  void load() { seen_ |= *cell_; }
  /// Whether it was always the 0 that it is.
  [[nodiscard]] bool is_right() const { return seen_ == 0; }

 private:
  const volatile std::int64_t* cell_ = static_cast<const volatile std::int64_t*>(shared_page());
  std::int64_t seen_ = 0;
};

}  // namespace bench::bare
