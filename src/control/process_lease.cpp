#include "control/process_lease.h"

#include "base/time_text.h"

namespace plinth::control {
namespace {

constexpr std::string_view kName = "process-lease";
constexpr std::string_view kHolder = "plinth-up";
constexpr std::int64_t kNoEndSeconds = INT32_MAX;

class ProcessLease final : public client::Controller {
 public:
  ProcessLease(std::string name_space, std::string name, bool held)
      : name_space_(std::move(name_space)), name_(std::move(name)), held_(held) {}

  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const client::View&, std::vector<std::string>& keys) const override {
    const client::Object& object = change.object;
    if (object.resource.is("coordination.k8s.io", "leases") && object.name == name_ && object.name_space == name_space_)
      keys.push_back(client::make_key(name_space_, name_));
  }
  void initial_keys(const client::View&, std::vector<std::string>& keys) const override {
    keys.push_back(client::make_key(name_space_, name_));
  }

  client::Plan step(const client::View& view, const std::string&, const client::StepContext& context) const override {
    client::Plan plan;
    const auto leases = view.find_resource("coordination.k8s.io", "leases");
    if (!leases) return plan;
    const auto lease = view.get(*leases, name_space_, name_);
    const bool ours = lease && (*lease)["spec"]["holderIdentity"].as_string() == kHolder;
    if (ours && !held_) plan.requests.push_back(client::delete_request(*lease, "", /*same_revision=*/true));
    if (ours || !held_) return plan;
    Draft next(lease ? lease->document.get() : Document());
    if (!lease) describe(next, *leases);
    Value& spec = next.member(next.root(), "spec");
    const std::int64_t transitions = spec["leaseTransitions"].as_int();
    spec = next.object();
    next.set(spec, "holderIdentity", kHolder);
    next.set(spec, "leaseDurationSeconds", Value::of(kNoEndSeconds));
    next.set(spec, "acquireTime", format_rfc3339_micro(context.wall_ns));
    next.set(spec, "renewTime", format_rfc3339_micro(context.wall_ns));
    next.set(spec, "leaseTransitions", Value::of(lease ? transitions + 1 : 0));
    if (lease)
      plan.requests.push_back(client::update_request(*lease, "", next.root(), kName));
    else
      plan.requests.push_back(client::create_request(*leases, name_space_, next.root(), kName));
    return plan;
  }

 private:
  void describe(Draft& draft, const client::Resource& leases) const {
    draft.root() = draft.object();
    draft.set(draft.root(), "apiVersion", leases.api_version());
    draft.set(draft.root(), "kind", leases.kind);
    Value metadata = draft.object();
    draft.set(metadata, "name", name_);
    draft.set(metadata, "namespace", name_space_);
    draft.member(draft.root(), "metadata") = metadata;
  }

  const std::string name_space_, name_;
  const bool held_;
};

}  // namespace

std::unique_ptr<client::Controller> make_process_lease(std::string name_space, std::string name, bool held) {
  return std::make_unique<ProcessLease>(std::move(name_space), std::move(name), held);
}

}  // namespace plinth::control
