#include "api/decode.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>

#include "api/go_text.h"
#include "api/leaf.h"
#include "api/prune.h"
#include "api/walk.h"
#include "base/json.h"
#include "base/quoted.h"

namespace plinth::api {
namespace {

// Upstream stops collecting strict errors there.
constexpr std::size_t kStrictErrorsMax = 100;

// The name that Go gives to a type: "v1.PodSpec" for core.v1.PodSpec.
std::string go_type_name(std::string_view name) {
  const auto last = name.rfind('.');
  if (last == std::string_view::npos || last == 0) return std::string(name);
  const auto before = name.rfind('.', last - 1);
  return std::string(before == std::string_view::npos ? name : name.substr(before + 1));
}

std::string go_type(const Schema& s) {
  if (s.wire == Wire::kBytes) return "[]uint8";
  if (!s.name.empty()) return go_type_name(s.name);
  switch (s.type) {
    case SchemaType::kObject:
      return s.additional != nullptr ? "map[string]" + go_type(*s.additional) : "map[string]interface {}";
    case SchemaType::kArray:
      return "[]" + (s.items != nullptr ? go_type(*s.items) : std::string("interface {}"));
    case SchemaType::kString:
      return "string";
    case SchemaType::kInteger:
      return s.format == "int32" ? "int32" : "int64";
    case SchemaType::kNumber:
      return "float64";
    case SchemaType::kBoolean:
      return "bool";
    case SchemaType::kAny:
      return "interface {}";
  }
  return "";
}

std::string found_text(const Value& v) {
  if (v.is_object()) return "object";
  if (v.is_array()) return "array";
  if (v.is_string()) return "string";
  if (v.is_bool()) return "bool";
  return "number";
}

class BuiltinDecoder {
 public:
  BuiltinDecoder(Draft& draft, std::vector<std::string>* unknown, const Arena* decoded)
      : draft_(draft), unknown_(unknown), decoded_(decoded) {}

  // Whether `out` replaces `in`. After an error everything is left alone.
  bool walk(const Schema& s, const Value& in, const PathStep& at, const Schema* owner, Value& out) {
    if (decoded_ != nullptr && is_stored_in(in, decoded_)) return false;
    switch (s.wire) {
      case Wire::kPlain:
      case Wire::kStringList:
        break;
      case Wire::kRawExtension:
      case Wire::kFieldsV1:
      case Wire::kJson:
        return false;
      case Wire::kSchemaOrBool:
      case Wire::kSchemaOrArray:
      case Wire::kSchemaOrStringArray:
        return schema_or(s, in, at, out);
      case Wire::kBytes:
        if (!in.is_string()) return mismatch(s, in, found_text(in), at, owner);
        return leaf(s, in, out);
      default:
        return leaf(s, in, out);
    }
    switch (s.type) {
      case SchemaType::kObject:
        return object(s, in, at, owner, out);
      case SchemaType::kArray:
        return array(s, in, at, owner, out);
      case SchemaType::kString:
        if (!in.is_string()) return mismatch(s, in, found_text(in), at, owner);
        return false;
      case SchemaType::kBoolean:
        if (!in.is_bool()) return mismatch(s, in, found_text(in), at, owner);
        return false;
      case SchemaType::kNumber:
        if (!in.is_number()) return mismatch(s, in, found_text(in), at, owner);
        return false;
      case SchemaType::kInteger:
        return integer(s, in, at, owner);
      case SchemaType::kAny:
        return false;
    }
    return false;
  }

  const std::optional<std::string>& error() const { return error_; }

 private:
  bool fail(std::string text) {
    if (!error_) error_ = std::move(text);
    return false;
  }

  bool mismatch(const Schema& s, const Value&, const std::string& found, const PathStep& at, const Schema* owner) {
    const std::string field = at.go_text();
    if (owner == nullptr || field.empty())
      return fail("json: cannot unmarshal " + found + " into Go value of type " + go_type(s));
    const std::string struct_name = go_type_name(owner->name);
    return fail("json: cannot unmarshal " + found + " into Go struct field " + struct_name.substr(struct_name.rfind('.') + 1) +
                "." + field + " of type " + go_type(s));
  }

  bool integer(const Schema& s, const Value& in, const PathStep& at, const Schema* owner) {
    if (!in.is_number()) return mismatch(s, in, found_text(in), at, owner);
    const std::int64_t i = in.as_int();
    const bool fits = in.is_int() && (s.format != "int32" || (i >= std::numeric_limits<std::int32_t>::min() &&
                                                              i <= std::numeric_limits<std::int32_t>::max()));
    return fits ? false : mismatch(s, in, "number " + to_json(in), at, owner);
  }

