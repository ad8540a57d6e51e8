#include "api/strategic_merge.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/go_dump.h"
#include "api/strategic_list.h"

namespace plinth::api {
namespace {

constexpr std::string_view kPatch = "$patch", kRetainKeys = "$retainKeys", kSetElementOrder = "$setElementOrder",
                           kDeleteFromPrimitiveList = "$deleteFromPrimitiveList";

Error bad_format(std::string_view what) { return bad_request(fmt::format("invalid patch format of {}", what)); }
Error bad_directive(const Value& directive, const Value& map) {
  return bad_request(fmt::format("unknown patch type: {} in map: {}", go_plain(directive), go_plain(map)));
}
Error no_merge_key(const Value& map, std::string_view key) {
  return bad_request(fmt::format("map: {} does not contain declared merge key: {}", go_plain(map), key));
}

bool is_list_directive(std::string_view key) {
  return key.starts_with(kSetElementOrder) || key.starts_with(kDeleteFromPrimitiveList);
}
bool is_directive(std::string_view key) { return key == kPatch || key == kRetainKeys || is_list_directive(key); }

// The field of "$setElementOrder/<field>"; empty when malformed.
std::string_view directed_field(std::string_view key, std::string_view prefix) {
  key.remove_prefix(prefix.size());
  return key.size() > 1 && key[0] == '/' ? key.substr(1) : std::string_view();
}

// How a field is patched; of a field that is not declared: maps are merged, lists replaced.
struct Meta {
  const Schema* schema = nullptr;  // of the field, or of its items
  bool merge = false, replace = false;
  std::string_view key;
};

Meta meta_of(const Schema* parent, std::string_view name, bool list) {
  if (parent == nullptr) return {};
  const Field* field = parent->field(name);
  if (field == nullptr) return {list ? nullptr : parent->additional, false, false, {}};
  return {list ? field->schema->items : field->schema, (field->patch_strategy & kPatchMerge) != 0,
          (field->patch_strategy & kPatchReplace) != 0, field->patch_merge_key};
}

ValueList items_of(const Value& list) { return {list.items().begin(), list.items().end()}; }

class StrategicMerger {
 public:
  explicit StrategicMerger(Draft& draft) : draft_(draft) {}

  Result<Value> merge_maps(const Value& live, const Value& patch, const Schema* schema) {
    if (const Value* directive = patch.find(kPatch)) {
      if (directive->as_string() == "replace") return without(patch, kPatch);
      if (directive->as_string() == "delete") return Value::empty_object();
      return bad_directive(*directive, patch);
    }
    Value out = live;
    if (const Value* keys = patch.find(kRetainKeys)) TRY(retain_keys(out, patch, *keys));
    std::vector<std::string_view> done;  // fields that an order directive took care of
    for (const Member& m : patch.members()) {
      if (m.key().starts_with(kSetElementOrder)) TRY(merge_ordered(out, patch, m, schema, done));
    }
    for (const Member& m : patch.members()) {
      if (m.key().starts_with(kDeleteFromPrimitiveList)) TRY(delete_items(out, m));
    }
    for (const Member& m : patch.members()) {
      if (is_directive(m.key()) || std::find(done.begin(), done.end(), m.key()) != done.end()) continue;
      TRY(merge_member(out, m, schema));
    }
    return out;
  }

 private:
  Value without(const Value& map, std::string_view key) {
    Value out = draft_.object(map.size());
    for (const Member& m : map.members()) {
      if (m.key() != key) draft_.set(out, m.key(), m.value);
    }
    return out;
  }

  // New content as it is stored: parts that carry $patch are left out, other directives removed, members that are null dropped.
  // False when nothing is left of it.
  bool cleaned(const Value& v, Value& out) {
    if (v.is_array()) {
      out = draft_.array(v.size());
      for (const Value& item : v.items()) {
        if (Value kept; cleaned(item, kept)) draft_.push(out, kept);
      }
      return true;
    }
    out = v;
    if (!v.is_object()) return true;
    if (v.find(kPatch) != nullptr) return false;
    out = draft_.object(v.size());
    for (const Member& m : v.members()) {
      if (is_directive(m.key()) || m.value.is_null()) continue;
      if (Value kept; cleaned(m.value, kept)) draft_.set(out, m.key(), kept);
    }
    return true;
  }

