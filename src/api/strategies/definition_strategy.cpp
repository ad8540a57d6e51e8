// Custom resource definitions: what their deletion shows. Their rules stand in crd_validate.h.
#include "api/strategies/draft_tools.h"
#include "api/strategies/strategy_tables.h"
#include "base/time_text.h"

namespace plinth::api {
namespace {

constexpr std::string_view kCleanup = "customresourcecleanup.apiextensions.k8s.io";

// The instances go before the definition does; a controller removes this finalizer then.
void add_cleanup(Draft& draft) {
  Value& metadata = object_member(draft, draft.root(), "metadata");
  for (const Value& finalizer : metadata["finalizers"].items()) {
    if (finalizer.as_string() == kCleanup) return;
  }
  draft.push(draft.member(metadata, "finalizers"), Value::ref(kCleanup));
}

void mark_definition(Draft& draft, std::int64_t now_s) {
  add_cleanup(draft);
  Value& conditions = draft.member(object_member(draft, draft.root(), "status"), "conditions");
  Value condition = draft.object();
  draft.set(condition, "type", "Terminating");
  draft.set(condition, "status", "True");
  draft.set(condition, "reason", "InstanceDeletionPending");
  draft.set(condition, "message", "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon");
  draft.set(condition, "lastTransitionTime", format_rfc3339(TimeStamp{now_s, 0}));
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (conditions.items()[i]["type"].as_string() != "Terminating") continue;
    draft.item(conditions, i) = condition;
    return;
  }
  draft.push(conditions, condition);
}

constexpr Strategy kStrategies[] = {
    {.group = "apiextensions.k8s.io",
     .kind = "CustomResourceDefinition",
     .status_resets = StatusResets::kMetadata,
     .mark_deletion = mark_definition},
    {.group = "apiregistration.k8s.io", .kind = "APIService", .status_resets = StatusResets::kMetadata},
};

}  // namespace

std::span<const Strategy> definition_strategies() { return kStrategies; }

}  // namespace plinth::api
