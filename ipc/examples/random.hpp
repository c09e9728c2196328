// Random numbers for the examples.
#pragma once

#include <random>

/// From low to high, both included.
inline int randint(int low, int high) {
  static std::random_device device;
  return std::uniform_int_distribution{low, high}(device);
}
