#include "bench/run/interruption.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include "ipc/os/error.hpp"

namespace bench::run {

using ipc::os::check;

namespace {

bool is_ignored(int number) {
  struct sigaction current {};
  check(::sigaction(number, nullptr, &current), "sigaction");
  return current.sa_handler == SIG_IGN;
}

}  // namespace

Interruption::Interruption() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  // A blocked signal is queued even when it is ignored, so leave the ignored ones alone.
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    if (!is_ignored(number)) ::sigaddset(&wanted, number);
  check(::sigprocmask(SIG_BLOCK, &wanted, &before_), "sigprocmask");
  fd_.reset(check(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
}

Interruption::~Interruption() {
  // What still waits was meant for the run that is over; unblocked it would end this process.
  signalfd_siginfo late;
  while (::read(fd_.get(), &late, sizeof late) > 0) {
  }
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> Interruption::signal() {
  signalfd_siginfo info;
  if (!signal_ && ::read(fd_.get(), &info, sizeof info) == sizeof info)
    signal_ = static_cast<int>(info.ssi_signo);
  return signal_;
}

}  // namespace bench::run
