#include "ipc/os/unique_name.hpp"

#include <mqueue.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>

#include "ipc/os/limits.hpp"
#include "ipc/os/sysv.hpp"
#include "ipc/os/unique_fd.hpp"

namespace ipc::os {

namespace {

namespace fs = std::filesystem;

/// Start time in clock ticks since boot, nothing when there is no such process.
std::optional<unsigned long long> start_time(pid_t pid) {
  const auto stat = read_line("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return std::nullopt;
  // The second field, the program's name, may hold blanks and brackets: count from its last ')'.
  std::size_t at = stat->rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = stat->find(' ', at + 1);
  unsigned long long ticks = 0;
  if (at == std::string::npos || std::sscanf(stat->c_str() + at, " %llu", &ticks) != 1)
    return std::nullopt;
  return ticks;
}

}  // namespace

std::string temporary_folder() {
  const char* const place = std::getenv("TMPDIR");
  return place && *place ? place : "/tmp";
}

std::string unique_name() {
  static std::atomic<unsigned> number{0};
  const pid_t pid = ::getpid();
  return "/ipcmark." + std::to_string(pid) + "." + std::to_string(start_time(pid).value_or(0)) +
         "." + std::to_string(number.fetch_add(1));
}

bool is_orphaned_name(std::string_view name) {
  int pid = 0;
  unsigned long long start = 0;
  unsigned number = 0;
  int length = 0;
  const std::string text(name.substr(name.starts_with('/') ? 1 : 0));
  if (std::sscanf(text.c_str(), "ipcmark.%d.%llu.%u%n", &pid, &start, &number, &length) != 3 ||
      length != static_cast<int>(text.size()))
    return false;
  // Without a descriptor to read /proc with, the owner did not know its start time.
  const auto living = start_time(pid);
  return start == 0 ? !living : living != start;
}

namespace {

/// A place where things with stamped names may be.
struct Place {
  std::string folder;
  std::string prefix;  ///< of the file that stands for a name
  std::string shown;   ///< before the name, in a text for a person
  std::function<bool(const std::string& name)> remove;
};

/// The POSIX queues as a folder: a mount of their file system that nobody else sees and that ends
/// with the descriptor (fsmount(2), Linux 5.2). None without the privilege.
UniqueFd mounted_queues() {
  constexpr unsigned kCloexec = 1, kCreate = 6;  // FSOPEN_CLOEXEC, FSCONFIG_CMD_CREATE
  const UniqueFd system(static_cast<int>(::syscall(SYS_fsopen, "mqueue", kCloexec)));
  if (!system || ::syscall(SYS_fsconfig, system.get(), kCreate, nullptr, nullptr, 0) == -1)
    return UniqueFd();
  return UniqueFd(static_cast<int>(::syscall(SYS_fsmount, system.get(), kCloexec, 0)));
}

/// Whether it was this user's and is gone: a file, or a folder with nothing but a FIFO in it.
bool remove_temporary(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == -1 || status.st_uid != ::geteuid()) return false;
  if (!S_ISDIR(status.st_mode)) return ::unlink(path.c_str()) == 0;
  ::unlink((path + "/fifo").c_str());
  return ::rmdir(path.c_str()) == 0;
}

/// Calls visit(place, name) for each stamped name that there is.
template <class Visit>
void visit_stamped(Visit visit) {
  const UniqueFd queues = mounted_queues();
  const std::string queue_folder =
      queues ? "/proc/self/fd/" + std::to_string(queues.get()) : "/dev/mqueue";
  const std::string temporary = temporary_folder();
  const auto removed_by = [](int (*call)(const char*)) {
    return [call](const std::string& name) { return call(name.c_str()) == 0; };
  };
  const std::array<Place, 4> places{{
      {"/dev/shm", "", "", removed_by(::shm_unlink)},
      {"/dev/shm", "sem.", "", removed_by(::sem_unlink)},
      {queue_folder, "", "", removed_by(::mq_unlink)},
      {temporary, "", temporary,
       [&](const std::string& name) { return remove_temporary(temporary + name); }},
  }};
  for (const Place& place : places) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(place.folder, ignored)) {
      const std::string file = entry.path().filename();
      if (file.starts_with(place.prefix + "ipcmark."))
        visit(place, "/" + file.substr(place.prefix.size()));
    }
  }
}

bool is_unnamed_semaphore(const fs::path& path) {
  constexpr std::string_view kPrefix = "sem.";
  constexpr std::size_t kLetters = 6;
  const std::string file = path.filename();
  struct stat status {};
  return file.starts_with(kPrefix) && file.size() == kPrefix.size() + kLetters &&
         ::lstat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid() &&
         status.st_mode == (S_IFREG | kSemaphoreMode) &&
         static_cast<std::size_t>(status.st_size) <= sizeof(sem_t);
}

bool is_older_than(const fs::path& path, std::chrono::seconds age) {
  std::error_code ignored;
  const auto written = fs::last_write_time(path, ignored);
  return !ignored && fs::file_time_type::clock::now() - written > age;
}

}  // namespace

std::vector<std::string> unnamed_semaphores() {
  std::vector<std::string> paths;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/dev/shm", ignored))
    if (is_unnamed_semaphore(entry.path())) paths.push_back(entry.path());
  return paths;
}

std::vector<std::string> stamped_names() {
  std::vector<std::string> names;
  visit_stamped(
      [&](const Place& place, const std::string& name) { names.push_back(place.shown + name); });
  return names;
}

std::vector<std::string> reclaim_orphaned_names() {
  std::vector<std::string> removed;
  visit_stamped([&](const Place& place, const std::string& name) {
    if (is_orphaned_name(name) && place.remove(name)) removed.push_back(place.shown + name);
  });
  constexpr std::chrono::seconds kNobodysAfter(10);
  for (const auto& path : unnamed_semaphores())
    if (is_older_than(path, kNobodysAfter) && ::unlink(path.c_str()) == 0) removed.push_back(path);
  for (const auto& object : reclaim_orphaned_sysv()) removed.push_back(object.to_string());
  return removed;
}

}  // namespace ipc::os
