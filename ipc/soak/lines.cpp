#include "ipc/soak/lines.hpp"

#include "ipc/backends.hpp"
#include "ipc/soak/lock_line.hpp"
#include "ipc/soak/pipe_line.hpp"
#include "ipc/soak/pool_line.hpp"
#include "ipc/soak/process_line.hpp"
#include "ipc/soak/queue_line.hpp"
#include "ipc/soak/semaphore_line.hpp"
#include "ipc/soak/sync_lines.hpp"

namespace ipc::soak {

namespace {

os::Unavailable always_there() {
  return std::nullopt;
}

template <class B>
LineEntry of_backend(const char* family, void (*run)(Line&)) {
  return {family, std::string(B::kName), run, B::unavailable};
}
LineEntry of_object(const char* name, void (*run)(Line&)) {
  return {"sync", name, run, always_there};
}

template <class B>
constexpr bool has_robust_guard = requires {
  requires B::Guard::kRobust;
};

}  // namespace

std::vector<LineEntry> survivor_lines() {
  std::vector<LineEntry> lines;
  Queues::for_each([&]<class Q>(std::type_identity<Q>) {
    if constexpr (Q::kSurvivesKill) lines.push_back(of_backend<Q>("queue", queue_line<Q>));
  });
  Pipes::for_each([&]<class P>(std::type_identity<P>) {
    lines.push_back(of_backend<P>("pipe", pipe_line<P>));
  });
  SharedMemories::for_each([&]<class B>(std::type_identity<B>) {
    if constexpr (has_robust_guard<B>)
      lines.push_back(of_backend<B>("lock", lock_line<SilentDoor<typename B::Guard>>));
  });
  Semaphores::for_each([&]<class S>(std::type_identity<S>) {
    if constexpr (S::kSurvivesKill) lines.push_back(of_backend<S>("semaphore", semaphore_line<S>));
  });
  lines.push_back(of_object("Lock", lock_line<TellingDoor<Lock>>));
  lines.push_back(of_object("RLock", lock_line<TellingDoor<RLock>>));
  lines.push_back(of_object("BoundedSemaphore", semaphore_line<BoundedSemaphore>));
  lines.push_back(of_object("Event", event_line));
  lines.push_back(of_object("Condition", condition_line));
  lines.push_back(of_object("Barrier", barrier_line));
  Pools::for_each([&]<class P>(std::type_identity<P>) {
    if constexpr (!P::kInProcess) lines.push_back(of_backend<P>("pool", pool_line<P>));
  });
  lines.push_back({"process", "Process", process_line, always_there});
  return lines;
}

}  // namespace ipc::soak
