// How a function and its arguments reach a worker, and its result comes back as bytes.
#pragma once

#include <exception>
#include <functional>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ipc/pool/contract.hpp"
#include "ipc/process/exit.hpp"
#include "ipc/wire/codec.hpp"

namespace ipc {

namespace pool {

/// How an argument travels: text as std::string, all else as a copy.
template <class T>
using Sent =
    std::conditional_t<std::is_convertible_v<T, std::string_view>, std::string, std::decay_t<T>>;

template <class F>
concept Stateless = (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>) ||
                    (std::is_empty_v<F> && std::default_initializable<F>);

template <class R>
concept Returnable = std::is_void_v<R> || wire::Encodable<R>;

/// How a function travels: its type says what it is, but for a function pointer, whose address is
/// good in all workers.
template <Stateless F>
std::uintptr_t address_of([[maybe_unused]] F function) {
  if constexpr (std::is_pointer_v<F>)
    return reinterpret_cast<std::uintptr_t>(function);
  else
    return 0;
}
template <Stateless F>
F function_at([[maybe_unused]] std::uintptr_t address) {
  if constexpr (std::is_pointer_v<F>)
    return reinterpret_cast<F>(address);
  else
    return F{};
}

/// One call of a function.
template <class F, class... Args>
struct Call {
  using R = std::decay_t<std::invoke_result_t<F, Args...>>;

  static Bytes encode(F function, std::tuple<Args...> arguments) {
    return wire::encode(Message(address_of(function), std::move(arguments)));
  }
  /// Runs in the worker.
  static void run(std::span<const std::byte> message, Bytes& result) {
    auto [address, arguments] = wire::decode<Message>(message);
    F function = function_at<F>(address);
    if constexpr (std::is_void_v<R>)
      std::apply(function, std::move(arguments));
    else
      wire::encode<R>(std::apply(function, std::move(arguments)), result);
  }

 private:
  using Message = std::pair<std::uintptr_t, std::tuple<Args...>>;
};

/// How the items of a map are given: each as the argument, or as a tuple of the arguments.
enum class Items { plain, tuples };

template <Items kItems, class F, class Item>
decltype(auto) call_with(F& function, Item&& item) {
  if constexpr (kItems == Items::tuples)
    return std::apply(function, std::forward<Item>(item));
  else
    return std::invoke(function, std::forward<Item>(item));
}

/// Calls of a function with each of some items: a task of a map.
template <Items kItems, class F, class Item>
struct Chunk {
  using Function = F;
  using Argument = Item;
  using R = std::decay_t<decltype(call_with<kItems>(std::declval<F&>(), std::declval<Item>()))>;
  /// A result; of a function without one, what stands for it.
  using Value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;
  using Values = std::vector<Value>;

  static Bytes encode(F function, std::vector<Item> items) {
    return wire::encode(Message(address_of(function), std::move(items)));
  }

  /// Runs in the worker: all items, whichever throw; then the first error.
  static void run(std::span<const std::byte> message, Bytes& result) {
    auto [address, items] = wire::decode<Message>(message);
    F function = function_at<F>(address);
    Values values;
    std::exception_ptr first;
    for (auto&& item : items) {
      try {
        values.push_back(value_of(function, Item(std::move(item))));
      } catch (const SystemExit&) {
        throw;
      } catch (...) {
        if (!first) first = std::current_exception();
      }
    }
    if (first) std::rethrow_exception(first);
    wire::encode(values, result);
  }

 private:
  using Message = std::pair<std::uintptr_t, std::vector<Item>>;

  static Value value_of(F& function, Item item) {
    if constexpr (std::is_void_v<R>) {
      call_with<kItems>(function, std::move(item));
      return {};
    } else {
      return call_with<kItems>(function, std::move(item));
    }
  }
};

template <class T>
struct AsTuple : std::false_type {};
template <class... T>
struct AsTuple<std::tuple<T...>> : std::true_type {
  template <class F>
  static constexpr bool kTakenBy = std::is_invocable_v<F, T...>;
};
template <class T, class U>
struct AsTuple<std::pair<T, U>> : AsTuple<std::tuple<T, U>> {};

}  // namespace pool

/// What a pool can run: a function pointer or a callable without captures, whose arguments and
/// result can be encoded.
template <class F, class... Args>
concept PoolTask = pool::Stateless<std::decay_t<F>> &&(wire::Encodable<pool::Sent<Args>>&&...) &&
                   std::is_invocable_v<std::decay_t<F>, pool::Sent<Args>...>&& pool::Returnable<
                       typename pool::Call<std::decay_t<F>, pool::Sent<Args>...>::R>;

/// The same with a std::tuple or std::pair of the arguments.
template <class F, class Tuple>
concept PoolStarTask = pool::Stateless<std::decay_t<F>> && wire::Encodable<Tuple> &&
    pool::AsTuple<Tuple>::template kTakenBy<std::decay_t<F>>&&
        pool::Returnable<typename pool::Chunk<pool::Items::tuples, std::decay_t<F>, Tuple>::R>;

}  // namespace ipc
