// Tells a person how far a run is.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "bench/run/plan.hpp"

namespace bench::run {

/// A bar that is drawn over and over on a terminal; elsewhere one line a round, and one a failed
/// case. Does not own the stream.
class Progress {
 public:
  /// The work that lies ahead: the predicted time tells what a case weighs.
  Progress(std::FILE* stream, bool bar, int rounds, std::chrono::milliseconds predicted);

  void begin(int round, std::size_t cases);
  /// A case ended that was predicted to take so long.
  void case_done(const std::string& name, std::chrono::milliseconds predicted);
  void case_failed(const std::string& name, const std::string& message);
  /// The round ended, or was left.
  void end();
  /// Takes the bar away, before other output.
  void close() const { clear(); }
  /// A line of its own that stays.
  void say(const std::string& text);

  /// Time left, by how long the finished part took against its prediction.
  [[nodiscard]] std::chrono::milliseconds left() const;

 private:
  using Clock = std::chrono::steady_clock;
  void draw() const;
  void clear() const;

  std::FILE* stream_;
  bool bar_;
  int rounds_;
  std::chrono::duration<double, std::milli> total_;
  std::chrono::duration<double, std::milli> finished_{0};  ///< predicted time of what is done
  Clock::time_point start_ = Clock::now();
  Clock::time_point round_start_ = Clock::now();
  int round_ = 0;
  std::string case_;
  std::size_t cases_ = 0;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace bench::run
