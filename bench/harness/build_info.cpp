#include "bench/harness/build_info.hpp"

#include "ipcmark_build_info.hpp"

namespace bench {

const BuildInfo& build_info() {
  static const BuildInfo info{IPCMARK_BUILD_VERSION,   IPCMARK_BUILD_GIT_SHA,
                              IPCMARK_BUILD_GIT_DIRTY, IPCMARK_BUILD_BUILD_TYPE,
                              IPCMARK_BUILD_COMPILER,  IPCMARK_BUILD_FLAGS,
                              IPCMARK_BUILD_BENCHMARK, IPCMARK_BUILD_LTO};
  return info;
}

bool is_debug_build() {
#if !defined(NDEBUG) || !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

}  // namespace bench
