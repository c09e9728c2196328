#include "ipc/process/exit_word.hpp"

#include <cstddef>
#include <new>
#include <utility>

#include "ipc/os/shared_mapping.hpp"

namespace ipc {

ExitWord* ExitWords::take() {
  if (!spare_) add_page();
  ExitWord* const word = spare_;
  spare_ = reinterpret_cast<ExitWord*>(word->word_.exchange(0));
  return word;
}

void ExitWords::give_back(ExitWord* word) {
  word->word_.store(reinterpret_cast<std::uintptr_t>(spare_));
  spare_ = word;
}

void ExitWords::add_page() {
  constexpr std::size_t kBytes = 4096;
  os::SharedMapping page(kBytes);
  std::byte* const memory = page.data();
  new (memory) os::SharedMapping(std::move(page));  // its own owner: there until the process ends
  for (std::size_t at = sizeof(page); at < kBytes; at += sizeof(ExitWord))
    give_back(new (memory + at) ExitWord);
}

}  // namespace ipc
