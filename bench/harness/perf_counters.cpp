#include "bench/harness/perf_counters.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <map>

#include "ipc/os/limits.hpp"

namespace bench {

namespace {

perf_event_attr attributes_of(const PerfEvent& event, bool user_only) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = event.type;
  attributes.config = event.config;
  attributes.disabled = 1;
  attributes.inherit = 1;
  attributes.exclude_kernel = attributes.exclude_hv = user_only;
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return attributes;
}

ipc::os::UniqueFd open_counter(const PerfPlan::Counter& counter, const OpenPerfEvent& open) {
  perf_event_attr attributes = attributes_of(counter.event, counter.user_only);
  return ipc::os::UniqueFd(open(attributes));
}

/// The errno of opening it, 0 when that works.
int failure_of(const PerfPlan::Counter& counter, const OpenPerfEvent& open) {
  return open_counter(counter, open) ? 0 : errno;
}

/// Some hypervisors give counters that stand still. The first event of a plan never is 0.
bool count_nothing(const PerfPlan& plan) {
  PerfCounters counters(plan);
  counters.start();
  volatile unsigned work = 0;
  for (unsigned i = 0; i < 10'000; ++i) work = work + i;
  counters.stop();
  return !(counters.counts().of[0] > 0);
}

bool is_refusal(int error) {
  return error == EACCES || error == EPERM;
}

std::string why_not(int error) {
  switch (error) {
    case ENOENT:
    case EOPNOTSUPP:
    case ENODEV:
      return "this processor, or the hypervisor, has no counter for it";
    case EACCES:
      return fmt::format(
          "kernel.perf_event_paranoid is {} and forbids it to this user",
          ipc::os::read_line("/proc/sys/kernel/perf_event_paranoid").value_or("unknown"));
    case EPERM:
      return "a security filter forbids it (docker: --cap-add PERFMON)";
    case ENOSYS:
      return "the kernel has no CONFIG_PERF_EVENTS, or a seccomp filter hides it";
    case EBUSY:
      return "somebody else has the counters for himself";
    default:
      return fmt::format("perf_event_open: {}", std::strerror(error));
  }
}

}  // namespace

int open_perf_event(perf_event_attr& attributes) {
  return static_cast<int>(
      ::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

PerfCounts& PerfCounts::operator+=(const PerfCounts& other) noexcept {
  for (std::size_t i = 0; i < of.size(); ++i) of[i] += other.of[i];
  return *this;
}

std::string PerfPlan::Counter::name() const {
  return user_only ? std::string("user_") + event.name : event.name;
}

PerfPlan plan_perf(std::span<const PerfEvent> events, const OpenPerfEvent& open) {
  PerfPlan plan;
  std::map<std::string, std::string> names_by_reason;
  for (const PerfEvent& event : events.first(std::min(events.size(), kMostPerfEvents))) {
    PerfPlan::Counter counter{event, false};
    int error = failure_of(counter, open);
    if (is_refusal(error)) {
      counter.user_only = true;
      error = failure_of(counter, open);
    }
    if (error == 0) {
      plan.counters.push_back(counter);
    } else {
      std::string& names = names_by_reason[why_not(error)];
      names += (names.empty() ? "" : ", ") + std::string(event.name);
    }
  }
  for (const auto& [reason, names] : names_by_reason)
    plan.missing += fmt::format("{}{}: {}", plan.missing.empty() ? "" : "; ", names, reason);
  return plan;
}

const PerfPlan& hardware_plan() {
  static const PerfPlan plan = [] {
    PerfPlan found = plan_perf(kHardwareEvents);
    if (!found.counters.empty() && count_nothing(found))
      found = {{}, "the kernel opens counters for its processes, but they count nothing"};
    return found;
  }();
  return plan;
}

std::optional<double> scaled_count(std::uint64_t count, std::uint64_t enabled_ns,
                                   std::uint64_t running_ns) {
  if (enabled_ns == 0) return 0;
  if (running_ns == 0) return std::nullopt;
  return static_cast<double>(count) * static_cast<double>(enabled_ns) /
         static_cast<double>(running_ns);
}

PerfCounters::PerfCounters(const PerfPlan& plan, const OpenPerfEvent& open) {
  for (const auto& counter : plan.counters) fds_.push_back(open_counter(counter, open));
}

void PerfCounters::start() {
  for (const auto& fd : fds_)
    if (fd) ::ioctl(fd.get(), PERF_EVENT_IOC_ENABLE, 0);
}

void PerfCounters::stop() {
  for (const auto& fd : fds_)
    if (fd) ::ioctl(fd.get(), PERF_EVENT_IOC_DISABLE, 0);
}

PerfCounts PerfCounters::counts() const {
  PerfCounts counts;
  for (std::size_t i = 0; i < fds_.size(); ++i) {
    struct {
      std::uint64_t count, enabled_ns, running_ns;
    } seen{};
    const bool read = fds_[i] && ::read(fds_[i].get(), &seen, sizeof seen) == sizeof seen;
    const auto count = scaled_count(seen.count, seen.enabled_ns, seen.running_ns);
    counts.of[i] = read && count ? *count : std::numeric_limits<double>::quiet_NaN();
  }
  return counts;
}

}  // namespace bench
