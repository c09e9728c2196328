// Daemonic processes, which may not have children of their own.
#pragma once

#include <string>

namespace ipc {

/// Throws std::logic_error when the calling process is daemonic: a Process with daemon set, or a
/// worker of a pool.
void check_may_have_children();

/// Makes the calling process daemonic and gives it that name, which Process::current_name() tells.
/// For a forked child that no Process stands for; it has to see to it that it ends with its parent.
void become_daemonic(std::string name);

}  // namespace ipc
