// How an exception that a task threw comes to the process of the pool, and is thrown again there.
#pragma once

#include <cxxabi.h>
#include <sys/types.h>
#include <unistd.h>

#include <any>
#include <array>
#include <cstdlib>
#include <functional>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>
#include <typeinfo>
#include <utility>
#include <variant>

#include "ipc/wire/codec.hpp"

namespace ipc {

/// What is told of an exception.
struct Thrown {
  std::string type;            ///< as std::type_info names it
  std::string text;            ///< its what()
  pid_t process = 0;           ///< that threw it
  std::int32_t category = -1;  ///< of a std::system_error, where it is one that every process has
  std::int32_t code = 0;

  [[nodiscard]] wire::Bytes encode() const {
    return wire::encode(std::tuple(type, text, process, category, code));
  }
  static Thrown decode(std::span<const std::byte> bytes) {
    auto [type, text, process, category, code] =
        wire::decode<std::tuple<std::string, std::string, pid_t, std::int32_t, std::int32_t>>(
            bytes);
    return {std::move(type), std::move(text), process, category, code};
  }

  static Thrown of(const std::exception& error) {
    Thrown thrown{typeid(error).name(), error.what(), ::getpid()};
    if (const auto* const system = dynamic_cast<const std::system_error*>(&error)) {
      const auto known = categories();
      for (std::size_t i = 0; i < known.size(); ++i)
        if (*known[i] == system->code().category()) thrown.category = static_cast<std::int32_t>(i);
      thrown.code = system->code().value();
    }
    // What streams throw is of a nameless type below it.
    if (dynamic_cast<const std::ios_base::failure*>(&error))
      thrown.type = typeid(std::ios_base::failure).name();
    return thrown;
  }
  /// Of the exception being handled, which is no std::exception.
  static Thrown of_current() {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    return {type ? type->name() : "", "not a std::exception", ::getpid()};
  }

  static std::array<const std::error_category*, 3> categories() {
    return {&std::generic_category(), &std::system_category(), &std::iostream_category()};
  }
};

/// Where an exception was thrown: a base of every Remote<E>, and of RemoteError.
class RemoteOrigin {
 public:
  explicit RemoteOrigin(Thrown thrown)
      : thrown_(std::make_shared<const Thrown>(std::move(thrown))) {}

  /// The process that threw it: a worker, or the pool's own when a task or its result could not be
  /// sent or received there.
  [[nodiscard]] pid_t process() const noexcept { return thrown_->process; }
  /// The name of its type, as a person writes it.
  [[nodiscard]] std::string type() const {
    int failed = 0;
    const std::unique_ptr<char, decltype(&std::free)> name(
        abi::__cxa_demangle(thrown_->type.c_str(), nullptr, nullptr, &failed), &std::free);
    return name ? name.get() : thrown_->type;
  }
  /// "std::out_of_range in process 1234: too far".
  [[nodiscard]] std::string report() const {
    return type() + " in process " + std::to_string(process()) + ": " + thrown_->text;
  }

 protected:
  [[nodiscard]] const Thrown& thrown() const noexcept { return *thrown_; }
  /// A copied exception must not throw, so its copies share one text.
  [[nodiscard]] const char* text() const noexcept { return thrown_->text.c_str(); }

 private:
  std::shared_ptr<const Thrown> thrown_;
};

/// An exception of another process, made again: an E as it was, with its text and its error code.
template <class E>
class Remote : public E, public RemoteOrigin {
 public:
  template <class... Args>
  explicit Remote(RemoteOrigin origin, Args&&... base)
      : E(std::forward<Args>(base)...), RemoteOrigin(std::move(origin)) {}
  [[nodiscard]] const char* what() const noexcept override { return text(); }
};

/// The same for an exception of a type that is not made again: its text, and its type's name.
class RemoteError : public std::runtime_error, public RemoteOrigin {
 public:
  explicit RemoteError(const Thrown& thrown)
      : std::runtime_error(thrown.text), RemoteOrigin(thrown) {}
};

namespace remote {

/// Throws a Remote<E> if an E was thrown.
template <class E>
void rethrow_if(const Thrown& thrown) {
  if (thrown.type != typeid(E).name()) return;
  RemoteOrigin origin(thrown);
  if constexpr (std::is_base_of_v<std::system_error, E>) {
    if (thrown.category < 0) return;  // a category of the program's own has no name here
    const auto& category = *Thrown::categories().at(static_cast<std::size_t>(thrown.category));
    const std::error_code code(thrown.code, category);
    if constexpr (std::is_constructible_v<E, std::error_code>)
      throw Remote<E>(std::move(origin), code);
    else
      throw Remote<E>(std::move(origin), thrown.text, code);
  } else if constexpr (std::is_constructible_v<E, std::string>) {
    throw Remote<E>(std::move(origin), thrown.text);
  } else {
    throw Remote<E>(std::move(origin));
  }
}

template <class... Known>
void rethrow_if_one_of(const Thrown& thrown) {
  (rethrow_if<Known>(thrown), ...);
}

/// Throws what a task threw: exceptions of the standard library as Remote<E>, others as
/// RemoteError.
[[noreturn]] inline void rethrow(const Thrown& thrown) {
  rethrow_if_one_of<std::logic_error, std::domain_error, std::invalid_argument, std::length_error,
                    std::out_of_range, std::runtime_error, std::range_error, std::overflow_error,
                    std::underflow_error>(thrown);
  rethrow_if_one_of<std::system_error, std::ios_base::failure>(thrown);
  rethrow_if_one_of<std::exception, std::bad_alloc, std::bad_array_new_length, std::bad_cast,
                    std::bad_any_cast, std::bad_typeid, std::bad_optional_access,
                    std::bad_variant_access, std::bad_function_call, std::bad_weak_ptr>(thrown);
  throw RemoteError(thrown);
}

}  // namespace remote

}  // namespace ipc
