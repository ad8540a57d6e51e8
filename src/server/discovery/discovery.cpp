#include "server/discovery/discovery.h"

#include "base/base64.h"
#include "base/json.h"
#include "server/auth/digest.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

struct VerbName {
  api::Verb bit;
  std::string_view name;
};
constexpr VerbName kVerbs[] = {
    {api::kVerbCreate, "create"}, {api::kVerbDelete, "delete"}, {api::kVerbDeleteCollection, "deletecollection"},
    {api::kVerbGet, "get"},       {api::kVerbList, "list"},     {api::kVerbPatch, "patch"},
    {api::kVerbUpdate, "update"}, {api::kVerbWatch, "watch"},
};

void append_key(std::string& out, std::string_view key) {
  if (out.back() != '{' && out.back() != '[') out += ',';
  append_json_string(out, key);
  out += ':';
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  append_key(out, key);
  append_json_string(out, value);
}

void append_verbs(std::string& out, std::uint16_t verbs) {
  append_key(out, "verbs");
  out += '[';
  for (const VerbName& verb : kVerbs) {
    if ((verbs & verb.bit) == 0) continue;
    if (out.back() != '[') out += ',';
    append_json_string(out, verb.name);
  }
  out += ']';
}

void append_texts(std::string& out, std::string_view key, std::span<const std::string_view> texts) {
  if (texts.empty()) return;
  append_key(out, key);
  out += '[';
  for (std::string_view text : texts) {
    if (out.back() != '[') out += ',';
    append_json_string(out, text);
  }
  out += ']';
}

// While a CRD is being deleted its instances can only be read and removed.
std::uint16_t verbs_of(const ResolvedKind& kind) {
  if (kind.custom && kind.custom->terminating()) {
    return kind.row->verbs & ~(api::kVerbCreate | api::kVerbUpdate | api::kVerbPatch);
  }
  return kind.row->verbs;
}

const api::KindVersion* served_version(const api::KindRow& row, std::string_view version) {
  for (const api::KindVersion& v : row.versions) {
    if (v.served && v.name == version) return &v;
  }
  return nullptr;
}

// Tells clients that the stored form changed (apiserver discovery.StorageVersionHash). Of what is stored only.
std::string storage_version_hash(const api::KindRow& row) {
  if (!row.stored) return "";
  const bool shared = !row.storage_plural.empty();
  for (const api::KindVersion& version : row.versions) {
    if (!version.storage) continue;
    const std::string stored =
        std::string(shared ? row.storage_group : row.group) + "/" + std::string(version.name) + "/" + std::string(row.kind);
    return base64_encode(auth::as_text(auth::sha256(stored)).substr(0, 8));
  }
  return "";
}

void append_resource_row(std::string& out, const ResolvedKind& kind) {
  const api::KindRow& row = *kind.row;
  out += '{';
  append_text(out, "name", row.plural);
  append_text(out, "singularName", row.singular);
  append_key(out, "namespaced");
  out += row.scope == api::Scope::kNamespaced ? "true" : "false";
  append_text(out, "kind", row.kind);
  append_verbs(out, verbs_of(kind));
  append_texts(out, "shortNames", row.short_names);
  append_texts(out, "categories", row.categories);
  if (const std::string hash = storage_version_hash(row); !hash.empty()) append_text(out, "storageVersionHash", hash);
  out += '}';
}

void append_subresource_row(std::string& out, const api::KindRow& row, const api::Subresource& sub) {
  out += '{';
  append_text(out, "name", std::string(row.plural) + "/" + std::string(sub.name));
  append_text(out, "singularName", "");
  append_key(out, "namespaced");
  out += row.scope == api::Scope::kNamespaced ? "true" : "false";
  if (!sub.kind.version.empty()) {
    append_text(out, "group", sub.kind.group);
    append_text(out, "version", sub.kind.version);
  }
  append_text(out, "kind", sub.kind.kind.empty() ? row.kind : sub.kind.kind);
  append_verbs(out, sub.verbs);
  out += '}';
}

void append_group_versions(std::string& out, const KindTable& table, std::string_view group) {
  const std::vector<std::string_view> versions = table.versions(group);
  append_key(out, "versions");
  out += '[';
  for (std::string_view version : versions) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_text(out, "groupVersion", group_version(group, version));
    append_text(out, "version", version);
    out += '}';
  }
  out += ']';
  append_key(out, "preferredVersion");
  out += '{';
  append_text(out, "groupVersion", group_version(group, versions.front()));
  append_text(out, "version", versions.front());
  out += '}';
}

void append_response_kind(std::string& out, std::string_view group, std::string_view version, std::string_view kind) {
  append_key(out, "responseKind");
  out += '{';
  append_text(out, "group", group);
  append_text(out, "version", version);
  append_text(out, "kind", kind);
  out += '}';
}

