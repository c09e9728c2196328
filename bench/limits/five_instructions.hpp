// A loop of which it is known how many instructions a turn has.
#pragma once

#include <cstdint>

#include "ipc/os/availability.hpp"

namespace bench::limits {

/// Exactly five instructions a turn, of which none touches memory: what a clock that counts
/// instructions has to say of it is known beforehand.
inline void turn_five_instructions([[maybe_unused]] std::int64_t turns) {
#if defined(__x86_64__)
  std::int64_t value = 1;
  asm volatile(
      "1: add $3, %0\n\t"
      "xor $5, %0\n\t"
      "add $7, %0\n\t"
      "sub $1, %1\n\t"
      "jnz 1b"
      : "+r"(value), "+r"(turns)
      :
      : "cc");
#elif defined(__aarch64__)
  std::int64_t value = 1;
  asm volatile(
      "1: add %0, %0, #3\n\t"
      "eor %0, %0, #7\n\t"
      "add %0, %0, #7\n\t"
      "subs %1, %1, #1\n\t"
      "b.ne 1b"
      : "+r"(value), "+r"(turns)
      :
      : "cc");
#elif defined(__riscv)
  std::int64_t value = 1;
  asm volatile(
      "1: addi %0, %0, 3\n\t"
      "xori %0, %0, 5\n\t"
      "addi %0, %0, 7\n\t"
      "addi %1, %1, -1\n\t"
      "bnez %1, 1b"
      : "+r"(value), "+r"(turns));
#elif defined(__arm__)
  int value = 1, left = static_cast<int>(turns);
  asm volatile(
      "1: add %0, %0, #3\n\t"
      "eor %0, %0, #5\n\t"
      "add %0, %0, #7\n\t"
      "subs %1, %1, #1\n\t"
      "bne 1b"
      : "+r"(value), "+r"(left)
      :
      : "cc");
#endif
}

inline ipc::os::Unavailable five_instructions_reason() {
#if defined(__x86_64__) || defined(__aarch64__) || defined(__riscv) || defined(__arm__)
  return std::nullopt;
#else
  return "ipcmark knows no such loop for this processor";
#endif
}

}  // namespace bench::limits
