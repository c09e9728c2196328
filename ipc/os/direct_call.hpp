// A system call without the C library.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ipc::os {

/// Makes the call in place, for a child that has just been forked: the C library's function would
/// be a page of code more that it has to fault in, which costs it more than the call. Gives what
/// the kernel gives: the result, or minus an error number; errno stays as it is.
inline long direct_call(long number, long first, long second = 0, long third = 0) {
#if defined(__x86_64__)
  long result = number;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(first), "S"(second), "d"(third)
               : "rcx", "r11", "memory");
  return result;
#else
  const int before = errno;
  const long result = ::syscall(number, first, second, third);
  const long given = result == -1 ? -errno : result;
  errno = before;
  return given;
#endif
}

}  // namespace ipc::os
