// One of the two peers of a pipe is killed; the other gets all that was sent, and the end.
#pragma once

#include <deque>

#include "ipc/pipe/contract.hpp"
#include "ipc/soak/crew.hpp"
#include "ipc/soak/message.hpp"

namespace ipc::soak {

/// What the two peers of one pipe have done; in shared memory.
struct Traffic {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> received{0};
};

inline constexpr std::size_t kLargestPipeMessage = 100'000;

/// Some large, most small.
inline std::size_t size_of_message(std::uint64_t number) {
  return number % 16 == 7 ? number * 7919 % kLargestPipeMessage : number * 31 % 500;
}

/// Runs a peer until its end of the pipe says that the other is gone, in whichever way.
template <class Body>
int peer_body(Tally& tally, const char* name, Body body) {
  try {
    body();
    return 0;
  } catch (const std::system_error& error) {
    const int number = error.code().value();
    if (number == EPIPE || number == EPROTO) return 0;
    tally.fail(std::string(name) + ": " + error.what());
  } catch (const std::exception& error) {
    tally.fail(std::string(name) + ": " + error.what());
  }
  return 1;
}

/// Sends for ever; with answers it waits for one after each message.
template <PipeEnd End>
void send_all(End& end, Traffic& traffic, bool with_answers) {
  wire::Bytes buffer(kLargestPipeMessage);
  for (std::uint64_t number = 0;; ++number) {
    end.send(write_message(buffer, 0, number, size_of_message(number)));
    traffic.sent = number + 1;
    if (!with_answers) continue;
    const auto size = end.recv(buffer);
    if (!size) return;
    if (read_message(std::span(buffer).first(*size)).number != number)
      throw Violation("another's answer");
  }
}

/// Whether the other could still be there to get it.
template <PipeEnd End>
bool answer(End& end, std::span<const std::byte> message) {
  try {
    end.send(message);
    return true;
  } catch (const std::system_error& error) {
    if (error.code().value() != EPIPE) throw;
    return false;
  }
}

/// An answer that reaches nobody is no end: what the dead had sent is still to come.
template <PipeEnd End>
void receive_all(End& end, Traffic& traffic, bool with_answers) {
  wire::Bytes buffer(kLargestPipeMessage);
  for (std::uint64_t number = 0;; ++number) {
    const auto size = end.recv(buffer);
    if (!size) return;
    if (const auto head = read_message(std::span(buffer).first(*size)); head.number != number)
      throw Violation("message " + std::to_string(head.number) + " came instead of " +
                      std::to_string(number));
    traffic.received = number + 1;
    if (with_answers)
      with_answers = answer(end, write_message(buffer, 1, number, size_of_message(number)));
  }
}

/// A pipe, its two peers, and the death of one.
template <Pipe P>
class PipeTrial {
 public:
  explicit PipeTrial(Line& line)
      : line_(line), with_answers_(line.pick(2) == 0), kills_sender_(line.pick(1) == 0) {
    auto ends = P::make({});
    sender_ = os::Child::fork([&] {
      return peer_body(line_.tally, "sender", [&] {
        ends.second.close();
        send_all(ends.first, *traffic_, with_answers_);
      });
    });
    receiver_ = os::Child::fork([&] {
      return peer_body(line_.tally, "receiver", [&] {
        ends.first.close();
        receive_all(ends.second, *traffic_, with_answers_);
      });
    });
  }

  void kill_one() {
    killed_at_ = os::now_ns();
    (kills_sender_ ? sender_ : receiver_).kill(SIGKILL);
  }

  /// Waits for the other to notice.
  void end() {
    const std::string name = kills_sender_ ? "receiver" : "sender";
    const auto status =
        (kills_sender_ ? receiver_ : sender_).wait_until(os::Deadline::after(kHang));
    line_.tally.waited(os::now_ns() - killed_at_);
    if (line_.tally.failed) throw Violation(line_.tally.reason.data());
    if (!status)
      throw Violation(name + " hangs: its peer was killed " + std::to_string(kHang.count()) +
                      " s ago");
    if (*status != os::ExitStatus::from_code(0))
      throw Violation(name + " ended with " + status->to_string());
    (kills_sender_ ? sender_ : receiver_).wait();
    ++line_.tally.kills;
    count_messages();
  }

 private:
  /// All that it had sent comes, and of what it was sending nothing or all. What a killed receiver
  /// had not read goes with it.
  void count_messages() {
    const auto sent = traffic_->sent.load(), received = traffic_->received.load();
    line_.tally.operations += static_cast<long>(received);
    if (received > sent + 1 || (kills_sender_ && received < sent))
      throw Violation("of " + std::to_string(sent) + " messages sent " + std::to_string(received) +
                      " came");
    if (kills_sender_ && received == sent) ++line_.tally.lost;
  }

  Line& line_;
  bool with_answers_, kills_sender_;
  os::SharedObject<Traffic> traffic_;
  os::Child sender_, receiver_;
  std::int64_t killed_at_ = 0;
};

/// One trial after another, but begins the next ones while survivors look for what nobody tells
/// them: that is most of a trial's time where the kernel does not tell them at once.
template <Pipe P>
void pipe_line(Line& line) {
  constexpr std::size_t kAtOnce = 4;
  std::deque<PipeTrial<P>> trials;
  while (!line.is_over() || !trials.empty()) {
    if (!line.is_over()) {
      trials.emplace_back(line);
      sleep_up_to(line, std::chrono::microseconds(1500));
      trials.back().kill_one();
    }
    if (trials.size() < kAtOnce && !line.is_over()) continue;
    trials.front().end();
    trials.pop_front();
  }
}

}  // namespace ipc::soak
