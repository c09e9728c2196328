#include "bench/run/scratch_folder.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include <string>
#include <vector>

#include "ipc/os/error.hpp"

namespace bench::run {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPrefix = ".ipcmark-scratch.";

/// The folder held by this process, which waits for another holder only where it is told to; none
/// when another holds it or it is gone.
ipc::os::UniqueFd held(const fs::path& folder, bool waits) {
  ipc::os::UniqueFd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return lock;
  const int how = waits ? LOCK_EX : LOCK_EX | LOCK_NB;
  if (ipc::os::retry_eintr([&] { return ::flock(lock.get(), how); }) == -1) lock.reset();
  return lock;
}

void remove_abandoned(const fs::path& parent) {
  std::error_code none;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(parent, none))
    if (entry.path().filename().string().starts_with(kPrefix)) found.push_back(entry.path());
  for (const auto& folder : found)
    if (const auto lock = held(folder, false)) fs::remove_all(folder, none);
}

}  // namespace

ScratchFolder::ScratchFolder(const fs::path& parent) : parent_(fs::absolute(parent)) {
  for (fs::path part = parent_; part != part.root_path() && !fs::exists(part);
       part = part.parent_path())
    first_made_ = part;
  try {
    fs::create_directories(parent_);
    remove_abandoned(parent_);
    make();
  } catch (...) {
    take_back_parents();
    throw;
  }
}

void ScratchFolder::make() {
  // Between its making and its locking another program may take it for abandoned.
  while (!lock_ || !fs::exists(path_)) {
    std::string name = (parent_ / (std::string(kPrefix) + "XXXXXX")).string();
    if (!::mkdtemp(name.data())) ipc::os::throw_errno("mkdtemp " + name);
    path_ = name;
    lock_ = held(path_, true);
  }
}

ScratchFolder::~ScratchFolder() {
  std::error_code none;
  fs::remove_all(path_, none);
  take_back_parents();
}

void ScratchFolder::take_back_parents() noexcept {
  std::error_code none;
  if (first_made_.empty()) return;
  for (fs::path part = parent_; part != first_made_.parent_path(); part = part.parent_path())
    if (!fs::remove(part, none)) return;
}

}  // namespace bench::run
