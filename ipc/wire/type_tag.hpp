// A number for a type, so that a message can say what it holds.
#pragma once

#include <cstdint>
#include <string_view>

namespace ipc::wire {

/// A hash of the type's name (FNV-1a): the same in every program that the same compiler made. Of
/// types that a file keeps to itself, two of one name have one number.
template <class T>
consteval std::uint32_t type_tag() {
  std::uint32_t hash = 2166136261;
  for (const char each : std::string_view(__PRETTY_FUNCTION__))
    hash = (hash ^ static_cast<unsigned char>(each)) * 16777619;
  return hash;
}

}  // namespace ipc::wire
