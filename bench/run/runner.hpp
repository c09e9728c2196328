// Runs one bench binary, case by case, and ends all of it whatever happens.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/run/interruption.hpp"
#include "ipc/os/child.hpp"
#include "ipc/os/clock.hpp"
#include "ipc/os/unique_fd.hpp"

namespace bench::run {

/// How a turn, or a whole job, ended.
struct Outcome {
  enum class Kind { kFinished, kDied, kHung, kInterrupted };
  Kind kind = Kind::kFinished;
  std::string message;  ///< for a person, unless it finished
};

/// A pipe from a job: read without blocking, handed on line by line.
class Lines {
 public:
  /// Throws std::system_error.
  Lines();
  [[nodiscard]] int reader() const { return reader_.get(); }
  [[nodiscard]] int writer() const { return writer_.get(); }
  void close_writer() { writer_.reset(); }
  /// Takes what is there; true when there was at least one whole line.
  bool take(const std::function<void(std::string_view)>& visit);
  /// The line that has no end yet.
  [[nodiscard]] const std::string& rest() const { return rest_; }

 private:
  ipc::os::UniqueFd reader_;
  ipc::os::UniqueFd writer_;
  std::string rest_;
};

/// A bench binary at work. Before every case it waits for its turn, so that several of them can
/// share a machine, one case at a time. It runs in a session of its own, its standard output
/// thrown away, and dies when this process does. When the object ends, no process of the group is
/// left; orphans that left the group are this process's children if it is a subreaper
/// (ipc::os::become_subreaper).
class Job {
 public:
  using OnLine = std::function<void(std::string_view)>;

  /// Starts the program with these arguments, to which --progress_fd=N and --turns_fd=N are added.
  /// Throws std::system_error when it cannot be started.
  explicit Job(std::vector<std::string> arguments);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() { end_group(); }

  /// Lets it measure one case and hands the progress line to `on_line`. One that is silent for
  /// longer than `limit` is killed. An interruption leaves it as it is.
  Outcome turn(std::chrono::milliseconds limit, Interruption& interruption, const OnLine& on_line);
  /// Says that there are no more turns, so that it writes its results and leaves. Waits for that
  /// for as long as `limit`, and after an interruption only for as long as writing its results may
  /// take; then it is killed.
  Outcome finish(std::chrono::milliseconds limit, Interruption& interruption);

 private:
  [[nodiscard]] bool ended() const;
  void wait_for_news(int interruption, const ipc::os::Deadline& until) const;
  bool take(const OnLine& on_line);
  void remember(std::string_view line);
  Outcome how_it_ended();
  Outcome stop(std::string message);
  void signal_group(int signal);
  void end_group();

  Lines progress_;
  Lines errors_;
  ipc::os::UniqueFd turns_;
  ipc::os::Child child_;
  std::string last_words_;
  bool over_ = false;  ///< the group is gone
};

}  // namespace bench::run