  bool leaf(const Schema& s, const Value& in, Value& out) {
    std::string text;
    switch (canonical_leaf(s.wire, in, draft_, out, text)) {
      case LeafOutcome::kSame:
        return false;
      case LeafOutcome::kChanged:
        return true;
      case LeafOutcome::kUnset:
        out = Value();
        return true;
      case LeafOutcome::kError:
        return fail(std::move(text));
    }
    return false;
  }

  bool object(const Schema& s, const Value& in, const PathStep& at, const Schema* owner, Value& out) {
    if (!in.is_object()) return mismatch(s, in, found_text(in), at, owner);
    if (s.additional != nullptr) return map(s, in, at, owner, out);
    if (s.fields.empty() && s.preserve_unknown) return false;
    Rewrite rewrite(draft_, in);
    const auto members = in.members();
    for (std::size_t i = 0; i < members.size() && !error_; ++i) {
      const Member& m = members[i];
      const Field* field = s.field(m.key());
      if (field == nullptr) {
        report(at.field(m.key()));
        rewrite.drop(i);
        continue;
      }
      if (m.value.is_null()) {
        rewrite.drop(i);
        continue;
      }
      Value next = m.value;
      const bool changed = walk(*field->schema, m.value, at.field(m.key()), &s, next);
      if (next.is_null() || (field->omit_empty && !field->pointer && is_go_zero(next)))
        rewrite.drop(i);
      else if (changed)
        rewrite.set(i, next);
    }
    return !error_ && rewrite.finish(out);
  }

  bool map(const Schema& s, const Value& in, const PathStep& at, const Schema* owner, Value& out) {
    Rewrite rewrite(draft_, in);
    const auto members = in.members();
    for (std::size_t i = 0; i < members.size() && !error_; ++i) {
      Value next = members[i].value.is_null() ? go_zero(*s.additional) : members[i].value;
      const bool zeroed = members[i].value.is_null() && !next.is_null();
      const bool changed = !next.is_null() && walk(*s.additional, next, at.key(members[i].key()), owner, next);
      if (zeroed || changed) rewrite.set(i, next);
    }
    return !error_ && rewrite.finish(out);
  }

  bool array(const Schema& s, const Value& in, const PathStep& at, const Schema* owner, Value& out) {
    if (!in.is_array()) return mismatch(s, in, found_text(in), at, owner);
    Rewrite rewrite(draft_, in);
    const auto items = in.items();
    for (std::size_t i = 0; i < items.size() && !error_; ++i) {
      Value next = items[i].is_null() ? go_zero(*s.items) : items[i];
      const bool zeroed = items[i].is_null() && !next.is_null();
      const bool changed = !next.is_null() && walk(*s.items, next, at.index(i), owner, next);
      if (zeroed || changed) rewrite.set(i, next);
    }
    return !error_ && rewrite.finish(out);
  }

  // Either a JSONSchemaProps or a boolean, a list of schemas or a list of strings. Upstream does not report unknown fields in
  // there.
  bool schema_or(const Schema& s, const Value& in, const PathStep& at, Value& out) {
    std::vector<std::string>* const reports = unknown_;
    unknown_ = nullptr;
    bool changed = false;
    if (in.is_object()) {
      changed = object(*s.additional, in, at, nullptr, out);
    } else if (in.is_array() && s.wire == Wire::kSchemaOrArray) {
      Schema list;
      list.type = SchemaType::kArray;
      list.items = s.additional;
      changed = array(list, in, at, nullptr, out);
    } else if (s.wire == Wire::kSchemaOrBool && !in.is_bool()) {
      fail("boolean or JSON schema expected");
    } else if (s.wire != Wire::kSchemaOrBool && !in.is_array()) {
      out = Value();
      changed = true;
    }
    unknown_ = reports;
    return changed;
  }

  void report(const PathStep& at) {
    if (unknown_ != nullptr && unknown_->size() < kStrictErrorsMax) unknown_->push_back(at.strict_text());
  }

