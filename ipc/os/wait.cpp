#include "ipc/os/wait.hpp"

#include <algorithm>
#include <stdexcept>

#include "ipc/os/poll.hpp"

namespace ipc::os {

std::vector<std::size_t> wait_until(std::span<const Waitable> objects, Deadline deadline) {
  if (objects.empty() && deadline.is_never())
    throw std::invalid_argument("a wait for ever needs something to wait for");
  std::vector<pollfd> polled;
  for (const auto& object : objects)
    polled.insert(polled.end(), object.entries().begin(), object.entries().end());
  // What is ready already must not hide that others are as well.
  if (std::ranges::any_of(objects, &Waitable::ready)) deadline = Deadline::now();
  wait_any(polled, deadline);
  std::vector<std::size_t> ready;
  auto entry = polled.begin();
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto end = entry + static_cast<std::ptrdiff_t>(objects[i].entries().size());
    if (objects[i].ready() || std::any_of(entry, end, [](const auto& e) { return e.revents; }))
      ready.push_back(i);
    entry = end;
  }
  return ready;
}

}  // namespace ipc::os
