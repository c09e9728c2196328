// Whether a sanitizer watches this build: all takes many times as long then.
#pragma once

namespace ipc::os {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace ipc::os
