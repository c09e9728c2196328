// A list of types, for the table of backends.
#pragma once

#include <type_traits>

namespace ipc::os {

template <class... T>
struct TypeList {
  /// The same types as arguments of another template.
  template <template <class...> class Other>
  using Apply = Other<T...>;

  /// Calls visit(std::type_identity<T>{}) for each, in order.
  template <class Visit>
  static void for_each([[maybe_unused]] Visit visit) {
    (visit(std::type_identity<T>{}), ...);
  }
};

}  // namespace ipc::os
