// Feeds the decoder whatever libFuzzer thinks of; see scripts/fuzz.
#include "ipc/wire/fuzz_test_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ipc::wire::fuzz::check_any(std::as_bytes(std::span(data, size)));
  return 0;
}
