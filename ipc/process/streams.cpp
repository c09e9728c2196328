#include "ipc/process/streams.hpp"

#include <ext/stdio_sync_filebuf.h>
#include <stdio_ext.h>
#include <sys/single_threaded.h>

#include <cstdio>
#include <iostream>

/// All open streams: what glibc has exported since its beginning and declares nowhere. Weak, so
/// that it is glibc's own variable and never a copy of it.
extern "C" [[gnu::weak]] FILE* _IO_list_all;  // NOLINT: reserved, and theirs

namespace ipc {

namespace {

/// False only when std::fflush(nullptr) would find nothing: it takes locks and so writes to pages
/// that a fork has to copy, in parent and child. Other threads could open streams meanwhile.
bool may_have_unwritten() {
  if (&_IO_list_all == nullptr || !__libc_single_threaded) return true;
  for (const FILE* stream = _IO_list_all; stream; stream = stream->_chain)
    if (stream->_mode > 0 || stream->_IO_write_ptr > stream->_IO_write_base) return true;
  return false;
}

}  // namespace

// std::cout has no buffer of its own until sync_with_stdio(false).
Streams::Streams()
    : has_read_(::__fbufsize(stdin) > 0),
      unbuffered_(dynamic_cast<__gnu_cxx::stdio_sync_filebuf<char>*>(std::cout.rdbuf())) {}

void Streams::flush() const {
  if (may_have_unwritten()) std::fflush(nullptr);
  if (std::cout.rdbuf() == unbuffered_) return;
  try {
    std::cout.flush();
    std::clog.flush();
  } catch (const std::ios_base::failure&) {
  }
}

}  // namespace ipc
