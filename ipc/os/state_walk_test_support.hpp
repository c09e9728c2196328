// Walks through every state that a model of a protocol can reach, once each.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ipc::test {

/// States are told apart by their bytes: a model sets what no longer matters to one value.
template <class State>
class StateWalk {
  static_assert(std::has_unique_object_representations_v<State>);

 public:
  void visit(const State& state) {
    if (seen_.insert(state).second) open_.push_back(state);
  }
  /// Ends the walk; of several only the first counts.
  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }
  /// Lets `explore` visit the successors of every state; gives what failed, nothing when none did.
  template <class Explore>
  std::string run(Explore explore) {
    while (!open_.empty() && error_.empty()) {
      const State state = open_.back();
      open_.pop_back();
      explore(state);
    }
    return error_;
  }

 private:
  static std::string_view bytes_of(const State& state) {
    return {reinterpret_cast<const char*>(&state), sizeof state};
  }
  struct Hash {
    std::size_t operator()(const State& state) const {
      return std::hash<std::string_view>{}(bytes_of(state));
    }
  };
  struct Same {
    bool operator()(const State& a, const State& b) const { return bytes_of(a) == bytes_of(b); }
  };

  std::unordered_set<State, Hash, Same> seen_;
  std::vector<State> open_;
  std::string error_;
};

}  // namespace ipc::test
