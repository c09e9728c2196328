// A memory barrier on all CPUs at once, paid by who rarely needs it, membarrier(2).
#pragma once

namespace ipc::os {

/// Registers this process and, by inheritance, its children for membarrier(); false where the
/// kernel has none or a filter forbids it. Costs a system call in each process once.
bool allow_membarrier();

/// Whatever a thread of a registered process had written before this call is visible when it
/// returns, and what such a thread reads after it is what others had written before it: a full
/// barrier in every such thread that runs, so that in their fast paths none is needed. False where
/// it is not available. Costs less than a microsecond when none of them runs, else an interrupt of
/// their CPUs.
bool membarrier();

}  // namespace ipc::os
