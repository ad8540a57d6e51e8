#include "api/last_applied.h"

#include <algorithm>

#include "api/names.h"
#include "base/json.h"

namespace plinth::api {
namespace {

std::string_view last_applied_of(const Document& object) {
  const Value* text = object->find_path({"metadata", "annotations", kLastAppliedAnnotation});
  return text != nullptr ? text->as_string() : std::string_view();
}

// As Go prints maps: members sorted at every level.
Value sorted(const Value& v, Draft& draft) {
  if (v.is_array()) {
    Value out = draft.array(v.size());
    for (const Value& item : v.items()) draft.push(out, sorted(item, draft));
    return out;
  }
  if (!v.is_object()) return v;
  std::vector<const Member*> members;
  for (const Member& m : v.members()) members.push_back(&m);
  std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) { return a->key() < b->key(); });
  Value out = draft.object(v.size());
  for (const Member* m : members) draft.set(out, m->key(), sorted(m->value, draft));
  return out;
}

std::string encode(const Document& config) {
  Draft draft(config);
  if (Value* metadata = draft.mutable_find(draft.root(), "metadata")) {
    if (Value* annotations = draft.mutable_find(*metadata, "annotations")) {
      draft.remove(*annotations, kLastAppliedAnnotation);
      if (annotations->size() == 0) draft.remove(*metadata, "annotations");
    }
  }
  Value canonical = sorted(draft.root(), draft);
  return to_json(canonical) + "\n";
}

std::size_t annotations_size(const Value& annotations) {
  std::size_t total = 0;
  for (const Member& m : annotations.members()) total += m.key().size() + m.value.as_string().size();
  return total;
}

// What the annotation says and the live object still says.
Result<FieldSet> still_as_applied(const ApplyInput& input, const Document& applied, Arena& arena) {
  TypeRef type = object_type(*input.scope.schema);
  if (applied["apiVersion"].as_string() != input.scope.api_version) return bad_request("last applied in another version");
  if (auto errors = check_typed(type, applied.root(), false); !errors.empty()) return bad_request(typed_errors_text(errors));
  if (auto errors = check_typed(type, input.live.root(), false); !errors.empty()) return bad_request(typed_errors_text(errors));
  Comparison change = compare_typed(type, applied.root(), input.live.root(), arena);
  return field_set_of(type, applied.root(), arena).minus(change.modified).minus(change.added).minus(change.removed);
}

}  // namespace

OwnershipConflicts conflicts_beyond_last_applied(const ApplyInput& input, const OwnershipConflicts& conflicts) {
  std::string_view text = last_applied_of(input.live);
  if (text.empty()) return conflicts;
  Result<Document> applied = parse_json(text);
  if (!applied.ok()) return conflicts;
  Arena arena;
  Result<FieldSet> allowed = still_as_applied(input, *applied, arena);
  if (!allowed.ok()) return conflicts;
  OwnershipConflicts out;
  for (const OwnershipConflict& conflict : conflicts) {
    if (!allowed->has(conflict.path)) out.push_back(conflict);
  }
  return out;
}

Document with_last_applied(const Document& object, const Document& config) {
  if (last_applied_of(object).empty()) return object;
  Draft draft(object);
  Value& annotations = draft.member_path(draft.root(), {"metadata", "annotations"});
  draft.set(annotations, kLastAppliedAnnotation, encode(config));
  if (annotations_size(annotations) > kAnnotationsMax) draft.remove(annotations, kLastAppliedAnnotation);
  return std::move(draft).finish();
}

}  // namespace plinth::api
