// Environments that lack something, each entered by a process for the rest of its life.
#pragma once

#include <boost/interprocess/exceptions.hpp>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc::test {

/// A way to be worse off. enter() throws std::system_error where this process may not.
struct Starvation {
  const char* name;
  void (*enter)();
};

/// The soft limit, which may be taken back.
inline void limit(__rlimit_resource what, rlim_t most, const char* call) {
  rlimit both{};
  os::check(::getrlimit(what, &both), call);
  both.rlim_cur = most;
  os::check(::setrlimit(what, &both), call);
}
/// As many descriptors as may be had.
inline void lift_descriptor_limit() {
  rlimit both{};
  os::check(::getrlimit(RLIMIT_NOFILE, &both), "getrlimit");
  limit(RLIMIT_NOFILE, both.rlim_max, "RLIMIT_NOFILE");
}

/// From here on this process's mounts are its own.
inline void unshare_mounts() {
  os::check(::unshare(CLONE_NEWNS), "unshare CLONE_NEWNS");
  os::check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount private");
}

/// Mounts a file system in memory of one page at that place, and fills it.
inline void fill_shared_memory() {
  unshare_mounts();
  os::check(::mount("tiny", "/dev/shm", "tmpfs", 0, "size=4k"), "mount tmpfs");
  const os::UniqueFd file(::open("/dev/shm/full", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  const std::array<char, 4096> page{};
  os::check(::write(file.get(), page.data(), page.size()), "write");
}

/// All that the library could write to.
inline void make_read_only() {
  unshare_mounts();
  for (const char* place : {"/tmp", "/dev/shm", "/"}) {
    // Where it is no mount point it becomes one.
    os::check(::mount(place, place, nullptr, MS_BIND, nullptr), "mount bind");
    os::check(::mount(nullptr, place, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
              "mount read-only");
  }
  // What was mounted over "/" is seen from there only.
  os::check(::chroot("/"), "chroot");
}

/// An ordinary user without privileges.
inline void become_nobody() {
  constexpr uid_t kNobody = 65534;
  os::check(::setgroups(0, nullptr), "setgroups");
  os::check(::setgid(kNobody), "setgid");
  os::check(::setuid(kNobody), "setuid");
  // As a program that the user starts is, but a process that changes its user is not.
  os::check(::prctl(PR_SET_DUMPABLE, 1), "PR_SET_DUMPABLE");
}

/// Answers these calls, and all from that number on, with the error (seccomp(2)).
inline void refuse_calls(unsigned error, const std::vector<unsigned>& calls, unsigned from = ~0U) {
#if defined(__x86_64__)
  constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
  constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
  constexpr unsigned kArchitecture = 0;
#endif
  if (kArchitecture == 0) os::throw_error(ENOTSUP, "seccomp filter of this architecture");
  const auto load = [](std::size_t at) {
    return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(at));
  };
  const auto jump = [](unsigned when, unsigned value, std::size_t yes, std::size_t no) {
    return sock_filter BPF_JUMP(BPF_JMP | when | BPF_K, value, static_cast<unsigned char>(yes),
                                static_cast<unsigned char>(no));
  };
  std::vector<sock_filter> program{load(offsetof(seccomp_data, arch)),
                                   jump(BPF_JEQ, kArchitecture, 0, calls.size() + 2),
                                   load(offsetof(seccomp_data, nr))};
  for (std::size_t i = 0; i < calls.size(); ++i)
    program.push_back(jump(BPF_JEQ, calls[i], calls.size() - i + 1, 0));
  program.push_back(jump(BPF_JGE, from, 1, 0));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  os::check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  os::check(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "PR_SET_SECCOMP");
}

/// Answers the calls that make System V objects with that error.
inline void forbid_sysv(unsigned error) {
  refuse_calls(error, {SYS_msgget, SYS_semget, SYS_shmget});
}

/// Linux 5.1 gave all architectures the same numbers for its new calls, from this one on.
inline constexpr unsigned kFirstCallAfter4_19 = 424;

/// UBSan does so while it still can.
template <class Error>
void look_at(const Error& thrown) {
  try {
    throw thrown;
  } catch (const std::system_error& error) {
    (void)error.code().value();
    (void)error.what();
  } catch (const boost::interprocess::interprocess_exception& error) {
    (void)error.get_native_error();
    (void)error.what();
  }
}

inline void forbid_descriptors() {
  look_at(std::system_error(EMFILE, std::system_category(), "an error"));
  look_at(boost::interprocess::interprocess_exception("another"));
  const os::UniqueFd next(::dup(STDERR_FILENO));
  limit(RLIMIT_NOFILE, static_cast<rlim_t>(next.get()), "RLIMIT_NOFILE");
}

inline constexpr Starvation kPlain{"as it is", [] {}};
inline constexpr Starvation kNoSharedMemory{"no space in /dev/shm", fill_shared_memory};
inline constexpr Starvation kFewDescriptors{"RLIMIT_NOFILE 16",
                                            [] { limit(RLIMIT_NOFILE, 16, "RLIMIT_NOFILE"); }};
inline constexpr Starvation kNoDescriptors{"no descriptor left", forbid_descriptors};
inline constexpr Starvation kNoProcesses{"RLIMIT_NPROC reached", [] {
                                           become_nobody();
                                           limit(RLIMIT_NPROC, 0, "RLIMIT_NPROC");
                                         }};
inline constexpr Starvation kNoMessageQueues{"RLIMIT_MSGQUEUE 0",
                                             [] { limit(RLIMIT_MSGQUEUE, 0, "RLIMIT_MSGQUEUE"); }};
inline constexpr Starvation kSysvMissing{"no System V (ENOSYS)", [] { forbid_sysv(ENOSYS); }};
inline constexpr Starvation kSysvForbidden{"no System V (EPERM)", [] { forbid_sysv(EPERM); }};
inline constexpr Starvation kOldKernel{"the calls of Linux 4.19",
                                       [] { refuse_calls(ENOSYS, {}, kFirstCallAfter4_19); }};
inline constexpr Starvation kOneCpu{"one CPU", [] { os::pin({os::allowed_cpus().front().id}); }};
inline constexpr Starvation kReadOnly{"read-only file systems", make_read_only};
inline constexpr Starvation kNobody{"unprivileged user", become_nobody};

}  // namespace ipc::test
