#include "api/cel/admission_environment.h"

#include <algorithm>
#include <utility>

#include "api/cel/authorizer.h"
#include "api/cel/environments.h"

namespace plinth::api {
namespace {

using cel::Type;

// An object with a few fields that are known beforehand.
class PlainObject final : public cel::ObjectType {
 public:
  using Fields = std::vector<std::pair<std::string, Type>>;
  PlainObject(std::string name, Fields fields) : name_(std::move(name)), fields_(std::move(fields)) {}
  std::string_view name() const override { return name_; }
  std::optional<Type> field(std::string_view field) const override {
    const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const auto& f) { return f.first == field; });
    if (found == fields_.end()) return std::nullopt;
    return found->second;
  }
  std::vector<std::string> field_names() const override {
    std::vector<std::string> out;
    for (const auto& [name, type] : fields_) out.push_back(name);
    return out;
  }

 private:
  std::string name_;
  Fields fields_;
};

Type object(std::string name, PlainObject::Fields fields) {
  return Type::object(std::make_shared<PlainObject>(std::move(name), std::move(fields)));
}

Type request_type() {
  const Type text = Type::string(), texts = Type::list(text);
  const Type kind = object("kubernetes.GroupVersionKind", {{"group", text}, {"version", text}, {"kind", text}});
  const Type resource = object("kubernetes.GroupVersionResource", {{"group", text}, {"version", text}, {"resource", text}});
  const Type user =
      object("kubernetes.UserInfo", {{"username", text}, {"uid", text}, {"groups", texts}, {"extra", Type::map(text, texts)}});
  return object("kubernetes.AdmissionRequest", {{"kind", kind},
                                                {"resource", resource},
                                                {"subResource", text},
                                                {"requestKind", kind},
                                                {"requestResource", resource},
                                                {"requestSubResource", text},
                                                {"name", text},
                                                {"namespace", text},
                                                {"operation", text},
                                                {"userInfo", user},
                                                {"dryRun", Type::boolean()},
                                                {"options", Type::dyn()}});
}

Type namespace_type() {
  const Type text = Type::string(), texts = Type::list(text), map = Type::map(text, text), time = Type::timestamp(),
             number = Type::integer();
  const Type metadata = object("kubernetes.NamespaceMetadata", {{"name", text},
                                                                {"generateName", text},
                                                                {"namespace", text},
                                                                {"labels", map},
                                                                {"annotations", map},
                                                                {"UID", text},
                                                                {"creationTimestamp", time},
                                                                {"deletionGracePeriodSeconds", number},
                                                                {"deletionTimestamp", time},
                                                                {"generation", number},
                                                                {"resourceVersion", text},
                                                                {"finalizers", texts}});
  const Type condition =
      object("kubernetes.NamespaceCondition",
             {{"status", text}, {"type", text}, {"lastTransitionTime", time}, {"message", text}, {"reason", text}});
  const Type spec = object("kubernetes.NamespaceSpec", {{"finalizers", texts}});
  const Type status = object("kubernetes.NamespaceStatus", {{"conditions", Type::list(condition)}, {"phase", text}});
  return object("kubernetes.Namespace", {{"metadata", metadata}, {"spec", spec}, {"status", status}});
}

cel::Environment make_environment(const AdmissionVariables& variables) {
  cel::Environment environment = rules_environment();
  environment.add(authorizer_library());
  environment.declare("object", Type::dyn());
  environment.declare("oldObject", Type::dyn());
  environment.declare("namespaceObject", namespace_type());
  environment.declare("request", request_type());
  environment.declare(variables.params ? "params" : "@params", Type::dyn());
  environment.declare(variables.authorizer ? "authorizer" : "@authorizer", authorizer_type());
  environment.declare(variables.authorizer ? "authorizer.requestResource" : "@authorizer.requestResource",
                      resource_check_type());
  return environment;
}

}  // namespace

cel::Environment admission_environment(const AdmissionVariables& variables) {
  static const cel::Environment made[2][2] = {{make_environment({false, false}), make_environment({false, true})},
                                              {make_environment({true, false}), make_environment({true, true})}};
  return made[variables.params ? 1 : 0][variables.authorizer ? 1 : 0];
}

void PolicyVariables::begin(std::initializer_list<cel::Environment*> environments) const {
  const Type type = object("kubernetes.variables", fields_);
  for (cel::Environment* environment : environments) environment->declare("variables", type);
}

void PolicyVariables::declare(std::string_view name, const Type& type, std::initializer_list<cel::Environment*> environments) {
  fields_.emplace_back(name, type);
  begin(environments);
  for (cel::Environment* environment : environments) environment->declare("variables." + std::string(name), type);
}

}  // namespace plinth::api
