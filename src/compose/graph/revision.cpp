#include "compose/graph/revision.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "compose/digest.h"

namespace plinth::compose {
namespace {

std::uint32_t fnv32a(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

void append_canonical(std::string& out, const Value& value) {
  if (value.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      append_canonical(out, value.items()[i]);
    }
    out += ']';
    return;
  }
  if (!value.is_object()) return append_json(out, value);
  std::vector<const Member*> members;
  for (const Member& m : value.members()) members.push_back(&m);
  std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) { return a->key() < b->key(); });
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, members[i]->key());
    out += ':';
    append_canonical(out, members[i]->value);
  }
  out += '}';
}

// A list whose order means nothing; absent and empty are the same.
void sort_texts(Draft& draft, Value& resource, std::string_view key) {
  Value list = draft.clone(resource[key].is_array() ? resource[key] : Value::empty_array());
  auto items = draft.mutable_items(list);
  std::sort(items.begin(), items.end(), [](const Value& a, const Value& b) { return a.as_string() < b.as_string(); });
  draft.member(resource, key) = list;
}

void fill(Draft& draft, Value& object, std::string_view key, std::string_view text) {
  if (object[key].as_string().empty()) draft.set(object, key, text);
}

}  // namespace

std::string spec_hash(const Value& spec) {
  Draft draft;
  draft.root() = draft.clone(spec);
  Value& schema = draft.member(draft.root(), "schema");
  fill(draft, schema, "group", "kro.run");
  fill(draft, schema, "scope", "Namespaced");
  if (schema["additionalPrinterColumns"].size() == 0) draft.member(schema, "additionalPrinterColumns") = draft.array();
  Value& resources = draft.member(draft.root(), "resources");
  if (!resources.is_array()) resources = draft.array();
  auto items = draft.mutable_items(resources);
  std::stable_sort(items.begin(), items.end(),
                   [](const Value& a, const Value& b) { return a["id"].as_string() < b["id"].as_string(); });
  for (std::size_t i = 0; i < resources.size(); ++i) {
    Value& resource = draft.item(resources, i);
    sort_texts(draft, resource, "readyWhen");
    sort_texts(draft, resource, "includeWhen");
    if (resource["forEach"].size() == 0) draft.member(resource, "forEach") = draft.array();
  }
  std::string text;
  append_canonical(text, draft.root());
  return hex16(fnv64a(text));
}

std::string revision_name(std::string_view definition, std::int64_t revision) {
  constexpr std::size_t kNameMax = 253;
  std::string suffix = fmt::format("-r{:05}", revision);
  if (definition.size() + suffix.size() <= kNameMax) return std::string(definition) + suffix;
  suffix += fmt::format("-{:08x}", fnv32a(definition));
  std::string head(definition.substr(0, kNameMax - suffix.size()));
  while (!head.empty() && (head.back() == '.' || head.back() == '-')) head.pop_back();
  return (head.empty() ? "gr" : head) + suffix;
}

}  // namespace plinth::compose
