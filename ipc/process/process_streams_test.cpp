// What parent and child read and print: each text once, and a broken stream is no reason to fail.
#include <fcntl.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <iostream>
#include <thread>

#include "ipc/process/process.hpp"
#include "ipc/process/process_test_support.hpp"

namespace ipc {
namespace {

using test::exitcode_of;
using test::output_of;
using TypedProcess = test::LeavesNothing;

TEST_F(TypedProcess, AnUncaughtExceptionIsToldOnStderrWithExitCode1) {
  const auto text = output_of(STDERR_FILENO, [] {
    Process process{ProcessOptions{.name = "thrower"}, [] { throw std::runtime_error("boom"); }};
    process.start();
    process.join();
    Process other{ProcessOptions{.name = "odd"}, [] { throw 1; }};
    other.start();
    other.join();
    std::fprintf(stderr, "%d %d\n", *process.exitcode(), *other.exitcode());
  });
  EXPECT_EQ(text, "Process thrower: boom\nProcess odd: unknown exception\n1 1\n");
}

TEST_F(TypedProcess, ExitWithATextPutsItOnStderrWithExitCode1) {
  const auto text = output_of(STDERR_FILENO, [] {
    Process process{[] { ipc::exit("no more"); }};
    process.start();
    process.join();
    std::fprintf(stderr, "%d\n", *process.exitcode());
  });
  EXPECT_EQ(text, "no more\n1\n");
}

TEST_F(TypedProcess, StandardInputIsEmptyInTheChild) {
  EXPECT_EQ(exitcode_of([] { ipc::exit(std::getchar() == EOF && std::cin.get() == EOF ? 1 : 2); }),
            1);
}

TEST_F(TypedProcess, OutputOfBothAppearsOnceAndInOrder) {
  const auto text = output_of(STDOUT_FILENO, [] {
    std::printf("before ");
    Process process{[] { std::printf("child "); }};
    process.start();
    process.join();
    std::printf("after");
  });
  EXPECT_EQ(text, "before child after");
}

TEST_F(TypedProcess, OutputOfAnUnsynchronisedCoutAppearsOnceToo) {
  const auto text = output_of(STDOUT_FILENO, [] {
    Process early{[] {
      std::ios_base::sync_with_stdio(false);
      std::cout << "early ";
    }};
    early.start();
    early.join();
    std::ios_base::sync_with_stdio(false);
    std::cout << "before ";
    Process process{[] { std::cout << "child "; }};
    process.start();
    process.join();
    std::cout << "after" << std::flush;
  });
  EXPECT_EQ(text, "early before child after");
}

TEST_F(TypedProcess, WhatIsWrittenToAnyStreamIsOutAtTheEnd) {
  for (const bool is_wide : {false, true}) {
    const os::UniqueFd file(::memfd_create("output", MFD_CLOEXEC));
    FILE* const stream = ::fdopen(::dup(file.get()), "w");
    const auto put = [&](char letter) {
      return is_wide ? std::fputwc(static_cast<wchar_t>(letter), stream) != WEOF
                     : std::fputc(letter, stream) != EOF;
    };
    EXPECT_TRUE(put('a'));
    EXPECT_EQ(exitcode_of([&] { ipc::exit(put('b') ? 1 : 2); }), 1);
    EXPECT_TRUE(put('c'));
    EXPECT_EQ(std::fclose(stream), 0);
    std::array<char, 8> text{};
    EXPECT_EQ(::pread(file.get(), text.data(), text.size(), 0), 3);
    EXPECT_STREQ(text.data(), "abc") << "each once";
  }
}

TEST_F(TypedProcess, WhatTheParentHasReadAheadIsNotTheChilds) {
  const os::UniqueFd input(::memfd_create("input", MFD_CLOEXEC));
  ASSERT_EQ(::pwrite(input.get(), "abc", 3, 0), 3);
  EXPECT_EQ(test::in_child([&] {
              ::dup2(input.get(), STDIN_FILENO);
              const bool first = std::getchar() == 'a';
              const auto code = exitcode_of([] { ipc::exit(std::getchar() == EOF ? 1 : 2); });
              return first && code == 1 && std::getchar() == 'b';
            }),
            test::kSuccess);
}

TEST_F(TypedProcess, ABrokenStdoutIsNoReasonToFail) {
  EXPECT_EQ(test::in_child([] {
              std::array<int, 2> ends{};
              if (::pipe(ends.data()) != 0) return false;
              ::dup2(ends[1], STDOUT_FILENO);
              ::close(ends[0]);
              ::close(ends[1]);
              std::setvbuf(stdout, nullptr, _IOFBF, 4096);
              std::fputs("lost", stdout);
              return exitcode_of([] { std::fputs("lost too", stdout); }) == 0;
            }),
            test::kSuccess);
  EXPECT_EQ(test::in_child([] {
              ::close(STDIN_FILENO);
              ::close(STDOUT_FILENO);
              ::close(STDERR_FILENO);
              ::signal(SIGCHLD, SIG_IGN);
              return exitcode_of([] {
                       std::fputs("nowhere", stdout);
                       ipc::exit(3);
                     }) == 3;
            }),
            test::kSuccess);
}

TEST_F(TypedProcess, ABrokenStderrIsNoReasonToFailEither) {
  EXPECT_EQ(test::in_child([] {
              std::array<int, 2> ends{};
              if (::pipe(ends.data()) != 0) return false;
              ::dup2(ends[1], STDERR_FILENO);
              ::close(ends[0]);
              ::close(ends[1]);
              return exitcode_of([] { throw std::runtime_error("told to nobody"); }) == 1;
            }),
            test::kSuccess);
}

TEST_F(TypedProcess, StartsWhileOtherThreadsAllocateAndPrint) {
  EXPECT_EQ(test::in_child([] {
              std::atomic<bool> stop{false};
              const os::UniqueFd null(::open("/dev/null", O_WRONLY));
              ::dup2(null.get(), STDOUT_FILENO);
              std::thread busy([&] {
                while (!stop) std::printf("%s\n", std::string(100, 'x').c_str());
              });
              bool all = true;
              for (int i = 0; i < 200; ++i)
                all = all &&
                      exitcode_of([] { std::printf("%s", std::string(99, 'y').c_str()); }) == 0;
              stop = true;
              busy.join();
              return all;
            }),
            test::kSuccess);
}

}  // namespace
}  // namespace ipc
