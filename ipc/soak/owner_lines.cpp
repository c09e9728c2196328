#include "ipc/soak/lines.hpp"
#include "ipc/soak/owner_line.hpp"

namespace ipc::soak {

std::vector<LineEntry> owner_lines() {
  std::vector<LineEntry> lines;
  for_each_object([&]<class B>(std::type_identity<B>, const char* noun) {
    os::Unavailable (*unavailable)() = [] { return os::Unavailable(); };
    if constexpr (os::Backend<B>) unavailable = B::unavailable;
    lines.push_back({noun, std::string(B::kName), owner_line<B>, unavailable});
  });
  return lines;
}

}  // namespace ipc::soak