  Result<void> retain_keys(Value& out, const Value& patch, const Value& keys) {
    if (!keys.is_array()) return bad_format("retainKeys");
    auto listed = [&](std::string_view name) {
      return std::any_of(keys.items().begin(), keys.items().end(),
                         [&](const Value& key) { return key.is_string() && key.as_string() == name; });
    };
    for (const Member& m : patch.members()) {
      if (m.key() == kRetainKeys || m.value.is_null() || is_list_directive(m.key())) continue;
      if (!listed(m.key())) return bad_format("retainKeys");
    }
    std::vector<bool> drop(out.size());
    bool any = false;
    std::size_t i = 0;
    for (const Member& m : out.members()) {
      if (!listed(m.key())) drop[i] = any = true;
      ++i;
    }
    if (any) draft_.remove_if(out, drop);
    return {};
  }

  Result<void> delete_items(Value& out, const Member& directive) {
    std::string_view field = directed_field(directive.key(), kDeleteFromPrimitiveList);
    if (field.empty()) return bad_format("primitive list");
    if (directive.value.is_null()) {
      draft_.remove(out, field);
      return {};
    }
    const Value* live = out.find(field);
    if (live == nullptr || !live->is_array() || !directive.value.is_array()) return {};
    ValueList kept = items_of(*live), doomed = items_of(directive.value);
    if (kept.empty() && doomed.empty()) return {};
    TRY(check_same_kind(kept, doomed));
    if (!kept.empty() && kept[0].is_object()) return bad_format("primitive list");
    std::erase_if(kept, [&](const Value& item) { return index_of_name(doomed, item, "") < doomed.size(); });
    draft_.set(out, field, make_list(kept));
    return {};
  }

  Value make_list(const ValueList& items) {
    Value out = draft_.array(items.size());
    for (const Value& item : items) draft_.push(out, item);
    return out;
  }

  Result<void> merge_member(Value& out, const Member& m, const Schema* schema) {
    if (m.value.is_null()) {
      draft_.remove(out, m.key());
      return {};
    }
    const Value* found = out.find(m.key());
    bool container = m.value.is_object() || m.value.is_array();
    if (found == nullptr || found->type() != m.value.type() || !container) {
      Value fresh;
      if (cleaned(m.value, fresh))
        draft_.set(out, m.key(), fresh);
      else
        draft_.remove(out, m.key());
      return {};
    }
    Value live = *found;
    Value merged;
    Meta meta = meta_of(schema, m.key(), m.value.is_array());
    if (m.value.is_object())
      merged = meta.replace ? m.value : TRY(merge_maps(live, m.value, meta.schema));
    else
      merged = meta.merge ? make_list(TRY(merge_lists(items_of(live), items_of(m.value), meta))) : m.value;
    draft_.set(out, m.key(), merged);
    return {};
  }

  // A field with an order directive: merged, then ordered by it.
  Result<void> merge_ordered(Value& out, const Value& patch, const Member& directive, const Schema* schema,
                             std::vector<std::string_view>& done) {
    if (!directive.value.is_array()) return bad_format("setElementOrder list");
    std::string_view field = directed_field(directive.key(), kSetElementOrder);
    if (field.empty()) return bad_format("setElementOrder list");
    const Value* live = out.find(field);
    const Value* changes = patch.find(field);
    for (const Value* list : {live, changes}) {
      if (list != nullptr && !list->is_array()) {
        return bad_request(fmt::format("expected a []interface {{}}, but received a {}", go_type_name(*list)));
      }
    }
    Meta meta = meta_of(schema, field, true);
    ValueList order = items_of(directive.value), lives = live != nullptr ? items_of(*live) : ValueList(),
              patches = changes != nullptr ? items_of(*changes) : ValueList();
    TRY(check_order(patches, order, meta.key));
    done.push_back(field);
    ValueList merged = lives;
    if (live == nullptr && changes == nullptr) return {};
    if (live == nullptr) {
      Value fresh;
      cleaned(*changes, fresh);
      merged = items_of(fresh);
    } else if (changes != nullptr) {
      merged = meta.merge ? TRY(merge_lists(lives, patches, meta)) : patches;
    }
    TRY(check_same_kind(lives, patches));
    draft_.set(out, field, make_list(TRY(ordered(merged, order, lives, meta.key))));
    return {};
  }

