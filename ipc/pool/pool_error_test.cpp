// What a task threw comes back; what became of a task is told to callbacks.
#include <fstream>
#include <set>

#include "ipc/pool/pool_test_support.hpp"

namespace ipc {

namespace {

/// A value whose encoding or decoding throws.
struct Unsendable {
  enum class When : std::uint8_t { encoded, decoded } when{};

  template <class Archive>
  void save(Archive& archive) const {
    if (when == When::encoded) throw std::invalid_argument("cannot be encoded");
    archive(when);
  }
  template <class Archive>
  void load(Archive&) {
    throw std::invalid_argument("cannot be decoded");
  }
};

using namespace std::chrono_literals;
using namespace test;

class PoolErrors : public WithBoard {
 protected:
  void SetUp() override {
    WithBoard::SetUp();
    pool_.emplace(1);
  }
  void TearDown() override {
    pool_.reset();
    WithBoard::TearDown();
  }
  std::optional<Pool<>> pool_;
};

/// The exception that a task's result throws, as an E.
template <class E, class Task, class... Args>
std::optional<E> error_from(Pool<>& pool, Task task, Args... args) {
  try {
    pool.apply(task, args...);
  } catch (const E& error) {
    return error;
  }
  return std::nullopt;
}

template <class E>
void expect_comes_back(Pool<>& pool) {
  const auto error = error_from<Remote<E>>(pool, [] { throw E("a text: with a colon"); });
  ASSERT_TRUE(error) << typeid(E).name();
  EXPECT_STREQ(error->what(), "a text: with a colon");
  const E& base = *error;
  EXPECT_STREQ(base.what(), "a text: with a colon");
}

TEST_F(PoolErrors, TheExceptionsOfStdexceptComeBackAsTheyWere) {
  expect_comes_back<std::logic_error>(*pool_);
  expect_comes_back<std::domain_error>(*pool_);
  expect_comes_back<std::invalid_argument>(*pool_);
  expect_comes_back<std::length_error>(*pool_);
  expect_comes_back<std::out_of_range>(*pool_);
  expect_comes_back<std::runtime_error>(*pool_);
  expect_comes_back<std::range_error>(*pool_);
  expect_comes_back<std::overflow_error>(*pool_);
  expect_comes_back<std::underflow_error>(*pool_);
  EXPECT_EQ(pool_->apply(square, 3), 9);
}

TEST_F(PoolErrors, TheyAreCaughtAsOneCatchesThemInTheTask) {
  EXPECT_THROW(pool_->apply([] { return std::vector<int>{}.at(1); }), std::out_of_range);
  EXPECT_THROW(pool_->apply([] { return std::stoi("x"); }), std::logic_error);
}

TEST_F(PoolErrors, TheyTellWhereTheyWereThrown) {
  const pid_t worker = pool_->apply(::getpid);
  const auto error =
      error_from<Remote<std::out_of_range>>(*pool_, [] { throw std::out_of_range("too far"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->process(), worker);
  EXPECT_EQ(error->type(), "std::out_of_range");
  EXPECT_EQ(error->report(),
            "std::out_of_range in process " + std::to_string(worker) + ": too far");
  EXPECT_TRUE(error_from<RemoteOrigin>(*pool_, [] { throw std::out_of_range("too far"); }));
}

TEST_F(PoolErrors, SystemErrorsKeepTheirCode) {
  const auto error = error_from<Remote<std::system_error>>(
      *pool_, [] { os::throw_error(ENOENT, "open /nowhere"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), std::error_code(ENOENT, std::system_category()));
  EXPECT_EQ(error->code(), std::errc::no_such_file_or_directory);
  EXPECT_STREQ(error->what(), "open /nowhere: No such file or directory");
  const auto generic = error_from<std::system_error>(
      *pool_, [] { throw std::system_error(std::make_error_code(std::errc::io_error)); });
  ASSERT_TRUE(generic);
  EXPECT_EQ(generic->code().category(), std::generic_category());
}

TEST_F(PoolErrors, StreamFailuresKeepTheirCode) {
  const auto error = error_from<Remote<std::ios_base::failure>>(*pool_, [] {
    std::ifstream file;
    file.exceptions(std::ios_base::failbit);
    file.open("/nowhere");
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), std::io_errc::stream);
}

TEST_F(PoolErrors, ACategoryOfTheProgramsOwnIsARemoteError) {
  struct Own : std::error_category {
    [[nodiscard]] const char* name() const noexcept override { return "own"; }
    [[nodiscard]] std::string message(int) const override { return "mine"; }
  };
  const auto error = error_from<RemoteError>(*pool_, [] {
    static const Own own;
    throw std::system_error(1, own, "call");
  });
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->what(), "call: mine");
  EXPECT_EQ(error->type(), "std::system_error");
}

TEST_F(PoolErrors, ExceptionsWithoutATextComeBackToo) {
  const auto error = error_from<Remote<std::bad_alloc>>(*pool_, [] { throw std::bad_alloc(); });
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->what(), std::bad_alloc().what());
  EXPECT_TRUE(error_from<Remote<std::bad_optional_access>>(
      *pool_, [] { return std::optional<int>().value(); }));
}

TEST_F(PoolErrors, UnknownTypesAreRemoteErrorsWithTheirNameAndText) {
  struct Odd : std::exception {
    Odd(int first, const char* second) : text(second + std::to_string(first)) {}
    [[nodiscard]] const char* what() const noexcept override { return text.c_str(); }
    std::string text;
  };
  const pid_t worker = pool_->apply(::getpid);
  const auto odd = error_from<RemoteError>(*pool_, [] { throw Odd(1, "odd "); });
  ASSERT_TRUE(odd);
  EXPECT_STREQ(odd->what(), "odd 1");
  EXPECT_NE(odd->type().find("Odd"), std::string::npos);
  EXPECT_EQ(odd->process(), worker);
  const auto number = error_from<RemoteError>(*pool_, [] { throw 5; });
  ASSERT_TRUE(number);
  EXPECT_EQ(number->type(), "int");
  EXPECT_STREQ(number->what(), "not a std::exception");
  EXPECT_EQ(pool_->apply(::getpid), worker) << "the worker goes on";
}

TEST_F(PoolErrors, AResultThatCannotBeEncodedIsAnErrorAndLosesNoWorker) {
  const pid_t worker = pool_->apply(::getpid);
  for (int i = 0; i < 20; ++i) {
    EXPECT_THROW(pool_->apply([] { return Unsendable{Unsendable::When::encoded}; }),
                 Remote<std::invalid_argument>);
    EXPECT_THROW(pool_->apply([] { return Unsendable{Unsendable::When::decoded}; }),
                 std::invalid_argument);
  }
  EXPECT_EQ(pool_->apply(::getpid), worker);
}

TEST_F(PoolErrors, ArgumentsThatCannotBeEncodedOrDecodedAreErrorsAndLoseNoWorker) {
  const pid_t worker = pool_->apply(::getpid);
  for (int i = 0; i < 20; ++i) {
    EXPECT_THROW(pool_->apply_async([](Unsendable) {}, Unsendable{Unsendable::When::encoded}),
                 std::invalid_argument);
    EXPECT_THROW(pool_->apply([](Unsendable) {}, Unsendable{Unsendable::When::decoded}),
                 Remote<std::invalid_argument>);
  }
  EXPECT_EQ(pool_->apply(::getpid), worker);
}

TEST_F(PoolErrors, ALargeErrorIsWhole) {
  const auto error = error_from<std::runtime_error>(
      *pool_, [] { throw std::runtime_error(std::string(1'000'000, 'x')); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->what(), std::string(1'000'000, 'x'));
}

/// Counts the calls of callbacks, and keeps what they were told last.
struct Told {
  int values = 0, errors = 0, value = 0;
  std::string error;

  Callbacks<int> callbacks() {
    return {.callback =
                [this](const int& given) {
                  ++values;
                  value = given;
                },
            .error_callback =
                [this](const std::exception_ptr& given) {
                  ++errors;
                  try {
                    std::rethrow_exception(given);
                  } catch (const std::exception& thrown) {
                    error = thrown.what();
                  }
                }};
  }
};

int fail_if_negative(int value) {
  if (value < 0) throw std::out_of_range("negative");
  if (value == 0) ::_exit(3);
  return value;
}

TEST_F(PoolErrors, ExactlyOneCallbackIsCalledOnce) {
  Told told;
  const auto result = pool_->apply_async(told.callbacks(), fail_if_negative, 5);
  EXPECT_EQ(told.values, 0) << "not without a call that takes the result in";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(result.get(), 5);
  EXPECT_EQ(told.value, 5);
  const auto failed = pool_->apply_async(told.callbacks(), fail_if_negative, -1);
  for (int i = 0; i < 3; ++i) EXPECT_THROW(failed.get(), std::out_of_range);
  EXPECT_EQ(told.error, "negative");
  pool_->close();
  pool_->join();
  EXPECT_EQ(told.values, 1);
  EXPECT_EQ(told.errors, 1);
}

TEST_F(PoolErrors, CallbacksOfForgottenResultsAreCalledByJoin) {
  Told told;
  for (int i = 1; i <= 100; ++i) pool_->apply_async(told.callbacks(), fail_if_negative, i);
  pool_->apply_async(told.callbacks(), fail_if_negative, 0);
  pool_->close();
  pool_->join();
  EXPECT_EQ(told.values, 100);
  EXPECT_EQ(told.errors, 1);
  EXPECT_EQ(told.error, "the worker was lost: exit code 3");
}

TEST_F(PoolErrors, TerminateTellsTheCallbacksOfWhatItGaveUp) {
  Told told;
  pool_->apply_async(nap_forever);
  for (int i = 1; i <= 10; ++i) pool_->apply_async(told.callbacks(), fail_if_negative, i);
  pool_->terminate();
  EXPECT_EQ(told.values, 0);
  EXPECT_EQ(told.errors, 10);
  EXPECT_EQ(told.error, PoolTerminated().what());
}

TEST_F(PoolErrors, ADestroyedPoolCallsNobody) {
  Told told;
  {
    Pool pool{1};
    pool.apply_async(nap_forever);
    pool.apply_async(told.callbacks(), fail_if_negative, 1);
  }
  EXPECT_EQ(told.values + told.errors, 0);
}

TEST_F(PoolErrors, CallbacksOfTasksWithoutAResult) {
  int called = 0;
  pool_->apply_async({.callback = [&] { ++called; }}, [] {}).get();
  EXPECT_EQ(called, 1);
}

TEST_F(PoolErrors, ACallbackMayUseThePool) {
  int last = 0;
  const std::function<void(const int&)> again = [&](const int& value) {
    last = value;
    if (value < 5)
      pool_->apply_async(
          {.callback = again}, [](int old) { return old + 1; }, value);
  };
  pool_->apply_async({.callback = again}, [] { return 1; });
  while (last < 5) pool_->apply([] {});
  EXPECT_EQ(last, 5);
}

TEST_F(PoolErrors, WhatACallbackThrowsComesOutOfThatCallAndTheResultStays) {
  const auto result = pool_->apply_async(
      {.callback = [](const int&) { throw std::runtime_error("from the callback"); }}, square, 3);
  EXPECT_THROW(result.wait(), std::runtime_error);
  EXPECT_EQ(result.get(), 9);
  pool_->apply_async({.callback = [](const int&) { throw 5; }}, square, 3);
  pool_->close();
  EXPECT_THROW(pool_->join(), int);
  pool_->join();
}

}  // namespace
}  // namespace ipc
