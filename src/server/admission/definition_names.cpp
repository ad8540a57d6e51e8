// CustomResourceDefinitions: names are accepted (or refused) in the same commit that stores the definition, so that a kind is
// served as soon as its definition is there. Upstream's naming and establishing controllers do the same in several steps.
#include <algorithm>

#include "api/crd_validate.h"
#include "base/time_text.h"
#include "server/admission/plugins.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

struct Conflict {
  std::string_view reason;  // of the condition
  std::string message;
};

bool same_kind(const ResolvedKind& other, const std::string& name) { return other.custom && other.custom->crd_name() == name; }

// The first name that another kind of the group has; nothing when all are free. Short names may belong to any group.
std::optional<Conflict> find_conflict(const KindTable& table, std::string_view group, const Value& names,
                                      const std::string& crd_name) {
  for (const ResolvedKind& other : table.rows()) {
    if (other.row->group != group || same_kind(other, crd_name)) continue;
    auto taken = [](std::string_view reason, std::string_view name) {
      return Conflict{reason, "\"" + std::string(name) + "\" is already in use"};
    };
    const api::KindRow& row = *other.row;
    auto resource_in_use = [&](std::string_view name) {
      if (name.empty()) return false;
      return name == row.plural || name == row.singular ||
             std::find(row.short_names.begin(), row.short_names.end(), name) != row.short_names.end();
    };
    if (resource_in_use(names["plural"].as_string())) return taken("PluralConflict", names["plural"].as_string());
    if (resource_in_use(names["singular"].as_string())) return taken("SingularConflict", names["singular"].as_string());
    for (const Value& s : names["shortNames"].items()) {
      if (resource_in_use(s.as_string())) return taken("ShortNamesConflict", s.as_string());
    }
    auto kind_in_use = [&](std::string_view name) { return !name.empty() && (name == row.kind || name == row.list_kind); };
    if (kind_in_use(names["kind"].as_string())) return taken("KindConflict", names["kind"].as_string());
    if (kind_in_use(names["listKind"].as_string())) return taken("ListKindConflict", names["listKind"].as_string());
  }
  return std::nullopt;
}

void set_condition(Draft& object, Value& conditions, std::string_view type, bool status, std::string_view reason,
                   std::string_view message, const std::string& now) {
  Value made = object.object();
  object.set(made, "type", type);
  object.set(made, "status", status ? "True" : "False");
  object.set(made, "lastTransitionTime", now);
  object.set(made, "reason", reason);
  object.set(made, "message", message);
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const Value old = conditions.items()[i];
    if (old["type"].as_string() != type) continue;
    if (old["status"].as_string() == made["status"].as_string())
      object.member(made, "lastTransitionTime") = old["lastTransitionTime"];
    object.item(conditions, i) = made;
    return;
  }
  object.push(conditions, made);
}

void store_version(Draft& object, Value& status) {
  std::string_view storage;
  for (const Value& v : object.root()["spec"]["versions"].items()) {
    if (v["storage"].as_bool()) storage = v["name"].as_string();
  }
  Value& stored = object.member(status, "storedVersions");
  if (!stored.is_array()) stored = object.array();
  for (const Value& v : stored.items()) {
    if (v.as_string() == storage) return;
  }
  object.push(stored, object.text(storage));
}

class DefinitionNames final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "CustomResourceDefinitionNames"; }

  Result<void> prepare(ServerContext& context, AdmissionRequest& request) const override {
    if (!concerns(request)) return {};
    Draft& object = *request.object;
    api::default_crd(object);
    const Value spec = object.root()["spec"];
    const Value names = spec["names"];
    const auto conflict = find_conflict(*context.registry->table(), spec["group"].as_string(), names, request.name);
    const std::string now = format_rfc3339(context.clock->wall_ns());
    Value& status = object.member(object.root(), "status");
    if (!status.is_object()) status = object.object();
    if (!conflict) {
      object.member(status, "acceptedNames") = names;
    } else if (status["acceptedNames"].is_null()) {
      Value none = object.object();
      object.set(none, "plural", "");
      object.set(none, "kind", "");
      object.member(status, "acceptedNames") = none;
    }
    Value& conditions = object.member(status, "conditions");
    if (!conditions.is_array()) conditions = object.array();
    const bool was_established = is_established(conditions);
    if (conflict) {
      set_condition(object, conditions, "NamesAccepted", false, conflict->reason, conflict->message, now);
      if (!was_established)
        set_condition(object, conditions, "Established", false, "NotAccepted", "not all names are accepted", now);
    } else {
      set_condition(object, conditions, "NamesAccepted", true, "NoConflicts", "no conflicts found", now);
      set_condition(object, conditions, "Established", true, "InitialNamesAccepted", "the initial names have been accepted",
                    now);
    }
    store_version(object, object.member(object.root(), "status"));
    return {};
  }

  Result<void> validate(ServerContext&, AdmissionRequest& request) const override {
    if (!concerns(request) || request.object == nullptr) return {};
    const Value* old = request.old_object.is_null() ? nullptr : &request.old_object.root();
    const api::FieldErrors errors = api::validate_crd(request.object->view(), old);
    if (!errors.empty()) return api::invalid(request.group(), request.kind.row->kind, request.name, errors);
    return {};
  }

 private:
  static bool concerns(const AdmissionRequest& request) {
    return request.group() == "apiextensions.k8s.io" && request.resource() == "customresourcedefinitions" &&
           request.subresource.empty();
  }

  static bool is_established(const Value& conditions) {
    for (const Value& c : conditions.items()) {
      if (c["type"].as_string() == "Established") return c["status"].as_string() == "True";
    }
    return false;
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_definition_names() { return std::make_unique<DefinitionNames>(); }

}  // namespace plinth::server