  // The items of the patch must be in the order list, in the same order; deletions aside.
  static Result<void> check_order(const ValueList& patch, const ValueList& order, std::string_view key) {
    if (patch.empty() || order.empty()) return {};
    ValueList kept = patch;
    if (!key.empty()) {
      for (const Value& item : patch) {
        if (!item.is_object()) return bad_format("setElementOrder list");
      }
      std::erase_if(kept, [](const Value& item) { return item[kPatch].as_string() == "delete"; });
    }
    std::size_t next = 0;
    for (std::size_t at = 0; next < kept.size() && at < order.size();) {
      if (kept[next].find(kPatch) != nullptr) {
        ++next;
        continue;
      }
      for (const Value* item : {&std::as_const(kept[next]), &order[at]}) {
        if (!key.empty() && item->find(key) == nullptr) return no_merge_key(*item, key);
      }
      if (same_name(item_name(kept[next], key), item_name(order[at], key))) ++next;
      ++at;
    }
    if (next == kept.size()) return {};
    return bad_request("The order in patch list doesn't match $setElementOrder list: " + go_plain(item_name(kept[next], key)));
  }

  Result<ValueList> merge_lists(ValueList live, ValueList patch, const Meta& meta) {
    if (live.empty() && patch.empty()) return live;
    TRY(check_same_kind(live, patch));
    ValueList merged;
    bool objects = !live.empty() ? live[0].is_object() : patch[0].is_object();
    if (!objects) {
      merged = live;
      merged.insert(merged.end(), patch.begin(), patch.end());
      drop_repeated(merged);
    } else {
      if (meta.key.empty()) return bad_request("cannot merge lists without merge key");
      TRY(apply_item_directives(live, patch, meta.key));
      merged = TRY(merge_objects(live, patch, meta));
    }
    return ordered(merged, patch, live, objects ? meta.key : std::string_view());
  }

  // Deletes and replacements; what is left of the patch has no directives of its own.
  Result<void> apply_item_directives(ValueList& live, ValueList& patch, std::string_view key) {
    ValueList rest;
    bool replace = false;
    for (const Value& item : patch) {
      const Value* directive = item.find(kPatch);
      if (directive == nullptr) {
        rest.push_back(item);
      } else if (directive->as_string() == "delete") {
        const Value* name = item.find(key);
        if (name == nullptr) return no_merge_key(item, key);
        std::erase_if(live, [&](const Value& other) { return same_name(item_name(other, key), *name); });
      } else if (directive->as_string() == "replace") {
        replace = true;
      } else if (directive->as_string() == "merge") {
        return bad_request("merging lists cannot yet be specified in the patch");
      } else {
        return bad_directive(*directive, item);
      }
    }
    patch = std::move(rest);
    if (!replace) return {};
    live.clear();
    for (const Value& item : patch) {
      if (Value kept; cleaned(item, kept)) live.push_back(kept);
    }
    patch.clear();
    return {};
  }

  Result<ValueList> merge_objects(ValueList live, const ValueList& patch, const Meta& meta) {
    for (const Value& item : patch) {
      const Value* name = item.find(meta.key);
      if (name == nullptr) return no_merge_key(item, meta.key);
      std::size_t at = index_of_name(live, *name, meta.key);
      if (at < live.size()) {
        live[at] = TRY(merge_maps(live[at], item, meta.schema));
      } else if (Value fresh; cleaned(item, fresh)) {
        live.push_back(fresh);
      }
    }
    return live;
  }

  Draft& draft_;
};

}  // namespace

Result<Document> strategic_merge_patch(const Document& object, const Document& patch, const Schema& schema) {
  if (!patch.root().is_object()) return bad_request("invalid JSON document");
  Draft draft(object);
  draft.adopt(patch);
  Value live = object.root().is_object() ? object.root() : Value::empty_object();
  draft.root() = TRY(StrategicMerger(draft).merge_maps(live, patch.root(), &schema));
  return std::move(draft).finish();
}

}  // namespace plinth::api
