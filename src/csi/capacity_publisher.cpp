#include "csi/capacity_publisher.h"

#include "workloads/csi/capacity.h"
#include "workloads/volumes/claims.h"

namespace plinth::csi {
namespace {

using client::View;

constexpr std::string_view kManager = "csi-capacity";

class CapacityPublisher final : public Role {
 public:
  CapacityPublisher(RoleParts parts, workloads::CsiDriverInfo driver) : parts_(std::move(parts)), driver_(std::move(driver)) {}
  std::string_view name() const override { return kManager; }
  Duration every() const override { return kCapacityEvery; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const client::Object& object = change.object;
    const bool volume = object.resource == workloads::volumes_resource() && (change.created || change.deleted);
    const bool mine = volume && object["spec"]["csi"]["driver"].as_string() == driver_.name;
    if (mine || object.resource == workloads::classes_resource() || object.resource.is("storage.k8s.io", "csinodes") ||
        object.resource.is("storage.k8s.io", "csidrivers"))
      initial_keys(view, keys);
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    keys.emplace_back();
    for (const workloads::CapacityPlace& place : workloads::capacity_places(view, driver_)) keys.push_back(place.name);
  }

  RoleStep step(const std::shared_ptr<const View>& view, const std::string& key) override {
    RoleStep out;
    if (key.empty()) {
      out.plan = workloads::outdated_capacities_plan(*view, driver_);
      return out;
    }
    for (const workloads::CapacityPlace& place : workloads::capacity_places(*view, driver_)) {
      if (place.name == key) ask(place, out);
    }
    return out;
  }

 private:
  void ask(const workloads::CapacityPlace& place, RoleStep& out) {
    out.call = [this, place](UniqueFunction<void(Outcome)> done) {
      parts_.driver->capacity(place.call, [this, place, done = std::move(done)](Reply<CapacityAnswer> reply) {
        Outcome out;
        out.ok = reply.status.ok();
        if (out.ok)
          out.plan =
              workloads::capacity_plan(*parts_.view(), place, driver_, reply.value.available, reply.value.volume_max, kManager);
        done(std::move(out));
      });
    };
  }

  RoleParts parts_;
  workloads::CsiDriverInfo driver_;
};

}  // namespace

std::unique_ptr<Role> make_capacity_publisher(RoleParts parts, workloads::CsiDriverInfo driver) {
  return std::make_unique<CapacityPublisher>(std::move(parts), std::move(driver));
}

}  // namespace plinth::csi