void append_aggregated_subresources(std::string& out, const api::KindRow& row, const api::KindVersion& version) {
  if (version.subresources.empty()) return;
  append_key(out, "subresources");
  out += '[';
  for (const api::Subresource& sub : version.subresources) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_text(out, "subresource", sub.name);
    const bool own = sub.kind.version.empty();
    append_response_kind(out, own ? row.group : sub.kind.group, own ? version.name : sub.kind.version,
                         sub.kind.kind.empty() ? row.kind : sub.kind.kind);
    append_verbs(out, sub.verbs);
    out += '}';
  }
  out += ']';
}

void append_aggregated_resource(std::string& out, const ResolvedKind& kind, const api::KindVersion& version) {
  const api::KindRow& row = *kind.row;
  out += '{';
  append_text(out, "resource", row.plural);
  append_response_kind(out, row.group, version.name, row.kind);
  append_text(out, "scope", row.scope == api::Scope::kNamespaced ? "Namespaced" : "Cluster");
  append_text(out, "singularResource", row.singular);
  append_verbs(out, verbs_of(kind));
  append_texts(out, "shortNames", row.short_names);
  append_texts(out, "categories", row.categories);
  append_aggregated_subresources(out, row, version);
  out += '}';
}

void append_aggregated_version(std::string& out, const KindTable& table, std::string_view group, std::string_view version) {
  out += '{';
  append_text(out, "version", version);
  append_key(out, "resources");
  out += '[';
  for (const ResolvedKind& kind : table.rows()) {
    if (kind.row->group != group) continue;
    const api::KindVersion* served = served_version(*kind.row, version);
    if (served == nullptr) continue;
    if (out.back() != '[') out += ',';
    append_aggregated_resource(out, kind, *served);
  }
  out += ']';
  append_text(out, "freshness", "Current");
  out += '}';
}

}  // namespace

std::string api_versions_json(std::string_view server_address) {
  std::string out =
      R"({"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[{"clientCIDR":"0.0.0.0/0","serverAddress":)";
  append_json_string(out, server_address);
  out += "}]}";
  return out;
}

std::string api_group_list_json(const KindTable& table) {
  std::string out = R"({"kind":"APIGroupList","apiVersion":"v1","groups":[)";
  for (std::string_view group : table.groups()) {
    if (group.empty()) continue;
    if (out.back() != '[') out += ',';
    out += '{';
    append_text(out, "name", group);
    append_group_versions(out, table, group);
    out += '}';
  }
  out += "]}";
  return out;
}

std::string api_group_json(const KindTable& table, std::string_view group) {
  if (group.empty() || table.versions(group).empty()) return "";
  std::string out = R"({"kind":"APIGroup","apiVersion":"v1")";
  append_text(out, "name", group);
  append_group_versions(out, table, group);
  out += '}';
  return out;
}

std::string api_resource_list_json(const KindTable& table, std::string_view group, std::string_view version) {
  std::string out = R"({"kind":"APIResourceList","apiVersion":"v1")";
  append_text(out, "groupVersion", group_version(group, version));
  append_key(out, "resources");
  out += '[';
  bool any = false;
  for (const ResolvedKind& kind : table.rows()) {
    if (kind.row->group != group) continue;
    const api::KindVersion* served = served_version(*kind.row, version);
    if (served == nullptr) continue;
    if (any) out += ',';
    any = true;
    append_resource_row(out, kind);
    for (const api::Subresource& sub : served->subresources) {
      out += ',';
      append_subresource_row(out, *kind.row, sub);
    }
  }
  out += "]}";
  return any ? out : "";
}

std::string aggregated_discovery_json(const KindTable& table, bool core, DiscoveryForm form) {
  std::string out = R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/)";
  out += form == DiscoveryForm::kAggregatedV2 ? "v2" : "v2beta1";
  out += R"(","metadata":{},"items":[)";
  for (std::string_view group : table.groups()) {
    if (group.empty() != core) continue;
    if (out.back() != '[') out += ',';
    out += R"({"metadata":{)";
    if (!core) append_text(out, "name", group);
    out += "},\"versions\":[";
    for (std::string_view version : table.versions(group)) {
      if (out.back() != '[') out += ',';
      append_aggregated_version(out, table, group, version);
    }
    out += "]}";
  }
  out += "]}";
  return out;
}

std::string aggregated_content_type(DiscoveryForm form) {
  return std::string("application/json;g=apidiscovery.k8s.io;v=") + (form == DiscoveryForm::kAggregatedV2 ? "v2" : "v2beta1") +
         ";as=APIGroupDiscoveryList";
}

std::string version_json() {
  return R"({"major":"1","minor":"34","gitVersion":"v1.34.0+plinth","gitCommit":"","gitTreeState":"clean",)"
         R"("buildDate":"1970-01-01T00:00:00Z","goVersion":"","compiler":"g++","platform":"linux/amd64"})";
}

}  // namespace plinth::server
