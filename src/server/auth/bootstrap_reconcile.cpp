#include <algorithm>

#include "server/auth/bootstrap_policy.h"
#include "server/auth/policy_rule.h"
#include "server/auth/rule_cover.h"

namespace plinth::server::auth {
namespace {

constexpr std::string_view kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

class Reconciler {
 public:
  Reconciler(const Document& expected, const Document& existing) : expected_(expected), existing_(existing), draft_(existing) {}

  Reconciled run() {
    if (existing_["metadata"]["annotations"][kAutoUpdate].as_string() == "false") return {};
    if (!equal(expected_["roleRef"], existing_["roleRef"])) return {Reconciled::Action::kRecreate, expected_};
    // What an administrator set wins over what is expected.
    add_missing_entries("labels");
    add_missing_entries("annotations");
    if (expected_.root().find("roleRef") != nullptr) {
      add_missing_items(draft_.root(), "subjects", expected_["subjects"], existing_["subjects"]);
    } else {
      add_missing_rules();
      reconcile_aggregation();
    }
    if (!changed_) return {};
    return {Reconciled::Action::kUpdate, std::move(draft_).finish()};
  }

 private:
  void add_missing_entries(std::string_view field) {
    const Value present = existing_["metadata"][field];
    for (const Member& m : expected_["metadata"][field].members()) {
      if (present.find(m.key()) != nullptr) continue;
      draft_.set(draft_.member_path(draft_.root(), {"metadata", field}), m.key(), draft_.clone(m.value));
      changed_ = true;
    }
  }

  void add_missing_items(Value& parent, std::string_view field, const Value& wanted, const Value& present) {
    for (const Value& item : wanted.items()) {
      const auto items = present.items();
      if (std::any_of(items.begin(), items.end(), [&](const Value& p) { return equal(p, item); })) continue;
      draft_.push(list(parent, field), draft_.clone(item));
      changed_ = true;
    }
  }

  void add_missing_rules() {
    const PolicyRules missing = missing_rights(rules_from_value(existing_["rules"]), rules_from_value(expected_["rules"]));
    if (missing.empty()) return;
    const Value values = rules_to_value(draft_, missing);
    for (const Value& rule : values.items()) draft_.push(list(draft_.root(), "rules"), rule);
    changed_ = true;
  }

  void reconcile_aggregation() {
    if (expected_.root().find("aggregationRule") == nullptr) {
      changed_ = draft_.remove(draft_.root(), "aggregationRule") || changed_;
      return;
    }
    const Value wanted = expected_["aggregationRule"]["clusterRoleSelectors"];
    const Value present = existing_["aggregationRule"]["clusterRoleSelectors"];
    const bool had_none = present.size() == 0 && wanted.size() > 0;
    Value& rule =
        had_none ? draft_.member(draft_.root(), "aggregationRule") : *draft_.mutable_find(draft_.root(), "aggregationRule");
    add_missing_items(rule, "clusterRoleSelectors", wanted, present);
  }

  Value& list(Value& parent, std::string_view field) {
    Value& slot = draft_.member(parent, field);
    if (!slot.is_array()) slot = draft_.array();
    return slot;
  }

  const Document& expected_;
  const Document& existing_;
  Draft draft_;
  bool changed_ = false;
};

}  // namespace

Reconciled reconcile_bootstrap_object(const Document& expected, const Document* existing) {
  if (existing == nullptr) return {Reconciled::Action::kCreate, expected};
  return Reconciler(expected, *existing).run();
}

}  // namespace plinth::server::auth
