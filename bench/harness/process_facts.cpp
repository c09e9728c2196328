// Facts of this process, which its children inherit.
#include <fmt/format.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "bench/harness/fact.hpp"
#include "bench/harness/machine_facts.hpp"
#include "ipc/os/cpu.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/unique_name.hpp"

extern char** environ;

namespace bench::facts {

using ipc::os::check;

Json container(const Root& root) {
  if (const auto kind = root.line_if_any("/run/systemd/container")) return *kind;
  if (root.has("/.dockerenv")) return "docker";
  if (root.has("/run/.containerenv")) return "podman";
  if (const char* kind = std::getenv("container")) return kind;
  return "none";
}

Json affinity() {
  Json ids = Json::array();
  for (const auto& cpu : ipc::os::allowed_cpus()) ids.push_back(cpu.id);
  return ids;
}

Json user_id() {
  return ::geteuid();
}

Json nice() {
  errno = 0;  // -1 is a niceness too
  const int value = ::getpriority(PRIO_PROCESS, 0);
  if (errno) ipc::os::throw_errno("getpriority");
  return value;
}

Json policy() {
  switch (check(::sched_getscheduler(0), "sched_getscheduler") & ~SCHED_RESET_ON_FORK) {
    case SCHED_OTHER:
      return "other";
    case SCHED_FIFO:
      return "fifo";
    case SCHED_RR:
      return "rr";
    case SCHED_BATCH:
      return "batch";
    case SCHED_IDLE:
      return "idle";
    default:
      return "another";
  }
}

Json personality() {
  constexpr unsigned long kAsk = 0xffffffff;
  return fmt::format("{:#x}", check(::personality(kAsk), "personality"));
}

Json timer_slack_ns() {
  return check(::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), "prctl PR_GET_TIMERSLACK");
}

Json argument_bytes() {
  return Root().text("/proc/self/cmdline").size();
}

Json environment_bytes() {
  std::size_t bytes = 0;
  for (char** entry = environ; entry && *entry; ++entry) bytes += std::strlen(*entry) + 1;
  return bytes;
}

Json shared_memory_free_bytes() {
  Root().need("/dev/shm");
  struct statvfs space {};
  check(::statvfs("/dev/shm", &space), "statvfs /dev/shm");
  return space.f_bavail * space.f_frsize;
}

Json mqueue() {
  const std::string name = ipc::os::unique_name();
  const mqd_t queue = ::mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, nullptr);
  if (queue == -1) return std::string("mq_open: ") + ::strerror(errno);
  ::mq_close(queue);
  ::mq_unlink(name.c_str());
  return "available";
}

Json limits_of(int resource) {
  rlimit limit{};
  check(::getrlimit(static_cast<__rlimit_resource>(resource), &limit), "getrlimit");
  const auto number = [](rlim_t value) { return value == RLIM_INFINITY ? Json(-1) : Json(value); };
  return Json::array({number(limit.rlim_cur), number(limit.rlim_max)});
}

}  // namespace bench::facts
