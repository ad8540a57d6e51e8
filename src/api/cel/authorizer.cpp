#include "api/cel/authorizer.h"

#include "api/names.h"
#include "base/text.h"

namespace plinth::api {
namespace {

using Args = std::span<const cel::Value>;

constexpr std::uint64_t kCheckCost = 350'000;  // of asking, as Kubernetes reckons

struct Asking : cel::Opaque {
  const RuleAuthorizer* authorizer;
  AuthorizationQuestion question;
};

struct Decided : cel::Opaque {
  bool allowed;
  std::string_view reason, error;
};

bool same(const cel::Opaque& a, const cel::Opaque& b) { return &a == &b; }

constexpr cel::OpaqueType kAuthorizer = {"kubernetes.authorization.Authorizer", same,
                                         [](const cel::Opaque&, std::string& out) { out += "authorizer"; }};
constexpr cel::OpaqueType kPathCheck = {"kubernetes.authorization.PathCheck", same,
                                        [](const cel::Opaque&, std::string& out) { out += "path check"; }};
constexpr cel::OpaqueType kGroupCheck = {"kubernetes.authorization.GroupCheck", same,
                                         [](const cel::Opaque&, std::string& out) { out += "group check"; }};
constexpr cel::OpaqueType kResourceCheck = {"kubernetes.authorization.ResourceCheck", same,
                                            [](const cel::Opaque&, std::string& out) { out += "resource check"; }};
constexpr cel::OpaqueType kDecision = {"kubernetes.authorization.Decision", same,
                                       [](const cel::Opaque& value, std::string& out) {
                                         out += static_cast<const Decided&>(value).allowed ? "allowed" : "not allowed";
                                       }};

const Asking& asking(const cel::Value& value) { return static_cast<const Asking&>(value.as_opaque()); }
const Decided& decided(const cel::Value& value) { return static_cast<const Decided&>(value.as_opaque()); }

Asking* copy_as(cel::Memory& memory, const Asking& from, const cel::OpaqueType& type) {
  auto* made = memory.make<Asking>(from);
  made->type = &type;
  return made;
}

// The same question with one more text in it.
template <std::string_view AuthorizationQuestion::*Part>
cel::Value with(cel::CallContext& context, Args args) {
  Asking* made = copy_as(context.memory, asking(args[0]), kResourceCheck);
  made->question.*Part = args[1].as_string();
  return cel::Value::opaque(made);
}

cel::Value path(cel::CallContext& context, Args args) {
  if (trim(args[1].as_string()).empty()) return context.error("path must not be empty");
  Asking* made = copy_as(context.memory, asking(args[0]), kPathCheck);
  made->question.path = args[1].as_string();
  return cel::Value::opaque(made);
}

cel::Value group(cel::CallContext& context, Args args) {
  Asking* made = copy_as(context.memory, asking(args[0]), kGroupCheck);
  made->question.group = args[1].as_string();
  return cel::Value::opaque(made);
}

cel::Value resource(cel::CallContext& context, Args args) {
  if (trim(args[1].as_string()).empty()) return context.error("resource must not be empty");
  Asking* made = copy_as(context.memory, asking(args[0]), kResourceCheck);
  made->question.is_resource = true;
  made->question.resource = args[1].as_string();
  return cel::Value::opaque(made);
}

cel::Value service_account(cel::CallContext& context, Args args) {
  if (!check_dns1123_subdomain(args[2].as_string()).empty()) return context.error("Invalid service account name");
  if (!check_dns1123_label(args[1].as_string()).empty()) return context.error("Invalid service account namespace");
  Asking* made = copy_as(context.memory, asking(args[0]), kAuthorizer);
  made->question.account_namespace = args[1].as_string();
  made->question.account_name = args[2].as_string();
  return cel::Value::opaque(made);
}

cel::Value check(cel::CallContext& context, Args args) {
  const Asking& from = asking(args[0]);
  AuthorizationQuestion question = from.question;
  question.verb = args[1].as_string();
  const AuthorizationAnswer answer = from.authorizer->ask(question);
  return cel::Value::opaque(context.memory.make<Decided>(
      cel::Opaque{&kDecision}, answer.allowed, context.memory.copy(answer.reason), context.memory.copy(answer.error)));
}

cel::Value allowed(cel::CallContext&, Args args) { return cel::Value::of(decided(args[0]).allowed); }
cel::Value reason(cel::CallContext&, Args args) { return cel::Value::string(decided(args[0]).reason); }
cel::Value error(cel::CallContext&, Args args) { return cel::Value::string(decided(args[0]).error); }
cel::Value errored(cel::CallContext&, Args args) { return cel::Value::of(!decided(args[0]).error.empty()); }

std::uint64_t check_cost(std::span<const std::uint64_t>, std::uint64_t) { return kCheckCost; }

cel::Type type_of(const cel::OpaqueType& type) { return cel::Type::opaque(std::string(type.name)); }

}  // namespace

cel::Type authorizer_type() { return type_of(kAuthorizer); }
cel::Type resource_check_type() { return type_of(kResourceCheck); }

cel::Library authorizer_library() {
  const cel::Type text = cel::Type::string(), yes = cel::Type::boolean();
  const cel::Type authorizer = authorizer_type(), path_check = type_of(kPathCheck), group_check = type_of(kGroupCheck);
  const cel::Type resource_check = resource_check_type(), decision = type_of(kDecision);
  cel::Library library("kubernetes.authz");
  for (const cel::OpaqueType* type : {&kAuthorizer, &kPathCheck, &kGroupCheck, &kResourceCheck, &kDecision}) {
    library.add_type(type->name, type_of(*type));
  }
  library.member("path", "authorizer_path", {authorizer, text}, path_check, path);
  library.member("group", "authorizer_group", {authorizer, text}, group_check, group);
  library.member("serviceAccount", "authorizer_serviceaccount", {authorizer, text, text}, authorizer, service_account);
  library.member("resource", "groupcheck_resource", {group_check, text}, resource_check, resource);
  library.member("subresource", "resourcecheck_subresource", {resource_check, text}, resource_check,
                 with<&AuthorizationQuestion::subresource>);
  library.member("namespace", "resourcecheck_namespace", {resource_check, text}, resource_check,
                 with<&AuthorizationQuestion::name_space>);
  library.member("name", "resourcecheck_name", {resource_check, text}, resource_check, with<&AuthorizationQuestion::name>);
  library.member("fieldSelector", "authorizer_fieldselector", {resource_check, text}, resource_check,
                 with<&AuthorizationQuestion::field_selector>);
  library.member("labelSelector", "authorizer_labelselector", {resource_check, text}, resource_check,
                 with<&AuthorizationQuestion::label_selector>);
  library.member("check", "pathcheck_check", {path_check, text}, decision, check).impure().with_cost(check_cost);
  library.member("check", "resourcecheck_check", {resource_check, text}, decision, check).impure().with_cost(check_cost);
  library.member("allowed", "decision_allowed", {decision}, yes, allowed);
  library.member("reason", "decision_reason", {decision}, text, reason);
  library.member("error", "decision_error", {decision}, text, error);
  library.member("errored", "decision_errored", {decision}, yes, errored);
  return library;
}

cel::Value authorizer_value(const RuleAuthorizer& authorizer, cel::Memory& memory) {
  return cel::Value::opaque(memory.make<Asking>(cel::Opaque{&kAuthorizer}, &authorizer, AuthorizationQuestion()));
}

cel::Value resource_check_value(const RuleAuthorizer& authorizer, const AuthorizationQuestion& resource, cel::Memory& memory) {
  auto* made = memory.make<Asking>(cel::Opaque{&kResourceCheck}, &authorizer, resource);
  made->question.is_resource = true;
  return cel::Value::opaque(made);
}

}  // namespace plinth::api
