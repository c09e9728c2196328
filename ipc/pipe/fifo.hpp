// Pipe backend: two named pipes, one a direction (fifo(7)).
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "ipc/os/child.hpp"
#include "ipc/os/unique_name.hpp"
#include "ipc/pipe/stream_end.hpp"

namespace ipc {

/// mkfifo(3), twice, in a private folder below TMPDIR (or /tmp); both names and the folder are gone
/// before make() returns. Sets SIGPIPE to be ignored unless the program has a handler.
class Fifo {
 public:
  static constexpr std::string_view kName = "fifo";
  using End = StreamEnd;

  static os::Unavailable unavailable() {
    return os::unavailable_if_throws([] { make({}); });
  }

  static std::pair<End, End> make(PipeOptions options) {
    os::ignore_sigpipe();
    auto [in_a, out_b] = one(options);
    auto [in_b, out_a] = one(options);
    return {End(std::move(in_a), std::move(out_a)), End(std::move(in_b), std::move(out_b))};
  }

 private:
  /// A FIFO's name in a folder of its own, both removed when it goes.
  class Name {
   public:
    Name() {
      os::check(::mkdir(folder_.c_str(), 0700), "mkdir " + folder_);
      if (::mkfifo(path_.c_str(), 0600) == -1) {
        const int error = errno;
        ::rmdir(folder_.c_str());
        os::throw_error(error, "mkfifo " + path_);
      }
    }
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;
    ~Name() {
      ::unlink(path_.c_str());
      ::rmdir(folder_.c_str());
    }

    [[nodiscard]] os::UniqueFd open(int mode) const {
      return os::UniqueFd(
          os::check(os::retry_eintr([&] { return ::open(path_.c_str(), mode | O_CLOEXEC); }),
                    "open " + path_));
    }

   private:
    std::string folder_ = os::temporary_folder() + os::unique_name();
    std::string path_ = folder_ + "/fifo";
  };

  /// One FIFO: the end to read from and the end to write to.
  static std::pair<os::UniqueFd, os::UniqueFd> one(PipeOptions options) {
    const Name name;
    // Opened for reading without O_NONBLOCK it would wait for the writer, which is this process.
    os::UniqueFd in = name.open(O_RDONLY | O_NONBLOCK);
    os::UniqueFd out = name.open(O_WRONLY);
    os::check(::fcntl(in.get(), F_SETFL, 0), "F_SETFL fifo");
    set_pipe_capacity(out.get(), options.capacity_bytes);
    return {std::move(in), std::move(out)};
  }
};

static_assert(Pipe<Fifo>);

}  // namespace ipc
