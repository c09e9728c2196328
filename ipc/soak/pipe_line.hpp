// One of the two peers of a pipe is killed; the other gets all that was sent, and the end.
#pragma once

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
    if (with_answers) end.send(write_message(buffer, 1, number, size_of_message(number)));
  }
}

/// Kills one and waits for the other to notice.
inline void kill_one_of_two(Line& line, os::Child& victim, os::Child& survivor, const char* name) {
  sleep_up_to(line, std::chrono::microseconds(1500));
  const std::int64_t killed_at = os::now_ns();
  victim.kill(SIGKILL);
  const auto status = survivor.wait_until(os::Deadline::after(kHang));
  line.tally.waited(os::now_ns() - killed_at);
  if (line.tally.failed) throw Violation(line.tally.reason.data());
  if (!status)
    throw Violation(std::string(name) + " hangs: its peer was killed " +
                    std::to_string(kHang.count()) + " s ago");
  if (*status != os::ExitStatus::from_code(0))
    throw Violation(std::string(name) + " ended with " + status->to_string());
  victim.wait();
  ++line.tally.kills;
}

template <Pipe P>
void one_pipe(Line& line) {
  auto ends = P::make({});
  auto& [a, b] = ends;
  os::SharedObject<Traffic> traffic;
  const bool with_answers = line.pick(2) == 0;
  auto sender = os::Child::fork([&] {
    return peer_body(line.tally, "sender", [&] {
      ends.second.close();
      send_all(ends.first, *traffic, with_answers);
    });
  });
  auto receiver = os::Child::fork([&] {
    return peer_body(line.tally, "receiver", [&] {
      ends.first.close();
      receive_all(ends.second, *traffic, with_answers);
    });
  });
  a.close();
  b.close();
  const bool kills_sender = line.pick(1) == 0;
  if (kills_sender)
    kill_one_of_two(line, sender, receiver, "receiver");
  else
    kill_one_of_two(line, receiver, sender, "sender");
  line.tally.operations += static_cast<long>(traffic->received.load());
  // All that it had sent comes, and of what it was sending nothing or all. What a killed receiver
  // had not read goes with it.
  const auto sent = traffic->sent.load(), received = traffic->received.load();
  if (received > sent + 1 || (kills_sender && received < sent))
    throw Violation("of " + std::to_string(sent) + " messages sent " + std::to_string(received) +
                    " came");
  if (kills_sender && received == sent) ++line.tally.lost;
}

template <Pipe P>
void pipe_line(Line& line) {
  while (!line.is_over()) one_pipe<P>(line);
}

}  // namespace ipc::soak
