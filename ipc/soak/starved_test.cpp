// Where something is missing, each object works, or says in one line what is missing: it never
// hangs, kills or leaves anything.
#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "ipc/os/pipe_ends.hpp"
#include "ipc/os/process_facts.hpp"
#include "ipc/os/test_support.hpp"
#include "ipc/process/exit_program.hpp"
#include "ipc/soak/leftovers.hpp"
#include "ipc/soak/starved_test_support.hpp"
#include "ipc/soak/use_once.hpp"

namespace ipc::soak {
namespace {

using test::Starvation;

/// What became of one object: the first word, and why.
struct Outcome {
  enum class Kind { works, unavailable, throws, bad } kind = Kind::bad;
  std::string text;

  [[nodiscard]] bool is_one_line() const {
    return !text.empty() && text.find('\n') == std::string::npos;
  }
};

/// Counted without opening any.
long open_descriptors() {
  long count = 0;
  for (int fd = 0; fd < 64; ++fd) count += ::fcntl(fd, F_GETFD) != -1 ? 1 : 0;
  return count;
}

/// In the process that is starved.
template <class B>
Outcome try_out() {
  try {
    if constexpr (os::Backend<B>) {
      if (const auto reason = B::unavailable()) return {Outcome::Kind::unavailable, *reason};
    }
    use_once<B>();
    return {Outcome::Kind::works, ""};
  } catch (const std::system_error& error) {
    return {Outcome::Kind::throws, error.what()};
  } catch (const std::exception& error) {
    return {Outcome::Kind::bad, error.what()};
  }
}

template <class B>
Outcome try_out_in(const Starvation& starvation) {
  // UBSan examines the first object of each type through a pipe, for which there is no room later.
  if (starvation.enter == test::kNoDescriptors.enter) use_once<B>();
  starvation.enter();
  ::alarm(30);
  const long before = open_descriptors();
  Outcome outcome = try_out<B>();
  if (open_descriptors() != before) return {Outcome::Kind::bad, "leaves a descriptor"};
  test::lift_descriptor_limit();  // to look for the rest
  if (!os::children_of(::getpid()).empty()) return {Outcome::Kind::bad, "leaves a child"};
  if (!names_of(::getpid()).empty()) return {Outcome::Kind::bad, "leaves a name"};
  return outcome;
}

/// Runs it in a child, whose death is an outcome too.
template <class B>
Outcome outcome_of(const Starvation& starvation) {
  os::PipeEnds report = os::PipeEnds::make();
  auto child = os::Child::fork([&] {
    const Outcome outcome = try_out_in<B>(starvation);
    const std::string text = outcome.text.substr(0, 2000);
    if (!text.empty()) os::check(::write(report.write.get(), text.data(), text.size()), "write");
    return static_cast<int>(outcome.kind);
  });
  report.write.reset();
  std::array<char, 2048> buffer;
  const auto size =
      os::retry_eintr([&] { return ::read(report.read.get(), buffer.data(), buffer.size()); });
  const auto status = child.wait();
  if (!status.exited()) return {Outcome::Kind::bad, status.to_string()};
  return {static_cast<Outcome::Kind>(status.code()),
          std::string(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)))};
}

/// Whether it can be entered here at all; the reason if not.
os::Unavailable cannot_enter(const Starvation& starvation) {
  const auto status = test::in_child([&] {
    try {
      starvation.enter();
      return true;
    } catch (const std::system_error& error) {
      ::_exit(error.code().value());
    }
  });
  if (status == test::kSuccess) return std::nullopt;
  return std::string(starvation.name) + " needs privileges that this process lacks: " +
         std::generic_category().message(status.code());
}

/// Those that fail, by noun and name, and what their reason must name. All others must work, or,
/// where there is a reason for kTheRest, may fail for that.
using Failures = std::map<std::string, std::string>;
const char* const kTheRest = "the rest";

class Starved : public test::LeavesNothing {
 protected:
  /// Tries every object there is.
  static void expect_all_but(const Starvation& starvation, const Failures& failures) {
    if (const auto reason = cannot_enter(starvation)) GTEST_SKIP() << *reason;
    std::set<std::string> seen;
    std::ostringstream told;
    int works = 0;
    for_each_object([&]<class B>(std::type_identity<B>, const char* noun) {
      const std::string name = std::string(noun) + " " + std::string(B::kName);
      if (const auto plain = outcome_of<B>(test::kPlain); plain.kind != Outcome::Kind::works) {
        told << "  " << name << " does not work here anyway: " << plain.text << '\n';
        seen.insert(name);
        return;
      }
      const auto outcome = outcome_of<B>(starvation);
      if (outcome.kind == Outcome::Kind::works)
        ++works;
      else
        told << "  " << name << ' ' << word(outcome.kind) << ": " << outcome.text << '\n';
      if (const auto failure = failures.find(name); failure != failures.end()) {
        seen.insert(name);
        EXPECT_TRUE(is_named(outcome, failure->second)) << name;
      } else if (outcome.kind != Outcome::Kind::works) {
        const auto rest = failures.find(kTheRest);
        EXPECT_TRUE(rest != failures.end() && is_named(outcome, rest->second))
            << name << ' ' << word(outcome.kind) << ": " << outcome.text;
      }
    });
    for (const auto& [name, text] : failures)
      EXPECT_TRUE(name == kTheRest || seen.contains(name)) << "there is no " << name;
    std::cout << starvation.name << ": " << works << " work\n" << told.str();
  }

