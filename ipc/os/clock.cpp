#include "ipc/os/clock.hpp"

#include <algorithm>
#include <limits>

namespace ipc::os {

using namespace std::chrono;

Deadline Deadline::after(Duration wait) {
  const auto now = Clock::now();
  if (wait > Clock::time_point::max() - now) return never();
  return Deadline{now + std::max(wait, Duration::zero())};
}

Duration Deadline::remaining() const {
  if (!at_) return Duration::max();
  return std::max(*at_ - Clock::now(), Duration::zero());
}

int Deadline::poll_timeout_ms() const {
  if (!at_) return -1;
  const auto left = ceil<milliseconds>(remaining()).count();
  return static_cast<int>(std::min<std::int64_t>(left, std::numeric_limits<int>::max()));
}

timespec Deadline::monotonic() const {
  return to_timespec(at_->time_since_epoch());
}

timespec Deadline::realtime() const {
  timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  return to_timespec(seconds(wall.tv_sec) + nanoseconds(wall.tv_nsec) + remaining());
}

timespec to_timespec(Duration duration) {
  const auto whole = duration_cast<seconds>(duration);
  return {static_cast<time_t>(whole.count()),
          static_cast<long>(duration_cast<nanoseconds>(duration - whole).count())};
}

}  // namespace ipc::os
