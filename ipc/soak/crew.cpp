#include "ipc/soak/crew.hpp"

#include <thread>

namespace ipc::soak {

void sleep_up_to(Line& line, std::chrono::microseconds most) {
  std::this_thread::sleep_for(
      std::chrono::microseconds(line.pick(static_cast<std::uint64_t>(most.count()))));
}

std::size_t Crew::add(std::string name, Work work) {
  const std::size_t place = members_.size();
  badge(place).place = static_cast<std::uint32_t>(place);
  members_.push_back({std::move(name), std::move(work), {}});
  restart(place);
  return place;
}

int Crew::live(Badge& badge, const Member& member) {
  try {
    member.work(badge);
    return 0;
  } catch (const std::exception& error) {
    line_.tally.fail(name_of(badge.place) + ": " + error.what());
    return 1;
  }
}

void Crew::restart(std::size_t place) {
  Badge& its = badge(place);
  its.waits_since_ns = 0;
  ++its.life;
  members_.at(place).child = os::Child::fork([&] { return live(its, members_.at(place)); });
}

bool Crew::is_doomed(std::uint64_t identity) {
  const auto life = static_cast<std::uint32_t>(identity);
  return life <= badge(identity >> 32).doomed;
}

std::size_t Crew::kill_one(std::chrono::microseconds within) {
  const auto place = static_cast<std::size_t>(line_.pick(size() - 1));
  sleep_up_to(line_, within);
  watch();
  // Known before it happens: what it held may be another's before its death shows.
  badge(place).doomed = badge(place).life.load();
  auto& child = members_.at(place).child;
  child.kill(SIGKILL);
  if (const auto status = child.wait(); status.signal() != SIGKILL) {
    watch();
    throw Violation(name_of(place) + " ended before it was killed: " + status.to_string());
  }
  ++line_.tally.kills;
  return place;
}

std::string Crew::name_of(std::size_t place) const {
  return members_.at(place).name + " " + std::to_string(place);
}

void Crew::require_no_hang(std::size_t place) {
  const std::int64_t since = badge(place).waits_since_ns;
  if (since == 0) return;
  const auto waited = std::chrono::nanoseconds(os::now_ns() - since);
  if (waited > kHang)
    throw Violation(name_of(place) + " hangs: it has waited for " +
                    std::to_string(waited / std::chrono::milliseconds(1)) + " ms");
}

void Crew::watch() {
  if (line_.tally.failed) throw Violation(line_.tally.reason.data());
  for (std::size_t place = 0; place < size(); ++place) require_no_hang(place);
}

void Crew::finish(const std::function<void()>& nudge) {
  shared_->stopping = true;
  for (std::size_t place = 0; place < size(); ++place) {
    auto& child = members_.at(place).child;
    const auto patience = os::Deadline::after(2 * kHang);
    while (!child.wait_until(os::Deadline::after(std::chrono::milliseconds(10)))) {
      nudge();
      watch();
      if (patience.expired()) throw Violation(name_of(place) + " does not stop");
    }
    if (child.wait() != os::ExitStatus::from_code(0)) {
      watch();
      throw Violation(name_of(place) + " ended with " + child.wait().to_string());
    }
    line_.tally.operations += badge(place).operations;
    line_.tally.waited(badge(place).longest_wait_ns);
  }
}

}  // namespace ipc::soak
