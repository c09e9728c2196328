// Counts what a test program asks the heap for. It replaces operator new: one file of a program
// includes it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace ipc::test {

inline std::atomic<std::size_t> allocations{0};
inline std::atomic<std::size_t> largest_allocation_bytes{0};

}  // namespace ipc::test

// Not inlined: GCC takes the pair for a mismatch when it sees into one of them alone.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++ipc::test::allocations;
  if (bytes > ipc::test::largest_allocation_bytes) ipc::test::largest_allocation_bytes = bytes;
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
