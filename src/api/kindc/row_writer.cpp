#include "row_writer.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json.h"
#include "cpp_text.h"

namespace plinth::kindc {
namespace {

constexpr std::string_view kRowKeys[] = {"group",
                                         "names",
                                         "scope",
                                         "verbs",
                                         "virtual",
                                         "storedAs",
                                         "nameFormat",
                                         "generation",
                                         "allowUnconditionalUpdate",
                                         "allowCreateOnUpdate",
                                         "sealed",
                                         "isNamespace",
                                         "definesKinds",
                                         "labelsIndexed",
                                         "versions",
                                         "description"};
constexpr std::string_view kNamesKeys[] = {"kind", "listKind", "plural", "singular", "shortNames", "categories"};
constexpr std::string_view kVersionKeys[] = {
    "name",      "type",         "storage",           "served",           "alias",      "conversion",
    "pbMessage", "subresources", "extraSubresources", "selectableFields", "deprecated", "deprecationWarning"};
constexpr std::string_view kSelectableKeys[] = {"name", "from"};
constexpr std::string_view kSubresourceKeys[] = {"name", "verbs", "group", "version", "kind"};

constexpr std::pair<std::string_view, std::string_view> kVerbs[] = {
    {"create", "kVerbCreate"}, {"delete", "kVerbDelete"}, {"deletecollection", "kVerbDeleteCollection"},
    {"get", "kVerbGet"},       {"list", "kVerbList"},     {"patch", "kVerbPatch"},
    {"update", "kVerbUpdate"}, {"watch", "kVerbWatch"}};
constexpr std::pair<std::string_view, std::string_view> kNameFormats[] = {{"", "kSubdomain"},
                                                                          {"dns1123Subdomain", "kSubdomain"},
                                                                          {"dns1123Label", "kLabel"},
                                                                          {"dns1035Label", "kLabel1035"},
                                                                          {"pathSegment", "kPathSegment"}};

struct Writer {
  const KindData& data;
  std::string out;
  int next = 0;

  template <std::size_t N>
  Result<void> check_keys(const Value& node, const std::string_view (&keys)[N], const std::string& file,
                          const std::string& path) {
    for (const Member& m : node.members()) {
      if (std::find(std::begin(keys), std::end(keys), m.key()) == std::end(keys))
        return data_error(file, path + std::string(m.key()), "unknown key");
    }
    return {};
  }

  // Lists of a row hold texts or objects: `no` without quotes is a boolean in YAML.
  Result<void> check_lists(const Value& node, const std::string& file, const std::string& path) {
    for (const Member& m : node.members())
      TRY(check_lists(m.value, file, (path.empty() ? "" : path + ".") + std::string(m.key())));
    for (const Value& item : node.items()) {
      if (!item.is_string() && !item.is_object()) return data_error(file, path, "holds what is no text; use quotes");
      TRY(check_lists(item, file, path));
    }
    return {};
  }

  std::string array(std::string_view type, const std::string& body) {
    const std::string name = "a" + std::to_string(next++);
    out += "constinit const " + std::string(type) + " " + name + "[] = {" + body + "};\n";
    return name;
  }

  std::string strings(const Value& list, bool strip_dot = false) {
    std::string body;
    for (const Value& one : list.items()) {
      std::string_view text = one.as_string();
      if (strip_dot && !text.empty() && text[0] == '.') text.remove_prefix(1);
      body += literal(text) + ", ";
    }
    return body.empty() ? "{}" : array("std::string_view", body);
  }

  // Names, or {name, from} where the value is elsewhere.
  Result<std::string> selectable(const Value& list, const std::string& file) {
    Draft names;
    names.root() = names.array();
    std::string sources;
    for (const Value& one : list.items()) {
      if (one.is_string()) {
        names.push(names.root(), one);
        continue;
      }
      TRY(check_keys(one, kSelectableKeys, file, "selectableFields."));
      names.push(names.root(), one["name"]);
      sources += "{" + literal(one["name"].as_string()) + ", " + literal(one["from"].as_string()) + "}, ";
    }
    std::string text = ", .selectable_fields = " + strings(names.root(), true);
    if (!sources.empty()) text += ", .field_sources = " + array("FieldSource", sources);
    return text;
  }

