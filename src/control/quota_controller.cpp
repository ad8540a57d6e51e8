#include "control/quota_controller.h"

#include "api/quota/quota.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "resourcequota-controller";
// Counted anew even if no change was seen; as often as upstream does.
constexpr std::int64_t kResyncSeconds = 300;

class ViewContents final : public api::NamespaceContents {
 public:
  ViewContents(const View& view, std::string_view name_space)
      : view_(view), resources_(view.resources()), name_space_(name_space) {}

  std::vector<api::CountedKind> kinds() const override {
    std::vector<api::CountedKind> out;
    for (const client::Resource& r : resources_) {
      if (r.namespaced) out.push_back({r.group, r.plural});
    }
    return out;
  }
  std::size_t count(const api::CountedKind& kind) const override { return view_.count(resource(kind), name_space_); }
  Result<void> visit(const api::CountedKind& kind, const std::function<Result<void>(const Value&)>& each) const override {
    Result<void> outcome;
    view_.list(resource(kind), name_space_, [&](const Object& object) {
      outcome = each(object.document.root());
      return outcome.ok();
    });
    return outcome;
  }

 private:
  const client::Resource& resource(const api::CountedKind& kind) const {
    for (const client::Resource& r : resources_) {
      if (r.is(kind.group, kind.plural)) return r;
    }
    return resources_.front();
  }
  const View& view_;
  const std::vector<client::Resource> resources_;
  const std::string_view name_space_;
};

bool same_amounts(const Value& said, const api::ResourceAmounts& amounts) {
  if (said.size() != amounts.size()) return false;
  for (const auto& [name, amount] : amounts) {
    auto other = api::Quantity::parse(said[name].as_string());
    if (said.find(name) == nullptr || !other.ok() || other->compare(amount) != 0) return false;
  }
  return true;
}

// Keys are "namespace/name" of quotas.
class QuotaController final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.name_space.empty()) return;
    if (object.resource.is("", "resourcequotas") && !change.deleted)
      keys.push_back(client::make_key(object.name_space, object.name));
    const api::CountedKind kind{object.resource.group, object.resource.plural};
    const bool counts = change.created || change.deleted || api::usage_changes(kind);
    if (!counts || !api::is_counted(kind)) return;
    const auto quotas = view.find_resource("", "resourcequotas");
    if (!quotas || view.count(*quotas, object.name_space) == 0) return;
    view.list(*quotas, object.name_space, [&](const Object& quota) {
      if (!api::resources_for(kind, quota["spec"]["hard"]).empty())
        keys.push_back(client::make_key(quota.name_space, quota.name));
      return true;
    });
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource("", "resourcequotas"), "", [&](const Object& quota) {
      keys.push_back(client::make_key(quota.name_space, quota.name));
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto quota = view.get(*view.find_resource("", "resourcequotas"), name_space, name);
    if (!quota) return plan;
    const std::int64_t now_s = context.wall_ns / 1'000'000'000;
    const auto counted = api::recount((*quota)["spec"], ViewContents(view, name_space), now_s);
    if (!counted.ok()) return plan;
    const std::int64_t next_s =
        counted->changes_at_s ? std::min(kResyncSeconds, *counted->changes_at_s - now_s) : kResyncSeconds;
    plan.revisit_ns = next_s * 1'000'000'000;
    const Value status = (*quota)["status"];
    const bool said = status["used"].is_object() && status["hard"].is_object();
    if (said && equal(status["hard"], (*quota)["spec"]["hard"]) && same_amounts(status["used"], counted->used)) return plan;
    plan.requests.push_back(client::update_request(*quota, "status", with_status(*quota, counted->used).root(), kName));
    return plan;
  }

 private:
  static Draft with_status(const Object& quota, const api::ResourceAmounts& amounts) {
    Draft next(quota.document);
    Value& status = next.member(next.root(), "status");
    status = next.object();
    Value& hard = next.member(status, "hard");
    hard = next.clone(quota["spec"]["hard"]);
    if (!hard.is_object()) hard = next.object();
    Value used = next.object();
    for (const auto& [name, amount] : amounts) next.set(used, name, amount.text());
    next.set(status, "used", used);
    return next;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_quota_controller() { return std::make_unique<QuotaController>(); }

}  // namespace plinth::control