  static const char* word(Outcome::Kind kind) {
    switch (kind) {
      case Outcome::Kind::works:
        return "works";
      case Outcome::Kind::unavailable:
        return "is unavailable";
      case Outcome::Kind::throws:
        return "throws";
      default:
        return "FAILS";
    }
  }

  static testing::AssertionResult is_named(const Outcome& outcome, const std::string& text) {
    const bool said =
        outcome.kind == Outcome::Kind::unavailable || outcome.kind == Outcome::Kind::throws;
    if (said && outcome.is_one_line() && outcome.text.find(text) != std::string::npos)
      return testing::AssertionSuccess();
    return testing::AssertionFailure()
           << word(outcome.kind) << ": '" << outcome.text << "' instead of naming '" << text << "'";
  }
};

const char* const kNoSpace = "No space left on device";

TEST_F(Starved, WithoutSpaceInSharedMemoryWhatLivesThereIsUnavailable) {
  expect_all_but(test::kNoSharedMemory, {{"shared posix_shm_atomic", "has 0"},
                                         {"shared boost_managed_atomic", "/dev/shm"},
                                         {"queue boost_mq", "/dev/shm"},
                                         {"semaphore posix_named", kNoSpace}});
}

TEST_F(Starved, WithSixteenDescriptorsAllWorks) {
  expect_all_but(test::kFewDescriptors, {});
}

TEST_F(Starved, WithoutADescriptorWhatNeedsOneSaysSo) {
  const char* const kError = "Too many open files";
  expect_all_but(test::kNoDescriptors, {{"pipe pipe", kError},
                                        {"pipe tcp_loopback", kError},
                                        {"queue posix_mq", kError},
                                        {"queue packet_pipe", kError},
                                        {"shared memfd_atomic", kError},
                                        {"semaphore eventfd", kError},
                                        {"notify signalfd", kError},
                                        {kTheRest, kError}});
}

TEST_F(Starved, WithoutMessageQueuesThePosixQueueIsUnavailable) {
  expect_all_but(test::kNoMessageQueues, {{"queue posix_mq", "RLIMIT_MSGQUEUE"}});
}

Failures sysv_ones(const char* error) {
  return {{"queue sysv_msg", error}, {"semaphore sysv", error}, {"shared sysv_shm_atomic", error}};
}

TEST_F(Starved, WithoutSystemVExactlyItsObjectsAreUnavailable) {
  expect_all_but(test::kSysvMissing, sysv_ones("Function not implemented"));
}

TEST_F(Starved, WithSystemVForbiddenExactlyItsObjectsAreUnavailable) {
  expect_all_but(test::kSysvForbidden, sysv_ones("Operation not permitted"));
}

TEST_F(Starved, WithTheCallsOfLinux419AllButOneStarterWorks) {
  expect_all_but(test::kOldKernel, {{"process clone3_pidfd", "Function not implemented"}});
}

TEST_F(Starved, OnOneCpuAllWorks) {
  expect_all_but(test::kOneCpu, {});
}

TEST_F(Starved, OnReadOnlyFileSystemsWhatNeedsANameThereIsUnavailable) {
  const char* const kError = "Read-only file system";
  expect_all_but(test::kReadOnly, {{"pipe fifo", kError},
                                   {"shared mapped_file_atomic", kError},
                                   {"shared posix_shm_atomic", kError},
                                   {"shared boost_managed_atomic", kError},
                                   {"queue boost_mq", kError},
                                   {"semaphore posix_named", kError}});
}

/// The starters that execute the program beside this one, and what they say where another user may
/// not reach that, as below the home of root.
Failures unreachable_program() {
  const auto reach = [] {
    test::kNobody.enter();
    return !exit_program::unavailable();
  };
  if (::geteuid() != 0 || test::in_child(reach) == test::kSuccess) return {};
  return {{"process posix_spawn", "Permission denied"}, {"process fork_exec", "Permission denied"}};
}

TEST_F(Starved, AsAnUnprivilegedUserAllWorks) {
  expect_all_but(test::kNobody, unreachable_program());
}

TEST_F(Starved, WithoutAnotherProcessWhatNeedsOneSaysSo) {
  const char* const kError = "Resource temporarily unavailable";
  Failures failures = unreachable_program();
  failures.emplace(kTheRest, kError);
  for (const char* name :
       {"process fork", "process vfork", "process clone3_pidfd", "process posix_spawn",
        "process fork_exec", "process double_fork", "process fork_sigchld_ignored",
        "process thread", "pipe process_vm_readv", "pool shm_ring", "pool shm_ring_spin",
        "pool shm_ring_block", "pool shared_queue", "pool worker_channel", "pool fork_per_task",
        "pool threads", "typed Process", "typed Pool"})
    failures.emplace(name, kError);
  expect_all_but(test::kNoProcesses, failures);
}

}  // namespace
}  // namespace ipc::soak
