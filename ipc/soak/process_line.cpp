#include "ipc/soak/process_line.hpp"

#include <unistd.h>

#include <thread>

#include "ipc/os/child.hpp"
#include "ipc/os/process_facts.hpp"
#include "ipc/process/process.hpp"
#include "ipc/soak/pool_line.hpp"

namespace ipc::soak {

namespace {

constexpr int kCode = 7;

/// Starts a daemon of its own, and ends after a while, or not at all.
void work(unsigned for_us) {
  Process daemon({.daemon = true}, [] {
    for (;;) ::pause();
  });
  daemon.start();
  if (for_us == 0) daemon.join();
  std::this_thread::sleep_for(std::chrono::microseconds(for_us));
  ipc::exit(kCode);
}

void one_process(Line& line) {
  const bool ends_itself = line.pick(2) == 0;
  Process process(work, ends_itself ? 1 + static_cast<unsigned>(line.pick(1000)) : 0);
  process.start();
  sleep_up_to(line, std::chrono::microseconds(2000));
  const std::int64_t killed_at = os::now_ns();
  process.kill();
  if (!process.join_for(kHang)) throw Violation("a killed process is not joined");
  line.tally.waited(os::now_ns() - killed_at);
  const auto code = process.exitcode();
  if (code != -SIGKILL && !(ends_itself && code == kCode))
    throw Violation("a killed process has exit code " +
                    (code ? std::to_string(*code) : std::string("none")));
  if (code == -SIGKILL) ++line.tally.kills;
  ++line.tally.operations;
  require_no_children();
}

}  // namespace

void process_line(Line& line) {
  os::become_subreaper();
  while (!line.is_over()) one_process(line);
}

}  // namespace ipc::soak
