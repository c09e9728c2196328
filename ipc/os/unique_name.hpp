// Names for kernel objects that have one: stamped with their owner, so that they can be reclaimed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ipc::os {

/// A new name "/ipcmark.<pid>.<start>.<number>" for shm_open, mq_open, sem_open and Boost, where
/// start is the owner's start time (/proc/pid/stat field 22), so that a recycled pid is told apart.
/// Unlink the name right after opening where the API allows it.
std::string unique_name();

/// Whether this process may take away an object of that name: it is one of ours and its owner is
/// dead.
bool is_orphaned_name(std::string_view name);

/// Removes what dead owners left in /dev/shm, among the POSIX queues and among System V's objects
/// (see reclaim_orphaned_sysv() for those); gives what was removed, as text for a person.
std::vector<std::string> reclaim_orphaned_names();

}  // namespace ipc::os
