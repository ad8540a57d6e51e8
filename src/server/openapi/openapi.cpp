#include "server/openapi/openapi.h"

#include "base/json.h"
#include "server/object_codec.h"
#include "server/openapi/paths.h"

namespace plinth::server {
namespace {

std::string path_of(std::string_view group, std::string_view version) {
  return (group.empty() ? "api/" : "apis/") + group_version(group, version);
}

std::string root_definition(const ResolvedKind& kind) {
  if (kind.custom) return custom_definition_name(kind.row->group, kind.version->name, kind.row->kind);
  return definition_name(kind.version->schema->name);
}

void append_definition(std::string& out, const ResolvedKind& kind, OpenApiVersion form, ReferencedTypes& types) {
  if (out.back() != '{') out += ',';
  append_json_string(out, root_definition(kind));
  out += ':';
  const std::string extra = gvk_list_extension(*kind.row, kind.version->name);
  if (kind.custom)
    append_custom_root(out, *kind.version->schema, form, types, extra);
  else
    append_schema(out, *kind.version->schema, form, types, extra);
}

void append_type(std::string& out, const api::Schema& schema, OpenApiVersion form, ReferencedTypes& types) {
  if (out.back() != '{') out += ',';
  append_json_string(out, definition_name(schema.name));
  out += ':';
  append_schema(out, schema, form, types, "");
}

void append_leaves(std::string& out, OpenApiVersion form, const ReferencedTypes& types) {
  for (const LeafType* leaf : types.leaves) {
    if (out.back() != '{') out += ',';
    append_json_string(out, leaf->name);
    out += ":{";
    out += form == OpenApiVersion::kV3 ? leaf->v3 : leaf->v2;
    out += '}';
  }
}

void append_definitions(std::string& out, const std::vector<ResolvedKind>& kinds, OpenApiVersion form) {
  ReferencedTypes types;
  std::set<const api::Schema*> roots;
  std::string definitions;
  definitions += '{';
  for (const ResolvedKind& kind : kinds) {
    // An alias version shares its root with another: one definition, listed once.
    if (!kind.custom && !roots.insert(kind.version->schema).second) continue;
    types.seen.insert(kind.version->schema);
    append_definition(definitions, kind, form, types);
  }
  // Types that are referred to but are no kind's root; the queue grows while it is worked on.
  for (std::size_t i = 0; i < types.queue.size(); ++i) append_type(definitions, *types.queue[i], form, types);
  append_leaves(definitions, form, types);
  out += definitions;
  out += '}';
}

constexpr std::string_view kInfo = R"("info":{"title":"Kubernetes","version":"v1.34.0"})";

// Part of the hash under which clients keep documents for good: it counts the forms in which the same schemas were written.
constexpr std::uint64_t kDocumentForm = 2;

}  // namespace

std::string openapi_v3_hash(const KindTable& table, std::string_view group, std::string_view version) {
  std::uint64_t hash = 1469598103934665603ull;
  auto mix = [&hash](std::uint64_t x) { hash = (hash ^ x) * 1099511628211ull; };
  mix(kDocumentForm);
  for (const ResolvedKind& entry : table.rows()) {
    if (entry.row->group != group) continue;
    for (const api::KindVersion& v : entry.row->versions) {
      if (!v.served || v.name != version) continue;
      for (char c : entry.row->kind) mix(static_cast<unsigned char>(c));
      mix(entry.custom ? entry.custom->revision() : v.stamp);
    }
  }
  std::string out;
  for (int i = 0; i < 16; ++i) out += "0123456789ABCDEF"[(hash >> (60 - 4 * i)) & 15];
  return out;
}

std::string openapi_v3_index(const KindTable& table) {
  std::string out = "{\"paths\":{";
  for (std::string_view group : table.groups()) {
    for (std::string_view version : table.versions(group)) {
      if (out.back() != '{') out += ',';
      append_json_string(out, path_of(group, version));
      out += ":{\"serverRelativeURL\":\"/openapi/v3/" + path_of(group, version) +
             "?hash=" + openapi_v3_hash(table, group, version) + "\"}";
    }
  }
  return out + "}}";
}

std::string openapi_v3_document(const KindTable& table, std::string_view group, std::string_view version) {
  const std::vector<ResolvedKind> kinds = kinds_of(table, group, version);
  if (kinds.empty()) return "";
  std::string out = "{\"openapi\":\"3.0.0\"," + std::string(kInfo) + ",\"paths\":{";
  for (const ResolvedKind& kind : kinds) append_paths(out, kind, *kind.version, OpenApiVersion::kV3, root_definition(kind));
  out += "},\"components\":{\"schemas\":";
  append_definitions(out, kinds, OpenApiVersion::kV3);
  return out + "}}";
}

struct SwaggerBuilder::State {
  KindTablePtr table;
  Form form;
  std::vector<ResolvedKind> kinds;
  std::size_t next_path = 0, next_definition = 0, next_type = 0;
  bool has_leaves = false;
  ReferencedTypes types;
  std::set<const api::Schema*> roots;
  std::string paths, definitions;  // members of the objects, or entries of the messages

