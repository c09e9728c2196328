// Names for kernel objects that have one: stamped with their owner, so that they can be reclaimed.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace ipc::os {

/// The folder for temporary files: TMPDIR, else /tmp.
std::string temporary_folder();

/// A new name "/ipcmark.<pid>.<start>.<number>" for shm_open, mq_open, sem_open and Boost, where
/// start is the owner's start time (/proc/pid/stat field 22), so that a recycled pid is told apart.
/// Also for files and folders in temporary_folder(). Unlink the name right after opening where the
/// API allows it.
std::string unique_name();

/// Whether this process may take away an object of that name: it is one of ours and its owner is
/// dead.
bool is_orphaned_name(std::string_view name);

/// What carries such a name now, as text for a person: in /dev/shm, among the POSIX queues, and in
/// temporary_folder() what is this user's. The queues show where their file system is mounted at
/// /dev/mqueue, or to a process that may mount it (CAP_SYS_ADMIN).
std::vector<std::string> stamped_names();

/// The permissions to give sem_open(3). glibc makes the file under a name of six random letters and
/// then gives it the right one; killed in between, a process leaves it without a stamp. This
/// execute bit, which means nothing to anybody, marks it.
inline constexpr mode_t kSemaphoreMode = 0700;

/// Such files, as paths, whether their makers live or not.
std::vector<std::string> unnamed_semaphores();

/// Removes of the stamped what dead owners left, the semaphores without a name that are older than
/// 10 s, as giving it takes microseconds, and of System V's objects (see reclaim_orphaned_sysv()
/// for those); gives what was removed, as text for a person.
std::vector<std::string> reclaim_orphaned_names();

}  // namespace ipc::os
