// status.typeChecking of ValidatingAdmissionPolicies: made with the write itself, so that whoever reads the policy sees it.
#include <algorithm>
#include <array>

#include "api/cel/policy_types.h"
#include "api/cel_types.h"
#include "base/text.h"
#include "server/admission/plugins.h"

namespace plinth::server {
namespace {

constexpr std::size_t kTypesMax = 10;  // of one rule

cel::Type type_of(const ResolvedKind& kind) {
  if (kind.custom) kind.custom->ensure_schema(*kind.version);
  return api::cel_object_type(*kind.version->schema, std::string(kind.row->kind), kind.custom);
}

std::string gvk_text(const ResolvedKind& kind) {
  return std::string(kind.row->group) + "/" + std::string(kind.version->name) + ", Kind=" + std::string(kind.row->kind);
}

bool has_wildcard(const Value& list) {
  return std::any_of(list.items().begin(), list.items().end(),
                     [](const Value& v) { return v.as_string().find('*') != std::string_view::npos; });
}

// The kinds that a rule names, where it names them one by one.
void add_kinds(const KindTable& table, const Value& rule, std::vector<ResolvedKind>& out) {
  if (has_wildcard(rule["apiGroups"]) || has_wildcard(rule["apiVersions"])) return;
  std::size_t found = 0;
  for (const Value& group : rule["apiGroups"].items()) {
    for (const Value& version : rule["apiVersions"].items()) {
      for (const Value& resource : rule["resources"].items()) {
        if (resource.as_string().find_first_of("*/") != std::string_view::npos) continue;
        ResolvedKind kind = table.find(group.as_string(), version.as_string(), resource.as_string());
        if (kind.row == nullptr || found++ >= kTypesMax) continue;
        out.push_back(std::move(kind));
      }
    }
  }
}

std::vector<api::PolicyObjectType> object_types(const KindTable& table, const Value& policy) {
  std::vector<ResolvedKind> kinds;
  for (const Value& rule : policy["spec"]["matchConstraints"]["resourceRules"].items()) add_kinds(table, rule, kinds);
  const auto key = [](const ResolvedKind& kind) { return std::array{kind.row->group, kind.version->name, kind.row->kind}; };
  std::sort(kinds.begin(), kinds.end(), [&](const ResolvedKind& a, const ResolvedKind& b) { return key(a) < key(b); });
  kinds.erase(
      std::unique(kinds.begin(), kinds.end(), [&](const ResolvedKind& a, const ResolvedKind& b) { return key(a) == key(b); }),
      kinds.end());
  std::vector<api::PolicyObjectType> out;
  for (const ResolvedKind& kind : kinds) {
    ResolvedKind use = kind;
    if (use.custom) use.custom->ensure_schema(*use.version);
    if (use.version->schema != nullptr) out.push_back({gvk_text(use), type_of(use)});
  }
  return out;
}

std::optional<cel::Type> param_type(const KindTable& table, const Value& param_kind) {
  if (param_kind.is_null()) return std::nullopt;
  const auto [first, second] = cut(param_kind["apiVersion"].as_string(), "/");
  const ResolvedKind kind = table.find_kind(second ? first : "", second ? *second : first, param_kind["kind"].as_string());
  // Whose kind is not known may be anything.
  return kind.row == nullptr ? cel::Type::dyn() : type_of(kind);
}

class PolicyTypeChecking final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "PolicyTypeChecking"; }

  Result<void> prepare(ServerContext& context, AdmissionRequest& request) const override {
    if (request.group() != "admissionregistration.k8s.io" || request.resource() != "validatingadmissionpolicies" ||
        !request.subresource.empty())
      return {};
    Draft& object = *request.object;
    const KindTablePtr table = context.registry->table();
    const auto warnings = api::check_policy_types(object.root(), object_types(*table, object.root()),
                                                  param_type(*table, object.root()["spec"]["paramKind"]));
    Value& status = object.member(object.root(), "status");
    if (!status.is_object()) status = object.object();
    object.set(status, "observedGeneration", object.root()["metadata"]["generation"]);
    Value list = object.array();
    for (const api::ExpressionWarning& warning : warnings) {
      Value one = object.object();
      object.set(one, "fieldRef", warning.field);
      object.set(one, "warning", warning.text);
      object.push(list, one);
    }
    Value checked = object.object();
    if (!warnings.empty()) object.member(checked, "expressionWarnings") = list;
    object.member(status, "typeChecking") = checked;
    return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_policy_type_checking() { return std::make_unique<PolicyTypeChecking>(); }

}  // namespace plinth::server
