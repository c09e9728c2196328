// Lifecycle: what it costs to create an object of each kind, until a second process has used it for
// the first time, and to destroy it.
#include <unistd.h>

#include <array>
#include <cstring>
#include <new>

#include "bench/fork_cost/objects.hpp"
#include "bench/fork_cost/themes.hpp"
#include "ipc/os/error.hpp"
#include "ipc/os/shared_mapping.hpp"
#include "ipc/process/pid_child.hpp"

namespace bench::fork_cost {
namespace {

namespace os = ipc::os;

/// Objects that live side by side, each made in its place.
template <class T>
class Objects {
 public:
  Objects() = default;
  Objects(const Objects&) = delete;
  Objects& operator=(const Objects&) = delete;
  ~Objects() { destroy_all(); }

  template <class Make>
  void make(std::int64_t i, Make maker) {
    Place& place = places_[static_cast<std::size_t>(i)];
    new (place.bytes) T(maker());
    place.taken = true;
  }
  void destroy(std::int64_t i) {
    Place& place = places_[static_cast<std::size_t>(i)];
    place.taken = false;
    std::destroy_at((*this)[i]);
  }
  void destroy_all() {
    for (std::int64_t i = 0; i < kCount; ++i)
      if (places_[static_cast<std::size_t>(i)].taken) destroy(i);
  }
  T* operator[](std::int64_t i) {
    return std::launder(reinterpret_cast<T*>(places_[static_cast<std::size_t>(i)].bytes));
  }

  static constexpr std::int64_t kCount = 8;

 private:
  struct Place {
    alignas(T) std::byte bytes[sizeof(T)];
    bool taken = false;
  };
  std::array<Place, kCount> places_;
};

/// Creates one object and destroys it.
template <class Life, class B>
Outcome whole(const Window& window, Placement placement) {
  return alone(window, placement, "owner", [](Peer& peer, Samples& samples) {
    peer.start();
    sample(peer, samples, [] { [[maybe_unused]] const auto object = Life::template make<B>(); });
  });
}

template <class Life, class B>
using ObjectOf = decltype(Life::template make<B>());

/// Creates objects; those before are destroyed outside the timer.
template <class Life, class B>
Outcome create(const Window& window, Placement placement) {
  return alone(window, placement, "owner", [](Peer& peer, Samples& samples) {
    Objects<ObjectOf<Life, B>> objects;
    const auto clear = [&] {
      objects.destroy_all();
      return objects.kCount;
    };
    peer.start();
    sample_prepared(peer, samples, clear,
                    [&](std::int64_t i) { objects.make(i, &Life::template make<B>); });
  });
}

/// Destroys objects; they are created outside the timer, and nobody has used them.
template <class Life, class B>
Outcome destroy(const Window& window, Placement placement) {
  return alone(window, placement, "owner", [](Peer& peer, Samples& samples) {
    Objects<ObjectOf<Life, B>> objects;
    const auto fill = [&] {
      for (std::int64_t i = 0; i < objects.kCount; ++i) objects.make(i, &Life::template make<B>);
      return objects.kCount;
    };
    peer.start();
    sample_prepared(peer, samples, fill, [&](std::int64_t i) { objects.destroy(i); });
  });
}

/// The second process: a fork, which has written to its stack before the clock starts. Leaves its
/// time in `ns`.
template <class Life, class Object>
[[noreturn]] void use_first(Object& object, std::int64_t& ns) {
  int code = 0;
  try {
    ns = 0;
    const std::int64_t from = os::now_ns();
    Life::use(object);
    ns = os::now_ns() - from;
  } catch (...) {
    code = 1;
  }
  ::_exit(code);
}

/// The first use by a second process, on that process's clock; proved by the first one.
template <class Life, class B>
Outcome attach(const Window& window, Placement placement) {
  const os::SharedObject<std::int64_t> ns(0);
  return alone(window, placement, "owner", [&](Peer& peer, Samples& samples) {
    peer.start();
    const auto once = [&] {
      auto object = Life::template make<B>();
      const pid_t pid = ::fork();
      if (pid == 0) use_first<Life>(object, *ns);
      ipc::PidChild second(os::check(pid, "fork"));
      Life::prove(object);
      if (second.reap() != os::ExitStatus::from_code(0))
        throw std::runtime_error("the second process could not use the object");
      return *ns;
    };
    sample_told(peer, samples, once, [] {});
  });
}

/// A pool's workers are its second processes, and are there once it is created: the first task.
template <class B>
Outcome attach_pool(const Window& window, Placement placement) {
  return alone(window, placement, "owner", [](Peer& peer, Samples& samples) {
    Objects<B> pools;
    const auto fresh = [&] {
      pools.destroy_all();
      pools.make(0, &PoolLife::make<B>);
      return std::int64_t{1};
    };
    peer.start();
    sample_prepared(peer, samples, fresh, [&](std::int64_t i) { PoolLife::use(*pools[i]); });
  });
}

template <class Life>
class Rows {
 public:
  explicit Rows(Matrix& matrix) : matrix_(matrix) {}

  template <class B>
  void add() {
    add<B>("whole", &whole<Life, B>, kSolePlacements, kOneCpu);
    // For one backend of each noun in the quick preset: the first of its list.
    const std::span<const Placement> quick =
        is_first_ ? std::span<const Placement>(kOneCpu) : std::span<const Placement>();
    is_first_ = false;
    add<B>("create", &create<Life, B>, kOneCpu, quick);
    if constexpr (std::same_as<Life, PoolLife>)
      add<B>("attach", &attach_pool<B>, kOneCpu, quick);
    else
      add<B>("attach", &attach<Life, B>, kOneCpu, quick);
    add<B>("destroy", &destroy<Life, B>, kOneCpu, quick);
  }

 private:
  template <class B>
  void add(const char* phase, Outcome (*run)(const Window&, Placement),
           std::span<const Placement> placements, std::span<const Placement> quick) {
    matrix_.add(
        {Life::kNoun, std::string(B::kName), {{"phase", phase}}, true, {}, B::unavailable(), run},
        placements, quick);
  }

  Matrix& matrix_;
  bool is_first_ = true;
};

template <class Life>
void add(Matrix& matrix) {
  Rows<Life> rows(matrix);
  Life::Backends::for_each([&]<class B>(std::type_identity<B>) { rows.template add<B>(); });
}

}  // namespace

void add_lifecycles(Matrix& matrix) {
  add<PipeLife>(matrix);
  add<QueueLife>(matrix);
  add<SharedLife>(matrix);
  add<SemaphoreLife>(matrix);
  add<LockLife>(matrix);
  add<NotifyLife>(matrix);
  add<PoolLife>(matrix);
}

}  // namespace bench::fork_cost
