#include "store/watch_state.h"

#include <algorithm>

namespace plinth::store {
namespace {

// So that a task stays well below a millisecond when each wake-up encodes and sends something.
constexpr std::size_t kWakesPerTask = 32;

std::string_view up_to_slash(std::string_view key, std::size_t from) {
  const std::size_t slash = from < key.size() ? key.find('/', from) : std::string_view::npos;
  return slash == std::string_view::npos ? std::string_view() : key.substr(0, slash + 1);
}

void run_wakes(const std::vector<WatchStatePtr>& watches) {
  for (const WatchStatePtr& watch : watches) {
    if (!watch->closed.load(std::memory_order_relaxed) && watch->wake) watch->wake();
  }
}

}  // namespace

KeyParts::KeyParts(std::string_view key) {
  group = up_to_slash(key, 1);
  if (!group.empty()) kind = up_to_slash(key, group.size());
  if (!kind.empty()) scope = up_to_slash(key, kind.size());
}

// FNV-1a; 0 is kept free.
std::uint32_t short_hash(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash == 0 ? 1 : hash;
}

WatchState::WatchState(std::string_view watched, Revision from, Loop& on, Task task)
    : prefix(watched), after(from), loop(on), wake(std::move(task)), home(KeyParts(prefix).whole()) {
  const KeyParts parts(prefix);
  if (!parts.scope.empty()) scope_hash = short_hash(parts.scope);
}

void post_wakes(std::vector<WatchStatePtr> woken) {
  std::stable_sort(woken.begin(), woken.end(),
                   [](const WatchStatePtr& a, const WatchStatePtr& b) { return &a->loop < &b->loop; });
  for (std::size_t begin = 0; begin < woken.size();) {
    Loop& loop = woken[begin]->loop;
    std::size_t end = begin;
    std::vector<WatchStatePtr> some;
    while (end < woken.size() && &woken[end]->loop == &loop && end - begin < kWakesPerTask)
      some.push_back(std::move(woken[end++]));
    loop.post([some = std::move(some)] { run_wakes(some); });
    begin = end;
  }
}

}  // namespace plinth::store
