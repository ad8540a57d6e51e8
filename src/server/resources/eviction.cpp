#include "server/resources/eviction.h"

#include "api/label_selector.h"
#include "base/json.h"
#include "base/time_text.h"
#include "server/object_codec.h"
#include "server/status.h"
#include "server/write/delete.h"
#include "server/write/object_form.h"
#include "server/write/request_body.h"

namespace plinth::server {
namespace {

constexpr std::string_view kCreated = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})";
constexpr const char* kCause = "DisruptionBudget";
constexpr std::size_t kDisruptedPodsMax = 2000;  // evictions that the budget's controller has not confirmed yet
constexpr int kRetrySeconds = 10;                // while the controller has not seen the budget's last change

struct Budget {
  ResolvedKind kind;
  store::RecordPtr record;
  Document object;
};

// The budget that covers a pod; more than one is an error.
Result<std::optional<Budget>> budget_of(const ServerContext& context, const store::Snapshot& snapshot,
                                        const std::string& name_space, const Value& pod) {
  const ResolvedKind kind = context.registry->table()->find("policy", "v1", "poddisruptionbudgets");
  std::optional<Budget> found;
  std::optional<Error> error;
  snapshot.scan(namespace_prefix(*kind.row, name_space), "", [&](const store::RecordPtr& record) {
    auto budget = context.decoded->object(kind, record);
    if (!budget.ok()) return true;
    auto selector = api::LabelSelector::from_object((*budget)["spec"]["selector"]);
    if (!selector.ok() || !selector->matches(pod["metadata"]["labels"])) return true;
    if (found)
      error =
          internal_error("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
    found = Budget{kind, record, std::move(*budget)};
    return !error.has_value();
  });
  if (error) return std::move(*error);
  return found;
}

const Value* find_condition(const Value& status, std::string_view type) {
  for (const Value& c : status["conditions"].items()) {
    if (c["type"].as_string() == type) return &c;
  }
  return nullptr;
}

bool counts_as_healthy(const Value& pod) {
  const Value* ready = find_condition(pod["status"], "Ready");
  return ready != nullptr && (*ready)["status"].as_string() == "True";
}

// A pod that nobody counts on may go without a charge, as long as the others suffice.
bool is_free(const Value& pod, const Value& budget) {
  if (counts_as_healthy(pod)) return false;
  if (budget["spec"]["unhealthyPodEvictionPolicy"].as_string() == "AlwaysAllow") return true;
  const std::int64_t desired = budget["status"]["desiredHealthy"].as_int();
  return desired > 0 && budget["status"]["currentHealthy"].as_int() >= desired;
}

std::string why_none_is_allowed(const std::string& name, const Value& status) {
  const std::int64_t desired = status["desiredHealthy"].as_int(), current = status["currentHealthy"].as_int();
  const std::string refusal = "The disruption budget " + name + " does not allow evicting pods currently";
  const Value* condition = find_condition(status, "DisruptionAllowed");
  const bool explained =
      condition != nullptr && (*condition)["status"].as_string() == "False" && !(*condition)["message"].as_string().empty();
  const std::string message(explained ? (*condition)["message"].as_string() : "");
  const std::string reason(explained ? (*condition)["reason"].as_string() : "");
  if (reason == "SyncFailed") return refusal + " because it failed sync: " + message;
  if (current <= desired) {
    return "The disruption budget " + name + " needs " + std::to_string(desired) + " healthy pods and has " +
           std::to_string(current) + " currently";
  }
  return explained ? refusal + " (" + reason + "): " + message : refusal;
}

// Whether the budget allows one more disruption.
Result<void> check_budget(const Value& budget) {
  const std::string name(budget["metadata"]["name"].as_string());
  const Value status = budget["status"];
  const std::int64_t allowed = status["disruptionsAllowed"].as_int();
  std::optional<Error> error;
  if (status["observedGeneration"].as_int() < budget["metadata"]["generation"].as_int()) {
    error = too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.", kRetrySeconds);
    error->add_cause(kCause, "The disruption budget " + name + " is still being processed by the server.", "");
  } else if (allowed < 0) {
    error = forbidden("policy", "poddisruptionbudget", name, "pdb disruptions allowed is negative");
    error->add_cause(
        kCause,
        "The disruption budget " + name + " does not allow evicting pods currently: pdb disruptions allowed is negative", "");
  } else if (status["disruptedPods"].size() > kDisruptedPodsMax) {
    error = forbidden("policy", "poddisruptionbudget", name,
                      "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
    error->add_cause(kCause,
                     "The disruption budget " + name +
                         " does not allow evicting pods currently: too many pending evictions not confirmed by PDB controller",
                     "");
  } else if (allowed == 0) {
    error = too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.", 0);
    error->add_cause(kCause, why_none_is_allowed(name, status), "");
  }
  if (error) return std::move(*error);
  return {};
}

// Adds the condition or takes the place of the one of its type; the time of the transition stays when the status does.
void set_condition(Draft& draft, Value& status, Value condition, std::string_view now) {
  const Value* before = find_condition(status, condition["type"].as_string());
  const bool same = before != nullptr && (*before)["status"].as_string() == condition["status"].as_string();
  if (same)
    draft.set(condition, "lastTransitionTime", (*before)["lastTransitionTime"]);
  else
    draft.set(condition, "lastTransitionTime", now);
  Value& conditions = draft.member(status, "conditions");
  if (!conditions.is_array()) conditions = draft.array();
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (conditions.items()[i]["type"].as_string() != condition["type"].as_string()) continue;
    draft.item(conditions, i) = condition;
    return;
  }
  draft.push(conditions, condition);
}

// The budget after one disruption: its controller counts the pod as gone although it may still be there.
Draft charged(const Document& budget, std::string_view pod, std::string_view now) {
  Draft draft(budget);
  Value& status = draft.member(draft.root(), "status");
  const std::int64_t left = status["disruptionsAllowed"].as_int() - 1;
  draft.set(status, "disruptionsAllowed", Value::of(left));
  if (left == 0) {
    Value condition = draft.object();
    draft.set(condition, "type", "DisruptionAllowed");
    draft.set(condition, "status", "False");
    draft.set(condition, "reason", "InsufficientPods");
    draft.set(condition, "message", "");
    draft.set(condition, "observedGeneration", Value::of(status["observedGeneration"].as_int()));
    set_condition(draft, status, condition, now);
  }
  Value& disrupted = draft.member(status, "disruptedPods");
  if (!disrupted.is_object()) disrupted = draft.object();
  draft.set(disrupted, pod, now);
  draft.remove(draft.member(draft.root(), "metadata"), "resourceVersion");
  return draft;
}

class EvictOperation : public DeleteOperation {
 public:
  using DeleteOperation::DeleteOperation;

 protected:
  Result<Proposal> propose() override {
    budget_.reset();
    Proposal proposal = TRY(DeleteOperation::propose());
    const Value pod = proposal.old_object.root();
    const std::string_view phase = pod["status"]["phase"].as_string();
    const bool skip =
        phase == "Pending" || phase == "Succeeded" || phase == "Failed" || pod["metadata"].find("deletionTimestamp") != nullptr;
    if (!skip) {
      budget_ = TRY(budget_of(context_, *snapshot(), name_space(), pod));
      if (budget_ && is_free(pod, budget_->object.root())) budget_.reset();
      if (budget_) TRY(check_budget(budget_->object.root()));
    }
    if (proposal.object) mark_disrupted(*proposal.object);
    return proposal;
  }

  // In one transaction with the deletion: what two evictions leave of a budget is never more than what was left of it.
  Result<void> add_writes(store::Transaction& transaction) override {
    if (!budget_) return {};
    store::Precondition unchanged;
    unchanged.key = std::string(budget_->record->key());
    unchanged.revision = budget_->record->revision();
    transaction.preconditions.push_back(unchanged);
    const Draft after = charged(budget_->object, exchange_->info.name, now());
    store::Write write;
    write.key = unchanged.key;
    write.put = encode_for_storage(budget_->kind, after.root(), Ownership::stored(*budget_->record));
    transaction.writes.push_back(std::move(write));
    return {};
  }

  void answer(const Proposal&, const store::RecordPtr&) override {
    exchange_->reply(201, {SharedBytes::literal(kCreated)}, negotiate_status(exchange_->request.headers.get("accept")));
  }

 private:
  std::string now() const { return format_rfc3339(context_.clock->wall_ns()); }

  void mark_disrupted(Draft& pod) const {
    Value& status = pod.member(pod.root(), "status");
    if (!status.is_object()) status = pod.object();
    Value condition = pod.object();
    pod.set(condition, "type", "DisruptionTarget");
    pod.set(condition, "status", "True");
    pod.set(condition, "reason", "EvictionByEvictionAPI");
    pod.set(condition, "message", "Eviction API: evicting");
    set_condition(pod, status, condition, now());
  }

  std::optional<Budget> budget_;
};

}  // namespace

void serve_evict_pod(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  std::vector<std::string> duplicates;
  auto eviction = read_document(*exchange, "policy.v1.Eviction", duplicates);
  if (!eviction.ok()) return exchange->fail(eviction.error());
  auto options = delete_options_of((*eviction).at((*eviction)["deleteOptions"]));
  if (!options.ok()) return exchange->fail(options.error());
  std::make_shared<EvictOperation>(context, exchange, kind, std::move(*options))->start();
}

}  // namespace plinth::server
