#include "server/openapi/paths.h"

#include "base/json.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

constexpr std::string_view kJson = "application/json";

std::string gvk_object(const api::KindRow& row, std::string_view version) {
  std::string out = "{\"group\":";
  append_json_string(out, row.group);
  out += ",\"kind\":";
  append_json_string(out, row.kind);
  out += ",\"version\":";
  append_json_string(out, version);
  return out + "}";
}

std::string parameter(std::string_view name, std::string_view type, std::string_view where, OpenApiVersion form) {
  std::string out = "{\"name\":\"" + std::string(name) + "\",\"in\":\"" + std::string(where) + "\"";
  if (where == "path") out += ",\"required\":true";
  if (form == OpenApiVersion::kV2)
    out += ",\"type\":\"" + std::string(type) + "\"";
  else
    out += ",\"schema\":{\"type\":\"" + std::string(type) + "\"}";
  return out + "}";
}

// One operation of one path.
struct Operation {
  std::string_view method;
  std::string_view action;  // x-kubernetes-action
  bool writes;              // dryRun, fieldManager, fieldValidation
  bool body;
};

class PathWriter {
 public:
  PathWriter(const ResolvedKind& kind, const api::KindVersion& version, OpenApiVersion form, std::string_view definition)
      : row_(*kind.row),
        version_(version),
        form_(form),
        ref_("{\"$ref\":\"" + std::string(form == OpenApiVersion::kV3 ? "#/components/schemas/" : "#/definitions/") +
             std::string(definition) + "\"}") {}

  void append_operation(std::string& out, const Operation& op) const {
    out += '"';
    out += op.method;
    out += "\":{\"operationId\":\"" + operation_id(op) + "\"";
    append_parameters(out, op);
    if (form_ == OpenApiVersion::kV2)
      out += ",\"consumes\":[" + media_types(op) + "],\"produces\":[\"application/json\",\"application/yaml\"]";
    else if (op.body)
      append_request_body(out, op);
    append_responses(out);
    out += ",\"x-kubernetes-action\":\"" + std::string(op.action) +
           "\",\"x-kubernetes-group-version-kind\":" + gvk_object(row_, version_.name) + "}";
  }

  std::string path_parameters(bool item) const {
    std::string out = "\"parameters\":[";
    if (item) out += parameter("name", "string", "path", form_) + ",";
    if (row_.scope == api::Scope::kNamespaced) out += parameter("namespace", "string", "path", form_) + ",";
    return out + parameter("pretty", "string", "query", form_) + "]";
  }

 private:
  std::string operation_id(const Operation& op) const {
    return std::string(op.action) + std::string(row_.kind) + "In" + group_version(row_.group, version_.name) +
           std::string(op.method);
  }

  std::string media_types(const Operation& op) const {
    if (op.method != "patch") return "\"application/json\",\"application/yaml\"";
    std::string out = R"("application/json-patch+json","application/merge-patch+json",)";
    if (row_.builtin) out += R"("application/strategic-merge-patch+json",)";
    return out + "\"application/apply-patch+yaml\"";
  }

  void append_parameters(std::string& out, const Operation& op) const {
    out += ",\"parameters\":[";
    if (form_ == OpenApiVersion::kV2 && op.body) {
      out += "{\"name\":\"body\",\"in\":\"body\",\"required\":true,\"schema\":" +
             (op.method == "patch" ? std::string("{\"type\":\"object\"}") : ref_) + "},";
    }
    if (op.writes) {
      for (std::string_view name : {"dryRun", "fieldManager", "fieldValidation"}) {
        if (name == "fieldValidation" && op.method == "delete") continue;
        out += parameter(name, "string", "query", form_) + ",";
      }
      if (op.method == "patch") out += parameter("force", "boolean", "query", form_) + ",";
    } else {
      for (std::string_view name : {"fieldSelector", "labelSelector", "resourceVersion"})
        out += parameter(name, "string", "query", form_) + ",";
      for (std::string_view name : {"limit", "timeoutSeconds"}) out += parameter(name, "integer", "query", form_) + ",";
      out += parameter("watch", "boolean", "query", form_) + ",";
    }
    out.back() = ']';
  }

