#include "bench/run/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>

namespace bench::run {

using std::chrono::milliseconds;

namespace {

constexpr const char* kClearLine = "\r\x1b[K";
constexpr int kBarWidth = 24;
constexpr double kTrustedShare = 0.02;  // before that the prediction is better than the clock

std::size_t terminal_width(std::FILE* stream) {
  winsize size{};
  return ::ioctl(::fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// A terminal that went away must not end a run.
void put(std::FILE* stream, const std::string& text) {
  std::fputs(text.c_str(), stream);
  std::fflush(stream);
}

}  // namespace

Progress::Progress(std::FILE* stream, bool bar, int rounds, milliseconds predicted)
    : stream_(stream), bar_(bar), rounds_(rounds), total_(predicted) {}

void Progress::begin(int round, std::size_t cases) {
  round_ = round;
  cases_ = cases;
  done_ = failed_ = 0;
  round_start_ = Clock::now();
  draw();
}

void Progress::case_done(const std::string& name, milliseconds predicted) {
  case_ = name;
  ++done_;
  finished_ += predicted;
  draw();
}

void Progress::case_failed(const std::string& name, const std::string& message) {
  ++failed_;
  say(fmt::format("failed {}: {}", name, message));
}

void Progress::end() {
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - round_start_);
  if (bar_) return draw();
  say(fmt::format("round {}/{}: {} of {} cases{}, {} (about {} left)", round_, rounds_, done_,
                  cases_, failed_ ? fmt::format(", {} failed", failed_) : "", to_text(took),
                  to_text(left())));
}

void Progress::say(const std::string& text) {
  clear();
  put(stream_, text + '\n');
}

milliseconds Progress::left() const {
  const auto rest = total_ - finished_;
  double pace = 1;
  if (finished_ > total_ * kTrustedShare)
    pace = std::chrono::duration<double, std::milli>(Clock::now() - start_) / finished_;
  return std::chrono::duration_cast<milliseconds>(rest * pace);
}

void Progress::draw() const {
  if (!bar_) return;
  const double share = total_.count() > 0 ? finished_ / total_ : 1;
  const int filled = static_cast<int>(share * kBarWidth);
  std::string line = fmt::format("[{:=<{}}{: <{}}] {:3.0f} %  round {}/{} {}/{}  {} left  {}", "",
                                 filled, "", kBarWidth - filled, 100 * share, round_, rounds_,
                                 done_, cases_, to_text(left()), case_);
  line.resize(std::min(line.size(), terminal_width(stream_) - 1));
  put(stream_, kClearLine + line);
}

void Progress::clear() const {
  if (bar_) put(stream_, kClearLine);
}

}  // namespace bench::run