  Result<std::string> verbs(const Value& list, const std::string& file) {
    std::string bits;
    for (const Value& one : list.items()) {
      const auto found =
          std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const auto& v) { return v.first == one.as_string(); });
      if (found == std::end(kVerbs)) return data_error(file, "verbs", "unknown verb " + to_json(one));
      bits += (bits.empty() ? "" : " | ") + std::string(found->second);
    }
    return bits.empty() ? std::string("0") : bits;
  }

  // status and scale of the CRD form, and what else discovery announces, sorted by name.
  Result<std::string> subresources(const Value& version, const std::string& kind, const std::string& file) {
    static constexpr std::string_view kEdit = "kVerbGet | kVerbPatch | kVerbUpdate";
    std::vector<std::pair<std::string, std::string>> rows;
    for (const Member& m : version["subresources"].members()) {
      if (m.key() == "status")
        rows.emplace_back("status", "{\"status\", {\"\", \"\", " + literal(kind) + "}, " + std::string(kEdit) + "}");
      else if (m.key() == "scale")
        rows.emplace_back("scale", "{\"scale\", {\"autoscaling\", \"v1\", \"Scale\"}, " + std::string(kEdit) + "}");
      else
        return data_error(file, "subresources." + std::string(m.key()), "unknown key");
    }
    for (const Value& extra : version["extraSubresources"].items()) {
      TRY(check_keys(extra, kSubresourceKeys, file, "extraSubresources."));
      const std::string name(extra["name"].as_string());
      rows.emplace_back(name, "{" + literal(name) + ", {" + literal(extra["group"].as_string()) + ", " +
                                  literal(extra["version"].as_string()) + ", " + literal(extra["kind"].as_string()) + "}, " +
                                  TRY(verbs(extra["verbs"], file)) + "}");
    }
    std::sort(rows.begin(), rows.end());
    std::string body;
    for (const auto& row : rows) body += row.second + ", ";
    return body.empty() ? std::string("{}") : array("Subresource", body);
  }

  Result<std::string> version(const Value& node, const Value& first, const std::string& kind, const std::string& file) {
    TRY(check_keys(node, kVersionKeys, file, "versions."));
    const std::string type(node["type"].as_string());
    if (data.types.count(type) == 0) return data_error(file, "versions.type", "unknown type " + type);
    // A version without its own parts has those of the first.
    const auto part = [&](std::string_view key) { return node.find(key) != nullptr ? node[key] : first[key]; };
    Draft parts;
    for (std::string_view key : {"subresources", "extraSubresources"}) parts.set(parts.root(), key, parts.clone(part(key)));
    const bool served = node.find("served") == nullptr || node["served"].as_bool();
    std::string text = "\n    {.name = " + literal(node["name"].as_string()) + ", .schema = &" + identifier(type) +
                       ", .served = " + (served ? "true" : "false") +
                       ", .storage = " + (node["storage"].as_bool() ? "true" : "false");
    if (node["deprecated"].as_bool())
      text += ", .deprecated = true, .deprecation_warning = " + literal(node["deprecationWarning"].as_string());
    const Value subs = part("subresources");
    if (subs.find("status") != nullptr) text += ", .has_status = true";
    if (const Value* scale = subs.find("scale")) {
      text += ", .scale = {true, " + literal((*scale)["specReplicasPath"].as_string()) + ", " +
              literal((*scale)["statusReplicasPath"].as_string()) + ", " + literal((*scale)["labelSelectorPath"].as_string()) +
              "}";
    }
    text += ", .subresources = " + TRY(subresources(parts.root(), kind, file));
    text += TRY(selectable(part("selectableFields"), file));
    return text + ", .conversion = " + literal(node["conversion"].as_string()) + "},";
  }

  void reach(const std::string& type, std::set<std::string>& seen) const {
    if (!seen.insert(type).second) return;
    reach_node(data.types.at(type).document.root(), seen);
  }
  void reach_node(const Value& node, std::set<std::string>& seen) const {
    for (const Member& m : node.members()) {
      if ((m.key() == "$ref" || m.key() == "x-wire-ref") && m.value.is_string())
        reach(std::string(m.value.as_string()), seen);
      else
        reach_node(m.value, seen);
    }
    for (const Value& item : node.items()) reach_node(item, seen);
  }