  void append_request_body(std::string& out, const Operation& op) const {
    out += ",\"requestBody\":{\"content\":{";
    if (op.method != "patch") {
      out += "\"" + std::string(kJson) + "\":{\"schema\":" + ref_ + "}";
    } else {
      std::string types = media_types(op);
      std::size_t at = 0;
      while (at < types.size()) {
        std::size_t comma = types.find(',', at);
        if (comma == std::string::npos) comma = types.size();
        if (at > 0) out += ',';
        out += types.substr(at, comma - at) + ":{\"schema\":{\"type\":\"object\"}}";
        at = comma + 1;
      }
    }
    out += "},\"required\":true}";
  }

  void append_responses(std::string& out) const {
    if (form_ == OpenApiVersion::kV2)
      out += ",\"responses\":{\"200\":{\"description\":\"OK\",\"schema\":" + ref_ + "}}";
    else
      out += ",\"responses\":{\"200\":{\"description\":\"OK\",\"content\":{\"application/json\":{\"schema\":" + ref_ + "}}}}";
  }

  const api::KindRow& row_;
  const api::KindVersion& version_;
  OpenApiVersion form_;
  std::string ref_;
};

void append_path(std::string& out, const std::string& path, const PathWriter& writer, bool item,
                 std::initializer_list<Operation> operations, const api::KindRow& row) {
  static constexpr struct {
    std::string_view action;
    std::uint16_t verb;
  } kNeeds[] = {{"list", api::kVerbList},    {"post", api::kVerbCreate}, {"deletecollection", api::kVerbDeleteCollection},
                {"get", api::kVerbGet},      {"put", api::kVerbUpdate},  {"patch", api::kVerbPatch},
                {"delete", api::kVerbDelete}};
  std::string body;
  for (const Operation& op : operations) {
    bool offered = true;
    for (const auto& need : kNeeds) {
      if (need.action == op.action) offered = (row.verbs & need.verb) != 0;
    }
    if (!offered) continue;
    writer.append_operation(body, op);
    body += ',';
  }
  if (body.empty()) return;
  if (out.back() != '{') out += ',';
  append_json_string(out, path);
  out += ":{" + body + writer.path_parameters(item) + "}";
}

}  // namespace

std::string gvk_list_extension(const api::KindRow& row, std::string_view version) {
  return ",\"x-kubernetes-group-version-kind\":[" + gvk_object(row, version) + "]";
}

void append_paths(std::string& out, const ResolvedKind& kind, const api::KindVersion& version, OpenApiVersion form,
                  std::string_view definition) {
  const api::KindRow& row = *kind.row;
  std::string base = (row.group.empty() ? "/api/" : "/apis/") + group_version(row.group, version.name) + "/";
  if (row.scope == api::Scope::kNamespaced) base += "namespaces/{namespace}/";
  base += row.plural;
  const PathWriter writer(kind, version, form, definition);
  append_path(out, base, writer, false,
              {{"get", "list", false, false}, {"post", "post", true, true}, {"delete", "deletecollection", true, false}}, row);
  append_path(out, base + "/{name}", writer, true,
              {{"get", "get", false, false},
               {"put", "put", true, true},
               {"patch", "patch", true, true},
               {"delete", "delete", true, false}},
              row);
  if (version.has_status) {
    append_path(out, base + "/{name}/status", writer, true,
                {{"get", "get", false, false}, {"put", "put", true, true}, {"patch", "patch", true, true}}, row);
  }
}

std::vector<ResolvedKind> kinds_of(const KindTable& table, std::string_view group, std::string_view version) {
  std::vector<ResolvedKind> out;
  for (const ResolvedKind& entry : table.rows()) {
    if (entry.row->group != group) continue;
    for (const api::KindVersion& v : entry.row->versions) {
      if (!v.served || v.name != version) continue;
      if (entry.custom) entry.custom->ensure_schema(v);
      if (v.schema != nullptr) out.push_back(ResolvedKind{entry.row, &v, entry.custom});
    }
  }
  return out;
}

}  // namespace plinth::server
