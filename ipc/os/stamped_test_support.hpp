// For tests of reclaiming: a killed process that leaves one of each kind that carries a stamp.
#pragma once

#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "ipc/os/child.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/sysv.hpp"
#include "ipc/os/unique_fd.hpp"
#include "ipc/os/unique_name.hpp"

namespace ipc::test {

/// What a process owns now, living or dead, as the texts that reclaiming gives.
inline std::vector<std::string> stamped_names_of(pid_t owner) {
  std::vector<std::string> names = os::stamped_names();
  const std::string stamp = "/ipcmark." + std::to_string(owner) + ".";
  std::erase_if(names, [&](const auto& name) { return name.find(stamp) == std::string::npos; });
  for (const auto& object : os::sysv_objects())
    if (object.creator == owner) names.push_back(object.to_string());
  return names;
}

/// One of each, with a name.
inline void make_one_of_each() {
  const auto made = [](int fd, const char* call) { os::UniqueFd(os::check(fd, call)); };
  constexpr int kNew = O_CREAT | O_EXCL | O_RDWR;
  made(::shm_open(os::unique_name().c_str(), kNew, 0600), "shm_open");
  if (::sem_open(os::unique_name().c_str(), O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED)
    os::throw_errno("sem_open");
  made(::mq_open(os::unique_name().c_str(), kNew, 0600, nullptr), "mq_open");
  made(::open((os::temporary_folder() + os::unique_name()).c_str(), kNew, 0600), "open");
  const std::string folder = os::temporary_folder() + os::unique_name();
  os::check(::mkdir(folder.c_str(), 0700), "mkdir");
  os::check(::mkfifo((folder + "/fifo").c_str(), 0600), "mkfifo");
}
inline constexpr std::size_t kNamedKinds = 5;

struct Left {
  pid_t owner;
  std::vector<std::string> names;
};

/// Where a kind cannot be made here, the child says so and less is left.
inline Left leave_one_of_each() {
  auto owner = os::Child::fork([] {
    make_one_of_each();
    const os::SysvHandle queue(os::SysvKind::queue), semaphores(os::SysvKind::semaphores, 1),
        segment(os::SysvKind::segment, 100);
    return ::raise(SIGKILL);
  });
  owner.wait();
  return {owner.pid(), stamped_names_of(owner.pid())};
}
inline constexpr std::size_t kStampedKinds = kNamedKinds + 3;

}  // namespace ipc::test
