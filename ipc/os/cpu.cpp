#include "ipc/os/cpu.hpp"

#include <fmt/format.h>
#include <sched.h>

#include "ipc/os/error.hpp"
#include "ipc/os/limits.hpp"

namespace ipc::os {

namespace {

/// A cpu_set_t for machines of any size (CPU_ALLOC(3)).
class CpuSet {
 public:
  explicit CpuSet(int cpus) : cpus_(cpus), set_(CPU_ALLOC(static_cast<std::size_t>(cpus))) {
    if (!set_) throw_error(ENOMEM, "CPU_ALLOC");
    CPU_ZERO_S(bytes(), set_);
  }
  CpuSet(const CpuSet&) = delete;
  CpuSet& operator=(const CpuSet&) = delete;
  ~CpuSet() { CPU_FREE(set_); }

  [[nodiscard]] std::size_t bytes() const {
    return CPU_ALLOC_SIZE(static_cast<std::size_t>(cpus_));
  }
  [[nodiscard]] cpu_set_t* get() const { return set_; }
  [[nodiscard]] int size() const { return cpus_; }
  void add(int id) { CPU_SET_S(static_cast<std::size_t>(id), bytes(), set_); }
  [[nodiscard]] bool has(int id) const {
    return CPU_ISSET_S(static_cast<std::size_t>(id), bytes(), set_);
  }

 private:
  int cpus_;
  cpu_set_t* set_;
};

constexpr int kMaxCpus = 8192;

int topology(int id, const char* fact, int otherwise) {
  const auto path = "/sys/devices/system/cpu/cpu" + std::to_string(id) + "/topology/" + fact;
  return static_cast<int>(read_number(path).value_or(otherwise));
}

}  // namespace

std::vector<int> allowed_cpu_ids() {
  const CpuSet set(kMaxCpus);
  check(::sched_getaffinity(0, set.bytes(), set.get()), "sched_getaffinity");
  std::vector<int> ids;
  for (int id = 0; id < set.size(); ++id)
    if (set.has(id)) ids.push_back(id);
  return ids;
}

std::vector<Cpu> allowed_cpus() {
  std::vector<Cpu> cpus;
  for (const int id : allowed_cpu_ids())
    cpus.push_back({id, topology(id, "core_id", id), topology(id, "physical_package_id", 0)});
  return cpus;
}

void pin(const std::vector<int>& ids) {
  CpuSet set(kMaxCpus);
  for (const int id : ids) set.add(id);
  check(::sched_setaffinity(0, set.bytes(), set.get()), "sched_setaffinity " + to_string(ids));
}

std::string to_string(const std::vector<int>& ids) {
  return fmt::format("{}", fmt::join(ids, ","));
}

}  // namespace ipc::os
