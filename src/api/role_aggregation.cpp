#include "api/role_aggregation.h"

#include <algorithm>
#include <vector>

#include "api/label_selector.h"

namespace plinth::api {
namespace {

std::string_view name_of(const Value& role) { return role["metadata"]["name"].as_string(); }

void add_new_rules(Draft& draft, const Value& rules) {
  for (const Value& rule : rules.items()) {
    const auto present = draft.root().items();
    if (std::any_of(present.begin(), present.end(), [&](const Value& p) { return equal(p, rule); })) continue;
    draft.push(draft.root(), draft.clone(rule));
  }
}

}  // namespace

Result<Document> aggregated_rules(const Value& role, std::span<const Value> all_roles) {
  std::vector<Value> sorted(all_roles.begin(), all_roles.end());
  std::sort(sorted.begin(), sorted.end(), [](const Value& a, const Value& b) { return name_of(a) < name_of(b); });
  Draft draft;
  draft.root() = draft.array();
  for (const Value& object : role["aggregationRule"]["clusterRoleSelectors"].items()) {
    const LabelSelector selector = TRY(LabelSelector::from_object(object));
    for (const Value& other : sorted) {
      if (name_of(other) != name_of(role) && selector.matches(other["metadata"]["labels"]))
        add_new_rules(draft, other["rules"]);
    }
  }
  return std::move(draft).finish();
}

}  // namespace plinth::api
