#include "workloads/common/hash.h"

#include <algorithm>
#include <vector>

#include "base/json.h"

namespace plinth::workloads {
namespace {

// apimachinery's rand.SafeEncodeString: no vowels, and none of 0, 1, 3.
constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
constexpr std::size_t kSuffixLength = 5;
constexpr std::size_t kNameMax = 63;

class Fnv32a {
 public:
  void add(std::string_view text) {
    for (const char c : text) state_ = (state_ ^ static_cast<unsigned char>(c)) * 16777619u;
  }
  std::uint32_t sum() const { return state_; }

 private:
  std::uint32_t state_ = 2166136261u;
};

void add_value(Fnv32a& hash, const Value& value) {
  if (value.is_array()) {
    hash.add("[");
    for (const Value& item : value.items()) add_value(hash, item);
    return hash.add("]");
  }
  if (!value.is_object()) return hash.add(to_json(value) + ",");
  std::vector<const Member*> members;
  for (const Member& member : value.members()) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) { return a->key() < b->key(); });
  hash.add("{");
  for (const Member* member : members) {
    hash.add(member->key());
    hash.add(":");
    add_value(hash, member->value);
  }
  hash.add("}");
}

}  // namespace

std::string value_hash(const Value& value, std::optional<std::int64_t> collision_count) {
  Fnv32a hash;
  add_value(hash, value);
  if (collision_count) hash.add("#" + std::to_string(*collision_count));
  std::string out;
  for (const char digit : std::to_string(hash.sum()))
    out.push_back(kLetters[static_cast<unsigned char>(digit) % kLetters.size()]);
  return out;
}

std::string name_suffix(std::string_view uid, std::uint64_t revision, std::uint32_t ordinal) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : std::string(uid) + "/" + std::to_string(revision) + "/" + std::to_string(ordinal))
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  hash ^= hash >> 29;
  std::string out;
  for (std::size_t i = 0; i < kSuffixLength; ++i, hash /= kLetters.size()) out.push_back(kLetters[hash % kLetters.size()]);
  return out;
}

std::string generated_name(std::string_view prefix, std::string_view suffix) {
  return std::string(prefix.substr(0, kNameMax - suffix.size())) + std::string(suffix);
}

}  // namespace plinth::workloads
