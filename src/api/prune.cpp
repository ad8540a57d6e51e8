#include "api/prune.h"

#include <algorithm>

#include "api/decode.h"
#include "api/go_text.h"
#include "api/kind.h"
#include "api/walk.h"

namespace plinth::api {
namespace {

bool is_meta(std::string_view key) { return key == "apiVersion" || key == "kind" || key == "metadata"; }

class Pruner {
 public:
  Pruner(Draft& draft, std::vector<std::string>* unknown) : draft_(draft), unknown_(unknown) {}

  // `schema` is null where nothing is declared: everything below objects goes. Returns whether `out` replaces `in`.
  bool walk(const Schema* schema, bool embedded, const Value& in, const PathStep& at, Value& out) {
    if (in.is_object()) return object(schema, embedded, in, at, out);
    if (in.is_array()) return array(schema, in, at, out);
    return false;
  }

 private:
  bool object(const Schema* schema, bool embedded, const Value& in, const PathStep& at, Value& out) {
    Rewrite rewrite(draft_, in);
    const auto members = in.members();
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::string_view key = members[i].key();
      if (embedded && is_meta(key)) continue;
      const Field* field = schema != nullptr ? schema->field(key) : nullptr;
      const Schema* next = field != nullptr ? field->schema : schema != nullptr ? schema->additional : nullptr;
      if (next == nullptr) {
        if (schema != nullptr && schema->preserve_unknown) continue;
        if (!is_meta(key) || at.parent != nullptr) report(at.field(key));
        rewrite.drop(i);
        continue;
      }
      Value changed;
      if (walk(next, next->embedded_resource, members[i].value, at.field(key), changed)) rewrite.set(i, changed);
    }
    return rewrite.finish(out);
  }

  bool array(const Schema* schema, const Value& in, const PathStep& at, Value& out) {
    const Schema* next = schema != nullptr ? schema->items : nullptr;
    // Under preserve-unknown a list without a schema of its items is kept as it is.
    if (next == nullptr && schema != nullptr && schema->preserve_unknown) return false;
    Rewrite rewrite(draft_, in);
    const auto items = in.items();
    for (std::size_t i = 0; i < items.size(); ++i) {
      Value changed;
      if (walk(next, next != nullptr && next->embedded_resource, items[i], at.index(i), changed)) rewrite.set(i, changed);
    }
    return rewrite.finish(out);
  }

  void report(const PathStep& at) {
    if (unknown_ != nullptr) unknown_->push_back(at.strict_text());
  }

  Draft& draft_;
  std::vector<std::string>* unknown_;
};

class MetadataCoercer {
 public:
  MetadataCoercer(Draft& draft, const CoerceOptions& options)
      : draft_(draft), options_(options), object_meta_(*builtin_type("meta.v1.ObjectMeta")) {}

  Result<bool> walk(const Schema& schema, bool embedded, const Value& in, const PathStep& at, Value& out) {
    if (in.is_array()) return array(schema, in, at, out);
    if (!in.is_object()) return false;
    Rewrite rewrite(draft_, in);
    const auto members = in.members();
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::string_view key = members[i].key();
      const PathStep here = at.field(key);
      Value value = members[i].value;
      bool changed = false;
      if (embedded && (key == "apiVersion" || key == "kind") && !value.is_string()) {
        if (!options_.drop_invalid) return refused(here, value, "must be a string");
        rewrite.drop(i);
        continue;
      }
      if (embedded && key == "metadata") changed = TRY(metadata(here, value));
      const Field* field = schema.field(key);
      const Schema* next = field != nullptr ? field->schema : schema.additional;
      if (next != nullptr) {
        const bool below = TRY(walk(*next, next->embedded_resource, value, here, value));
        changed = changed || below;
      }
      if (changed) rewrite.set(i, value);
    }
    return rewrite.finish(out);
  }

 private:
  Result<bool> array(const Schema& schema, const Value& in, const PathStep& at, Value& out) {
    if (schema.items == nullptr) return false;
    Rewrite rewrite(draft_, in);
    const auto items = in.items();
    for (std::size_t i = 0; i < items.size(); ++i) {
      Value changed;
      if (TRY(walk(*schema.items, schema.items->embedded_resource, items[i], at.index(i), changed))) rewrite.set(i, changed);
    }
    return rewrite.finish(out);
  }

  Result<bool> metadata(const PathStep& at, Value& value) {
    const std::string path = at.text();
    std::vector<std::string> unknown;
    Value coerced = value;
    auto done = decode_builtin(draft_, coerced, object_meta_, &unknown);
    if (!done.ok() && !options_.drop_invalid) return refused(at, value, done.error().message());
    if (!done.ok()) coerced = field_by_field(value);
    if (options_.unknown != nullptr) {
      for (const std::string& field : unknown) options_.unknown->push_back(path + "." + field);
    }
    value = coerced;
    return true;
  }

  // Keeps the fields that decode on their own.
  Value field_by_field(const Value& value) {
    Value out = draft_.object(value.size());
    for (const Member& m : value.members()) {
      const Field* field = object_meta_.field(m.key());
      if (field == nullptr || m.value.is_null()) continue;
      Value one = m.value;
      if (decode_builtin(draft_, one, *field->schema).ok()) draft_.set(out, m.key(), one);
    }
    return out;
  }

  static Error refused(const PathStep& at, const Value& value, const std::string& why) {
    return bad_request(at.text() + ": Invalid value: " + go_value(value) + ": " + why);
  }

  Draft& draft_;
  const CoerceOptions& options_;
  const Schema& object_meta_;
};

}  // namespace

void prune(Draft& draft, Value& slot, const Schema& schema, const PruneOptions& options) {
  Pruner pruner(draft, options.unknown);
  const std::size_t before = options.unknown != nullptr ? options.unknown->size() : 0;
  Value out;
  if (pruner.walk(&schema, options.resource_root || schema.embedded_resource, slot, PathStep::root(), out)) slot = out;
  if (options.unknown != nullptr)
    std::sort(options.unknown->begin() + static_cast<std::ptrdiff_t>(before), options.unknown->end());
}

Result<void> coerce_metadata(Draft& draft, Value& slot, const Schema& schema, const CoerceOptions& options) {
  MetadataCoercer coercer(draft, options);
  Value out;
  if (TRY(coercer.walk(schema, options.resource_root || schema.embedded_resource, slot, PathStep::root(), out))) slot = out;
  return {};
}

Result<void> decode_custom(Draft& draft, Value& slot, const Schema& schema, std::vector<std::string>* unknown) {
  TRY(coerce_metadata(draft, slot, schema, {true, false, unknown}));
  prune(draft, slot, schema, {true, unknown});
  return {};
}

}  // namespace plinth::api
