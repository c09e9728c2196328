#include "ipc/capabilities.hpp"

#include <climits>
#include <concepts>
#include <initializer_list>
#include <utility>

#include "ipc/backends.hpp"

namespace ipc {

namespace {

constexpr const char* kKeptInKernel =
    "is left in the kernel when its creator is killed, until `ipcmark clean`";

/// The words whose condition holds.
std::vector<std::string> those(std::initializer_list<std::pair<bool, std::string>> lacks) {
  std::vector<std::string> words;
  for (const auto& [holds, text] : lacks)
    if (holds) words.push_back(text);
  return words;
}

template <Starter S>
std::vector<std::string> lacks_of_process() {
  return those({{!S::kHasStatus, "no exit status of the child"}});
}

template <Pipe P>
std::vector<std::string> lacks_of_pipe() {
  using End = typename P::End;
  return those(
      {{send_waits_for_reader<End>, "holds no message: send waits until it is read"},
       {misses_a_gone_reader<End>, "sends may be lost before they tell that the reader is gone"}});
}

template <ByteQueue Q>
std::vector<std::string> lacks_of_queue() {
  return those({{!Q::kHasTimed, "no timed put or get"},
                {!Q::kHasSize, "no size, nor full or empty"},
                {!Q::kSurvivesKill, "a killed process may block the others"},
                {Q::kNeedsReclaim, kKeptInKernel},
                {Q::kMostMessageBytes != kAnyMessageBytes,
                 "no message over " + std::to_string(Q::kMostMessageBytes) + " bytes"},
                {!UnboundedByteQueue<Q>, "no queue without a maxsize"}});
}

template <SharedBackend B>
std::vector<std::string> lacks_of_shared() {
  if constexpr (std::same_as<typename B::Guard, Atomic>)
    return {"no lock, so only types that the processor changes in one step"};
  else
    return those({{!B::Guard::kRobust, "a killed holder keeps the lock for ever"},
                  {!B::Guard::kInStorage, "its lock cannot guard another value too"}});
}

template <CountingSemaphore S>
std::vector<std::string> lacks_of_semaphore() {
  return those({{!S::kHasValue, "no value"},
                {!S::kChecksOverflow, "a release beyond the largest count may not throw"},
                {S::kMaxCount < INT_MAX, "no count above " + std::to_string(S::kMaxCount)},
                {!S::kSurvivesKill, "a waiter killed while it is woken may take a unit along"},
                {S::kNeedsReclaim, kKeptInKernel}});
}

template <Notifier N>
std::vector<std::string> lacks_of_notify() {
  return {};
}

template <TaskPool P>
std::vector<std::string> lacks_of_pool() {
  return those({{P::kInProcess, "its workers are threads: a task that dies ends them all"},
                {!P::kPullsTasks, "a worker's next task is sent only in a later call on the pool"},
                {!P::kCountsTasksPerChild, "no max_tasks_per_child"}});
}

/// Appends a noun's backends; `lacks` gives those of one type.
template <class Backends, class LacksOf>
void append(std::vector<Capabilities>& all, std::string_view noun, LacksOf lacks) {
  Backends::for_each([&]<class B>(std::type_identity<B> backend) {
    all.push_back({noun, B::kName, B::unavailable(), lacks(backend)});
  });
}

}  // namespace

std::vector<Capabilities> capabilities() {
  std::vector<Capabilities> all;
  append<Starters>(all, "process",
                   []<class S>(std::type_identity<S>) { return lacks_of_process<S>(); });
  append<Pipes>(all, "pipe", []<class P>(std::type_identity<P>) { return lacks_of_pipe<P>(); });
  append<Queues>(all, "queue", []<class Q>(std::type_identity<Q>) { return lacks_of_queue<Q>(); });
  append<SharedMemories>(all, "shared",
                         []<class B>(std::type_identity<B>) { return lacks_of_shared<B>(); });
  append<Semaphores>(all, "semaphore",
                     []<class S>(std::type_identity<S>) { return lacks_of_semaphore<S>(); });
  append<Notifiers>(all, "notify",
                    []<class N>(std::type_identity<N>) { return lacks_of_notify<N>(); });
  append<Pools>(all, "pool", []<class P>(std::type_identity<P>) { return lacks_of_pool<P>(); });
  return all;
}

}  // namespace ipc
