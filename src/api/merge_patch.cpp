#include "api/merge_patch.h"

#include <algorithm>

namespace plinth::api {
namespace {

class MergePatcher {
 public:
  explicit MergePatcher(Draft& draft) : draft_(draft) {}

  // Both are objects.
  Value merge(const Value& object, const Value& patch) {
    Value out = object;
    for (const Member& m : patch.members()) {
      const Value* current = object.find(m.key());
      if (m.value.is_null()) {
        if (current != nullptr) draft_.remove(out, m.key());
      } else if (current == nullptr || !current->is_object()) {
        draft_.set(out, m.key(), without_nulls(m.value));
      } else if (m.value.is_object()) {
        Value merged = merge(*current, m.value);
        draft_.set(out, m.key(), merged);
      } else {
        draft_.set(out, m.key(), m.value);
      }
    }
    return out;
  }

 private:
  // What is new has nothing that a null could remove. Items of lists that are null stay.
  Value without_nulls(const Value& v) {
    if (!has_nulls(v)) return v;
    if (v.is_array()) {
      Value out = draft_.array(v.size());
      for (const Value& item : v.items()) draft_.push(out, item.is_null() ? item : without_nulls(item));
      return out;
    }
    Value out = draft_.object(v.size());
    for (const Member& m : v.members()) {
      if (!m.value.is_null()) draft_.set(out, m.key(), without_nulls(m.value));
    }
    return out;
  }

  static bool has_nulls(const Value& v) {
    auto members = v.members();
    auto items = v.items();
    return std::any_of(members.begin(), members.end(),
                       [](const Member& m) { return m.value.is_null() || has_nulls(m.value); }) ||
           std::any_of(items.begin(), items.end(), [](const Value& item) { return has_nulls(item); });
  }

  Draft& draft_;
};

}  // namespace

Result<Document> merge_patch(const Document& object, const Document& patch) {
  if (!patch.root().is_object()) return bad_request("Invalid JSON Patch");
  Draft draft(object);
  draft.adopt(patch);
  draft.root() = MergePatcher(draft).merge(object.root().is_object() ? object.root() : Value::empty_object(), patch.root());
  return std::move(draft).finish();
}

}  // namespace plinth::api
