#include "ipc/os/sysv.hpp"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string_view>

#include "ipc/os/error.hpp"

namespace ipc::os {

namespace {

constexpr int kMode = 0711;
constexpr unsigned kPidBits = 22;  // the kernel's PID_MAX_LIMIT is 2^22
constexpr std::uint32_t kNumbers = 1U << (32 - kPidBits);

key_t key_of(pid_t pid, std::uint32_t number) {
  return static_cast<key_t>(number % kNumbers << kPidBits | static_cast<std::uint32_t>(pid));
}
pid_t creator_of(key_t key) {
  return static_cast<pid_t>(static_cast<std::uint32_t>(key) & ((1U << kPidBits) - 1));
}

struct KindNames {
  std::string_view text;
  const char* call;
  const char* list;
  const char* id_column;
};
const KindNames& names(SysvKind kind) {
  static constexpr std::array<KindNames, 3> all{
      {{"queue", "msgget", "/proc/sysvipc/msg", "msqid"},
       {"semaphore set", "semget", "/proc/sysvipc/sem", "semid"},
       {"segment", "shmget", "/proc/sysvipc/shm", "shmid"}}};
  return all.at(static_cast<std::size_t>(kind));
}

int make(SysvKind kind, key_t key, std::size_t size) {
  constexpr int kFlags = IPC_CREAT | IPC_EXCL | kMode;
  if (kind == SysvKind::queue) return ::msgget(key, kFlags);
  if (kind == SysvKind::semaphores) return ::semget(key, static_cast<int>(size), kFlags);
  return ::shmget(key, size, kFlags);
}

bool remove(SysvKind kind, int id) {
  if (kind == SysvKind::queue) return ::msgctl(id, IPC_RMID, nullptr) == 0;
  if (kind == SysvKind::semaphores) return ::semctl(id, 0, IPC_RMID) == 0;
  return ::shmctl(id, IPC_RMID, nullptr) == 0;
}

/// The rows of a table whose first line names its columns.
std::vector<std::map<std::string, std::string>> rows_of(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::istringstream head(line);
  std::vector<std::string> columns;
  for (std::string word; head >> word;) columns.push_back(word);
  std::vector<std::map<std::string, std::string>> rows;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    auto& row = rows.emplace_back();
    for (const auto& column : columns) words >> row[column];
  }
  return rows;
}

std::vector<SysvObject> objects_of(SysvKind kind) {
  std::vector<SysvObject> found;
  for (auto& row : rows_of(names(kind).list)) {
    const auto number = [&](const char* column) { return std::atoi(row[column].c_str()); };
    if (std::strtol(row["perms"].c_str(), nullptr, 8) != kMode) continue;
    SysvObject object{kind, number(names(kind).id_column), creator_of(number("key")), {}};
    if (kind == SysvKind::queue) object.last_users = {number("lspid"), number("lrpid")};
    if (kind == SysvKind::semaphores) object.last_users = {::semctl(object.id, 0, GETPID)};
    if (kind == SysvKind::segment) object.attached = number("nattch");
    if (object.creator != 0) found.push_back(std::move(object));
  }
  return found;
}

bool is_gone(pid_t pid) {
  return pid <= 0 || (::kill(pid, 0) == -1 && errno == ESRCH);
}

}  // namespace

std::string SysvObject::to_string() const {
  return "sysv " + std::string(names(kind).text) + " " + std::to_string(id) + " of process " +
         std::to_string(creator);
}

SysvHandle::SysvHandle(SysvKind kind, std::size_t size) : kind_(kind), creator_(::getpid()) {
  static std::atomic<std::uint32_t> next{0};
  for (std::uint32_t tries = 0; tries < kNumbers; ++tries) {
    id_ = make(kind, key_of(creator_, next.fetch_add(1)), size);
    if (id_ != -1) return;
    if (errno != EEXIST) throw_errno(names(kind).call);
  }
  throw_error(ENOSPC, std::string(names(kind).call) + ": every key of this process is in use");
}

SysvHandle::~SysvHandle() {
  if (id_ != -1 && creator_ == ::getpid()) remove(kind_, id_);
}

std::vector<SysvObject> sysv_objects() {
  std::vector<SysvObject> all;
  for (const auto kind : {SysvKind::queue, SysvKind::semaphores, SysvKind::segment})
    for (auto& object : objects_of(kind)) all.push_back(std::move(object));
  return all;
}

std::vector<SysvObject> reclaim_orphaned_sysv() {
  std::vector<SysvObject> removed;
  for (auto& object : sysv_objects()) {
    const bool unused = object.attached == 0 && std::ranges::all_of(object.last_users, is_gone);
    if (is_gone(object.creator) && unused && remove(object.kind, object.id))
      removed.push_back(std::move(object));
  }
  return removed;
}

}  // namespace ipc::os