  // `piece` is a JSON object of paths or definitions.
  void add(std::string& to, std::string_view piece, Result<std::string> (*encode)(std::string_view)) {
    if (piece.size() <= 2) return;
    if (form == Form::kProtobuf) {
      if (auto encoded = encode(piece); encoded.ok()) to += *encoded;  // our own JSON: it can be read
      return;
    }
    if (!to.empty()) to += ',';
    to += piece.substr(1, piece.size() - 2);
  }
  void add_path() {
    const ResolvedKind& kind = kinds[next_path++];
    std::string piece = "{";
    append_paths(piece, kind, *kind.version, OpenApiVersion::kV2, root_definition(kind));
    add(paths, piece + "}", gnostic_paths);
  }
  void add_definition() {
    const ResolvedKind& kind = kinds[next_definition++];
    // An alias version shares its root with another: one definition, listed once.
    if (!kind.custom && !roots.insert(kind.version->schema).second) return;
    types.seen.insert(kind.version->schema);
    std::string piece = "{";
    append_definition(piece, kind, OpenApiVersion::kV2, types);
    add(definitions, piece + "}", gnostic_definitions);
  }
  void add_type() {
    const api::Schema* schema = types.queue[next_type++];
    std::string piece = "{";
    append_type(piece, *schema, OpenApiVersion::kV2, types);
    add(definitions, piece + "}", gnostic_definitions);
  }
  void add_leaves() {
    has_leaves = true;
    std::string piece = "{";
    append_leaves(piece, OpenApiVersion::kV2, types);
    add(definitions, piece + "}", gnostic_definitions);
  }
};

SwaggerBuilder::SwaggerBuilder(KindTablePtr table, Form form) : state_(std::make_unique<State>()) {
  state_->table = std::move(table);
  state_->form = form;
  for (std::string_view group : state_->table->groups()) {
    for (std::string_view version : state_->table->versions(group)) {
      for (ResolvedKind& kind : kinds_of(*state_->table, group, version)) state_->kinds.push_back(std::move(kind));
    }
  }
}

SwaggerBuilder::~SwaggerBuilder() = default;

bool SwaggerBuilder::step() {
  State& s = *state_;
  if (s.next_path < s.kinds.size())
    s.add_path();
  else if (s.next_definition < s.kinds.size())
    s.add_definition();
  else if (s.next_type < s.types.queue.size())
    s.add_type();
  else if (!s.has_leaves)
    s.add_leaves();
  else
    return false;
  return true;
}

std::string SwaggerBuilder::take() {
  State& s = *state_;
  if (s.form == Form::kProtobuf) {
    const auto info = parse_json("{" + std::string(kInfo) + "}");
    return gnostic_around(info.ok() ? (*info)["info"] : Value(), s.paths, s.definitions);
  }
  return "{\"swagger\":\"2.0\"," + std::string(kInfo) + ",\"paths\":{" + s.paths + "},\"definitions\":{" + s.definitions + "}}";
}

std::string openapi_v2_json(KindTablePtr table) {
  SwaggerBuilder builder(std::move(table), SwaggerBuilder::Form::kJson);
  while (builder.step()) {
  }
  return builder.take();
}

}  // namespace plinth::server