  Draft& draft_;
  std::vector<std::string>* unknown_;
  const Arena* decoded_;
  std::optional<std::string> error_;
};

std::string prefix(const DecodeTarget& target) {
  return std::string(target.kind) + " in version " + quoted(target.version) + " cannot be handled as a " +
         std::string(target.kind) + ": ";
}

std::vector<std::string> strict_texts(std::span<const std::string> duplicates, const std::vector<std::string>& unknown) {
  std::vector<std::string> out;
  for (const std::string& path : duplicates) out.push_back("duplicate field " + quoted(path));
  for (const std::string& path : unknown) out.push_back("unknown field " + quoted(path));
  if (out.size() > kStrictErrorsMax) out.resize(kStrictErrorsMax);
  return out;
}

// Where a path ("spec.containers[0].name") stands below the members of a document: positions; what is not found stands last.
std::vector<std::size_t> place_of(std::span<const Member> members, std::string_view path) {
  std::vector<std::size_t> place;
  Value at;
  while (!path.empty()) {
    if (path.front() == '.') path.remove_prefix(1);
    std::size_t position = std::string_view::npos;
    if (path.front() == '[') {
      position = static_cast<std::size_t>(std::atoll(std::string(path.substr(1)).c_str()));
      path.remove_prefix(std::min(path.find(']'), path.size() - 1) + 1);
      at = position < at.size() && at.is_array() ? at.items()[position] : Value();
    } else {
      const std::string_view name = path.substr(0, path.find_first_of(".["));
      path.remove_prefix(name.size());
      if (!place.empty()) members = at.members();
      const auto found = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key() == name; });
      if (found != members.end()) position = static_cast<std::size_t>(found - members.begin());
      at = found == members.end() ? Value() : found->value;
    }
    place.push_back(position);
    if (position == std::string_view::npos) break;
  }
  return place;
}

// A decoder of Go types tells of what is unknown and what comes twice as it meets them.
std::vector<std::string> strict_texts_in_order(std::span<const Member> root, std::span<const std::string> duplicates,
                                               const std::vector<std::string>& unknown) {
  std::vector<std::pair<std::vector<std::size_t>, std::string>> found;
  for (const std::string& path : duplicates) found.emplace_back(place_of(root, path), "duplicate field " + quoted(path));
  for (const std::string& path : unknown) found.emplace_back(place_of(root, path), "unknown field " + quoted(path));
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  if (found.size() > kStrictErrorsMax) found.resize(kStrictErrorsMax);
  std::vector<std::string> out;
  for (auto& [place, text] : found) out.push_back(std::move(text));
  return out;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

}  // namespace

namespace {

Result<void> decode_slot(Draft& draft, Value& slot, const Schema& schema, std::vector<std::string>* unknown,
                         std::string_view path, const Arena* decoded) {
  BuiltinDecoder decoder(draft, unknown, decoded);
  Value out = slot;
  const bool changed = decoder.walk(schema, slot, PathStep::root(path), nullptr, out);
  if (decoder.error()) return bad_request(*decoder.error());
  if (changed) slot = out;
  return {};
}

}  // namespace

Result<void> decode_builtin(Draft& draft, Value& slot, const Schema& schema, std::vector<std::string>* unknown,
                            std::string_view path) {
  return decode_slot(draft, slot, schema, unknown, path, nullptr);
}

Result<std::vector<std::string>> decode(Draft& draft, const DecodeTarget& target, FieldValidation mode,
                                        std::span<const std::string> duplicates) {
  std::vector<std::string> unknown;
  // As it was sent: decoding replaces members of the root.
  const std::span<const Member> root = draft.root().members();
  const std::vector<Member> sent(mode == FieldValidation::kIgnore ? root.end() : root.begin(), root.end());
  std::vector<std::string>* const reports = mode == FieldValidation::kIgnore ? nullptr : &unknown;
  auto done = target.schema->builtin ? decode_slot(draft, draft.root(), *target.schema, reports, "", target.decoded)
                                     : decode_custom(draft, draft.root(), *target.schema, reports);
  if (!done.ok()) return bad_request(prefix(target) + done.error().message());
  if (mode == FieldValidation::kIgnore) return std::vector<std::string>();
  if (duplicates.empty() && unknown.empty()) return std::vector<std::string>();
  std::vector<std::string> texts =
      target.schema->builtin ? strict_texts_in_order(sent, duplicates, unknown) : strict_texts(duplicates, unknown);
  if (mode == FieldValidation::kStrict && !texts.empty())
    return bad_request(prefix(target) + "strict decoding error: " + joined(texts));
  return texts;
}

Result<Decoded> decode(const Document& document, const DecodeTarget& target, FieldValidation mode,
                       std::span<const std::string> duplicates) {
  Draft draft(document);
  std::vector<std::string> warnings = TRY(decode(draft, target, mode, duplicates));
  return Decoded{std::move(draft), std::move(warnings)};
}

}  // namespace plinth::api
