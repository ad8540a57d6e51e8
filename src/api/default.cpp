#include "api/default.h"

#include "api/leaf.h"
#include "api/walk.h"

namespace plinth::api {
namespace {

const Value* default_of(const Field& field) {
  return field.default_value != nullptr ? field.default_value : field.schema->default_value;
}

// Nothing below can have a default.
bool is_leaf(const Schema& s) { return s.fields.empty() && s.items == nullptr && s.additional == nullptr; }

class Defaulter {
 public:
  Defaulter(Draft& draft, const Arena* defaulted) : draft_(draft), defaulted_(defaulted) {}

  // Whether `out` replaces `in`.
  bool walk(const Schema& s, const Value& in, Value& out) {
    if (defaulted_ != nullptr && s.builtin && is_stored_in(in, defaulted_)) return false;
    if (in.is_object()) return s.builtin ? builtin_object(s, in, out) : custom_object(s, in, out);
    if (in.is_array() && s.items != nullptr && !is_leaf(*s.items)) return array(s, in, out);
    return false;
  }

 private:
  bool builtin_object(const Schema& s, const Value& in, Value& out) {
    if (s.additional != nullptr && s.wire == Wire::kPlain) return map(*s.additional, in, out);
    if (s.wire != Wire::kPlain) return false;
    Rewrite rewrite(draft_, in);
    const auto list = in.members();
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (const Field* field = s.field(list[i].key())) present_field(*field, list[i].value, i, rewrite);
    }
    for (const Field& field : s.fields) {
      const Value* value = default_of(field);
      if ((value == nullptr && field.omit_empty) || in.find(field.name) != nullptr) continue;
      Value added = value != nullptr ? *value : field.pointer ? Value() : go_zero(*field.schema);
      walk(*field.schema, added, added);
      rewrite.add(field.name, added);
    }
    return rewrite.finish(out);
  }

  // A zero of a field that is no pointer, also an empty struct, is the same as absence.
  void present_field(const Field& field, const Value& in, std::size_t at, Rewrite& rewrite) {
    const Value* def = default_of(field);
    const bool unset = in.is_null() || (!field.pointer && is_go_zero(in));
    Value value = in;
    const bool replaced = def != nullptr && unset && !is_go_zero(*def);
    if (replaced) value = *def;
    const bool changed = !is_leaf(*field.schema) && walk(*field.schema, value, value);
    if (replaced || changed) rewrite.set(at, value);
  }

  bool custom_object(const Schema& s, const Value& in, Value& out) {
    Rewrite rewrite(draft_, in);
    const auto list = in.members();
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Field* field = s.field(list[i].key());
      const Schema* next = field != nullptr ? field->schema : s.additional;
      if (next == nullptr) continue;
      Value value = list[i].value;
      bool changed = false;
      if (value.is_null() && !next->nullable) {
        const Value* def = field != nullptr ? default_of(*field) : next->default_value;
        if (def == nullptr) {
          rewrite.drop(i);
          continue;
        }
        value = *def;
        changed = true;
      }
      changed = walk(*next, value, value) || changed;
      if (changed) rewrite.set(i, value);
    }
    for (const Field& field : s.fields) {
      const Value* def = default_of(field);
      if (def == nullptr || in.find(field.name) != nullptr) continue;
      Value added = *def;
      walk(*field.schema, added, added);
      rewrite.add(field.name, added);
    }
    return rewrite.finish(out);
  }

  bool map(const Schema& additional, const Value& in, Value& out) {
    if (is_leaf(additional)) return false;
    Rewrite rewrite(draft_, in);
    const auto list = in.members();
    for (std::size_t i = 0; i < list.size(); ++i) {
      Value changed;
      if (walk(additional, list[i].value, changed)) rewrite.set(i, changed);
    }
    return rewrite.finish(out);
  }

  bool array(const Schema& s, const Value& in, Value& out) {
    Rewrite rewrite(draft_, in);
    const auto items = in.items();
    for (std::size_t i = 0; i < items.size(); ++i) {
      Value value = items[i];
      const bool replaced = value.is_null() && !s.items->nullable && s.items->default_value != nullptr;
      if (replaced) value = *s.items->default_value;
      const bool changed = walk(*s.items, value, value);
      if (replaced || changed) rewrite.set(i, value);
    }
    return rewrite.finish(out);
  }

  Draft& draft_;
  const Arena* defaulted_;
};

}  // namespace

void apply_defaults(Draft& draft, Value& slot, const Schema& schema, const Arena* defaulted) {
  Value out;
  if (Defaulter(draft, defaulted).walk(schema, slot, out)) slot = out;
}

}  // namespace plinth::api
