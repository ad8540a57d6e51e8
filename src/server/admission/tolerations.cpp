#include "server/admission/tolerations.h"

#include <algorithm>
#include <optional>

namespace plinth::server {
namespace {

// Absent and empty are the same, but for the seconds.
struct Toleration {
  std::string_view key, op, value, effect;
  std::optional<std::int64_t> seconds;
  bool operator==(const Toleration&) const = default;
};

Toleration read(const Value& v) {
  Toleration t{v["key"].as_string(), v["operator"].as_string(), v["value"].as_string(), v["effect"].as_string(), std::nullopt};
  if (v["tolerationSeconds"].is_int()) t.seconds = v["tolerationSeconds"].as_int();
  return t;
}

// Whether `wide` tolerates everything that `narrow` does.
bool covers(const Toleration& wide, const Toleration& narrow) {
  if (wide == narrow) return true;
  const bool every_key = wide.key.empty() && wide.op == "Exists";
  if (narrow.key != wide.key && !every_key) return false;
  if (narrow.effect != wide.effect && !wide.effect.empty()) return false;
  if (wide.effect == "NoExecute" && wide.seconds && (!narrow.seconds || *narrow.seconds > *wide.seconds)) return false;
  if (wide.op == "Exists") return true;
  const bool equality = wide.op.empty() || wide.op == "Equal";
  return equality && narrow.op == "Equal" && narrow.value == wide.value;
}

}  // namespace

std::vector<Value> merge_tolerations(const Value& first, const Value& second) {
  std::vector<Value> all(first.items().begin(), first.items().end());
  all.insert(all.end(), second.items().begin(), second.items().end());
  std::vector<Value> merged;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Toleration t = read(all[i]);
    const auto covers_it = [&](const Value& other) { return covers(read(other), t); };
    const auto covers_more = [&](const Value& other) { return !(read(other) == t) && covers(read(other), t); };
    if (std::any_of(merged.begin(), merged.end(), covers_it)) continue;
    if (std::any_of(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end(), covers_more)) continue;
    merged.push_back(all[i]);
  }
  return merged;
}

}  // namespace plinth::server