  // Changes with any part of the type or of the types it refers to.
  std::uint64_t stamp(const std::string& type) const {
    std::set<std::string> seen;
    reach(type, seen);
    std::uint64_t hash = fingerprint("");
    for (const std::string& name : seen) hash = fingerprint(name + to_json(data.types.at(name).document.root()), hash);
    return hash;
  }

  Result<std::string> row(const Sourced& source) {
    const Value& node = source.document.root();
    const std::string& file = source.file;
    TRY(check_keys(node, kRowKeys, file, ""));
    TRY(check_lists(node, file, ""));
    TRY(check_keys(node["names"], kNamesKeys, file, "names."));
    const Value names = node["names"];
    const std::string_view scope = node["scope"].as_string();
    if (scope != "Namespaced" && scope != "Cluster") return data_error(file, "scope", "must be Namespaced or Cluster");
    const auto format = std::find_if(std::begin(kNameFormats), std::end(kNameFormats),
                                     [&](const auto& f) { return f.first == node["nameFormat"].as_string(); });
    if (format == std::end(kNameFormats)) return data_error(file, "nameFormat", "unknown value");
    std::string versions, storage_type;
    int storages = 0;
    for (const Value& one : node["versions"].items()) {
      versions += TRY(version(one, node["versions"].items()[0], std::string(names["kind"].as_string()), file));
      if (!one["storage"].as_bool()) continue;
      ++storages;
      storage_type = one["type"].as_string();
    }
    if (storages != 1) return data_error(file, "versions", "need exactly one with storage: true");
    std::string text = "  {.group = " + literal(node["group"].as_string()) + ", .kind = " + literal(names["kind"].as_string()) +
                       ", .list_kind = " + literal(names["listKind"].as_string()) +
                       ", .plural = " + literal(names["plural"].as_string()) +
                       ", .singular = " + literal(names["singular"].as_string()) +
                       ", .short_names = " + strings(names["shortNames"]) + ", .categories = " + strings(names["categories"]);
    if (scope == "Cluster") text += ", .scope = Scope::kCluster";
    if (node.find("verbs") != nullptr) text += ", .verbs = " + TRY(verbs(node["verbs"], file));
    if (node["virtual"].as_bool()) text += ", .stored = false";
    if (node["generation"].as_string() == "spec") text += ", .keeps_generation = true";
    if (node.find("allowUnconditionalUpdate") != nullptr && !node["allowUnconditionalUpdate"].as_bool())
      text += ", .unconditional_update = false";
    if (node["allowCreateOnUpdate"].as_bool()) text += ", .create_on_update = true";
    if (node["sealed"].as_bool()) text += ", .sealed = true";
    if (node["isNamespace"].as_bool()) text += ", .is_namespace = true";
    if (node["definesKinds"].as_bool()) text += ", .defines_kinds = true";
    if (node["labelsIndexed"].as_bool()) text += ", .labels_indexed = true";
    text += ", .name_format = NameFormat::" + std::string(format->second);
    if (const Value* stored_as = node.find("storedAs")) {
      text += ", .storage_group = " + literal((*stored_as)["group"].as_string()) +
              ", .storage_plural = " + literal((*stored_as)["plural"].as_string());
    }
    return text + ", .versions = " + array("KindVersion", versions) + ", .stamp = " + std::to_string(stamp(storage_type)) +
           "ull},\n";
  }
};

}  // namespace

Result<std::string> write_rows(const KindData& data) {
  Writer writer{data, {}, 0};
  std::string rows;
  for (const Sourced& source : data.rows) rows += TRY(writer.row(source));
  return "#include \"builtin_types.h\"\n\nnamespace plinth::api {\nnamespace builtin {\nnamespace {\n\n" + writer.out +
         "\nconstinit const KindRow kRows[] = {\n" + rows +
         "};\n\n}  // namespace\n}  // namespace builtin\n\nstd::span<const KindRow> builtin_kinds() { return builtin::kRows; "
         "}\n\n}  // namespace plinth::api\n";
}

}  // namespace plinth::kindc
