#include "server/media_type.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/text.h"
#include "server/status.h"

namespace plinth::server {
namespace {

constexpr std::string_view kObjectTypes = "application/json, application/yaml";
constexpr std::string_view kBuiltinTypes = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
constexpr std::size_t kAcceptClausesMax = 64;

std::string_view next_piece(std::string_view& rest, char separator) {
  std::size_t at = rest.find(separator);
  std::string_view piece = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return trim(piece);
}

AcceptClause parse_clause(std::string_view text) {
  AcceptClause clause;
  clause.type = to_lower(next_piece(text, ';'));
  while (!text.empty()) {
    std::string_view piece = next_piece(text, ';');
    std::string_view value = piece;
    std::string name = to_lower(next_piece(value, '='));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (name == "q")
      clause.q = std::strtod(std::string(value).c_str(), nullptr);
    else if (!name.empty())
      clause.parameters.emplace_back(std::move(name), std::string(value));
  }
  return clause;
}

bool accepts_json(const AcceptClause& c) {
  return c.type == "application/json" || c.type == "*/*" || c.type == "application/*";
}

// False when the clause asks for a transform that cannot be given; it is then skipped, not refused.
bool read_transform(const AcceptClause& clause, Accepted& out) {
  std::string_view as = clause.parameter("as");
  out.transform = Transform::kNone;
  if (as.empty()) return true;
  if (clause.parameter("g") != "meta.k8s.io") return false;
  std::string_view v = clause.parameter("v");
  if (v != "v1" && v != "v1beta1") return false;
  out.meta_version = v == "v1" ? "v1" : "v1beta1";
  if (as == "Table")
    out.transform = Transform::kTable;
  else if (as == "PartialObjectMetadata")
    out.transform = Transform::kPartialObjectMetadata;
  else if (as == "PartialObjectMetadataList")
    out.transform = Transform::kPartialObjectMetadataList;
  else
    return false;
  return true;
}

// The first clause of `form` that names an allowed transform.
template <typename Allowed>
std::optional<Accepted> find_clause(const std::vector<AcceptClause>& clauses, bool protobuf, Allowed allowed) {
  for (const AcceptClause& clause : clauses) {
    if (clause.q <= 0) continue;
    Accepted accepted;
    accepted.yaml = clause.type == "application/yaml";
    accepted.protobuf = clause.type == "application/vnd.kubernetes.protobuf";
    if (accepted.protobuf != protobuf || (!protobuf && !accepted.yaml && !accepts_json(clause))) continue;
    if (!read_transform(clause, accepted) || !allowed(accepted.transform)) continue;
    accepted.pretty = clause.parameter("pretty") == "1";
    return accepted;
  }
  return std::nullopt;
}

template <typename Allowed, typename InProtobuf>
Result<Accepted> negotiate(std::string_view accept, Allowed allowed, InProtobuf in_protobuf) {
  const std::vector<AcceptClause> clauses = parse_accept(accept);
  if (auto text = find_clause(clauses, false, allowed)) return *text;
  if (auto binary = find_clause(clauses, true, in_protobuf)) return *binary;
  return not_acceptable(in_protobuf(Transform::kNone) ? kBuiltinTypes : kObjectTypes);
}

bool is_whole(Transform transform) { return transform == Transform::kNone; }

}  // namespace

std::string_view AcceptClause::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::vector<AcceptClause> parse_accept(std::string_view accept) {
  std::vector<AcceptClause> clauses;
  while (!accept.empty() && clauses.size() < kAcceptClausesMax) {
    std::string_view piece = next_piece(accept, ',');
    if (!piece.empty()) clauses.push_back(parse_clause(piece));
  }
  std::stable_sort(clauses.begin(), clauses.end(), [](const AcceptClause& a, const AcceptClause& b) { return a.q > b.q; });
  if (clauses.empty()) clauses.push_back(AcceptClause{"*/*", {}, 1});
  return clauses;
}

Result<BodyFormat> request_format(std::string_view content_type, bool allow_protobuf) {
  std::string type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  if (type.empty() || type == "application/json") return BodyFormat::kJson;
  if (type == "application/yaml") return BodyFormat::kYaml;
  if (type == "application/vnd.kubernetes.protobuf" && allow_protobuf) return BodyFormat::kProtobuf;
  return unsupported_media_type(content_type, allow_protobuf ? kBuiltinTypes : kObjectTypes);
}

Result<Accepted> negotiate_object(std::string_view accept, bool builtin) {
  return negotiate(
      accept, [](Transform) { return true; },
      [builtin](Transform t) { return t != Transform::kTable && (builtin || t != Transform::kNone); });
}

Result<Accepted> negotiate_plain(std::string_view accept) { return negotiate(accept, is_whole, is_whole); }

Accepted negotiate_status(std::string_view accept) {
  // What the object would have been cut down to says nothing about the Status.
  const auto any = [](Transform) { return true; };
  const std::vector<AcceptClause> clauses = parse_accept(accept);
  Accepted out;
  out.protobuf = !find_clause(clauses, false, any) && find_clause(clauses, true, any);
  return out;
}

Result<DiscoveryForm> negotiate_discovery(std::string_view accept) {
  for (const AcceptClause& clause : parse_accept(accept)) {
    if (!accepts_json(clause)) continue;
    std::string_view as = clause.parameter("as");
    if (as.empty()) return DiscoveryForm::kPlain;
    if (as != "APIGroupDiscoveryList" || clause.parameter("g") != "apidiscovery.k8s.io") continue;
    if (clause.parameter("v") == "v2") return DiscoveryForm::kAggregatedV2;
    if (clause.parameter("v") == "v2beta1") return DiscoveryForm::kAggregatedV2Beta1;
  }
  return not_acceptable("application/json");
}

Result<OpenApiForm> negotiate_openapi(std::string_view accept) {
  for (const AcceptClause& clause : parse_accept(accept)) {
    if (clause.type == "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" ||
        clause.type == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf") {
      return OpenApiForm::kProtobuf;
    }
    if (accepts_json(clause)) return OpenApiForm::kJson;
  }
  return not_acceptable("application/json, application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
}

}  // namespace plinth::server
