// What every test of the library shares: no leaks, no hangs, one name a backend.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <set>
#include <string>

#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/sysv.hpp"
#include "ipc/os/unique_name.hpp"

namespace ipc::test {

/// Fails a test that leaves a descriptor, a file in /dev/shm, a System V object or a child behind,
/// and kills one that hangs.
class LeavesNothing : public testing::Test {
 protected:
  void SetUp() override {
    ::alarm(kHangSeconds);
    descriptors_ = count("/proc/self/fd");
    shared_memory_ = shared_memory();
  }
  void TearDown() override {
    EXPECT_EQ(count("/proc/self/fd"), descriptors_) << "descriptors left open";
    EXPECT_EQ(shared_memory(), shared_memory_) << "files left in /dev/shm";
    for (const auto& object : os::sysv_objects())
      EXPECT_NE(object.creator, ::getpid()) << object.to_string() << " left";
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "children left behind";
    ::alarm(0);
  }

 private:
  static constexpr unsigned kHangSeconds = 120;

  static long count(const char* folder) {
    std::error_code none;
    return std::distance(std::filesystem::directory_iterator(folder, none), {});
  }
  /// The library's files there that are this process's or a dead one's: other tests run side by
  /// side.
  static std::set<std::string> shared_memory() {
    std::set<std::string> names;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", none)) {
      const std::string file = entry.path().filename();
      const auto stamp = file.find("ipcmark.");
      const bool is_mine = file.find("ipcmark." + std::to_string(::getpid()) + ".") == stamp;
      if (stamp != std::string::npos && (is_mine || os::is_orphaned_name(file.substr(stamp))))
        names.insert(file);
    }
    return names;
  }
  long descriptors_ = 0;
  std::set<std::string> shared_memory_;
};

/// Fixture of a conformance suite: skips, with its reason, a backend that does not work here.
template <class B>
class Conformance : public LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    if (const auto reason = B::unavailable()) GTEST_SKIP() << B::kName << ": " << *reason;
  }
};

/// Names a typed test after its backend.
struct BackendName {
  template <class B>
  static std::string GetName(int) {
    return std::string(B::kName);
  }
};

/// Runs `body` in a child and gives how it ended; true from the body is exit code 0.
inline os::ExitStatus in_child(const std::function<bool()>& body) {
  return os::Child::fork([&] { return body() ? 0 : 1; }).wait();
}
inline const os::ExitStatus kSuccess = os::ExitStatus::from_code(0);

/// The same, running beside the caller: wait() on it and compare with kSuccess.
inline os::Child beside(const std::function<bool()>& body) {
  return os::Child::fork([body] { return body() ? 0 : 1; });
}

/// Whether a killed process left a System V object; removes it as os::reclaim_orphaned_names()
/// does.
inline bool leaves_until_reclaimed(pid_t creator) {
  const auto count = [&] {
    return std::ranges::count(os::sysv_objects(), creator, &os::SysvObject::creator);
  };
  const bool left = count() > 0;
  os::reclaim_orphaned_names();
  EXPECT_EQ(count(), 0) << "not reclaimed";
  return left;
}

/// The error number of the std::system_error that the call throws, 0 when it throws none.
template <class Call>
int error_of(Call call) {
  try {
    call();
  } catch (const std::system_error& error) {
    return error.code().value();
  }
  return 0;
}

/// Lets this process, a child for the purpose, have no children until allow_children(); false when
/// it has a privilege that cannot be given up.
inline bool forbid_children() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NPROC, &limit);
  limit.rlim_cur = 0;
  constexpr uid_t kNobody = 65534;
  if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) return false;
  if (::setrlimit(RLIMIT_NPROC, &limit) != 0) return false;
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  if (pid > 0) ::waitpid(pid, nullptr, 0);
  return pid == -1;
}
inline void allow_children() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NPROC, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NPROC, &limit);
}

/// How many descriptors a program that this process executes finds open, as its exit code.
inline os::ExitStatus descriptors_of_a_program() {
  return in_child([] {
    return ::execl("/bin/sh", "sh", "-c", "exit $(ls /proc/self/fd | wc -l)", nullptr) == 0;
  });
}

}  // namespace ipc::test
