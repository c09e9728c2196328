// Storage backend: one allocation inside a boost::interprocess::managed_shared_memory.
#pragma once

#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/shared_memory_object.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include "ipc/os/boost_error.hpp"
#include "ipc/os/limits.hpp"
#include "ipc/os/unique_name.hpp"
#include "ipc/shared/contract.hpp"

namespace ipc {

/// POSIX shared memory with Boost's allocator in it. The name is gone before the constructor
/// returns; forked children inherit the mapping.
class BoostManagedStorage {
 public:
  static constexpr std::string_view kName = "boost_managed";

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { BoostManagedStorage probe(1); });
  }

  explicit BoostManagedStorage(std::size_t bytes)
      : size_(std::max<std::size_t>(bytes, 1)), segment_(open(size_)) {
    data_ = os::boost_call("managed_shared_memory allocate", [&] {
      return static_cast<std::byte*>(segment_.allocate_aligned(size_, kAlignment, std::nothrow));
    });
    if (!data_) os::throw_error(ENOMEM, "Boost.Interprocess managed_shared_memory allocate");
    std::fill_n(data_, size_, std::byte{0});  // the allocator kept its free list in there
  }

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  using Segment = boost::interprocess::managed_shared_memory;
  static constexpr std::size_t kAlignment = 64;
  static constexpr std::size_t kBookkeeping = 4096;  ///< Boost's header and index take about 700

  static Segment open(std::size_t bytes) {
    // Without the room Boost does not throw: it goes on until there is none for anybody.
    if (std::cmp_greater(bytes, os::available_shm_bytes()))
      os::throw_error(ENOMEM, "managed_shared_memory of " + std::to_string(bytes) +
                                  " bytes: /dev/shm or the memory has less");
    const std::string name = os::unique_name();
    const auto remove = [&] { boost::interprocess::shared_memory_object::remove(name.c_str()); };
    try {
      auto segment = os::boost_call("managed_shared_memory", [&] {
        return Segment(boost::interprocess::create_only, name.c_str(), bytes + kBookkeeping);
      });
      remove();
      return segment;
    } catch (...) {
      remove();
      throw;
    }
  }

  std::size_t size_;
  Segment segment_;
  std::byte* data_ = nullptr;
};
static_assert(Storage<BoostManagedStorage>);

}  // namespace ipc
