#include "csi/resizer.h"

#include "workloads/csi/resize.h"
#include "workloads/volumes/claims.h"

namespace plinth::csi {
namespace {

using client::Object;
using client::View;

constexpr std::string_view kManager = "csi-resizer";

bool is_infeasible(net::GrpcCode code) {
  return code == net::GrpcCode::kInvalidArgument || code == net::GrpcCode::kOutOfRange || code == net::GrpcCode::kNotFound;
}

class Resizer final : public Role {
 public:
  Resizer(RoleParts parts, workloads::CsiDriverInfo driver) : parts_(std::move(parts)), driver_(std::move(driver)) {}
  std::string_view name() const override { return kManager; }

  void keys_of(const client::Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource == workloads::claims_resource()) {
      keys.push_back(client::make_key(object.name_space, object.name));
    } else if (object.resource == workloads::volumes_resource() &&
               object["spec"]["csi"]["driver"].as_string() == driver_.name) {
      const Value reference = object["spec"]["claimRef"];
      if (reference.is_object())
        keys.push_back(client::make_key(reference["namespace"].as_string(), reference["name"].as_string()));
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(workloads::claims_resource(), "", [&](const Object& claim) {
      keys.push_back(client::make_key(claim.name_space, claim.name));
      return true;
    });
  }

  RoleStep step(const std::shared_ptr<const View>& view, const std::string& key) override {
    RoleStep out;
    const auto [space, name] = client::split_key(key);
    const auto claim = view->get(workloads::claims_resource(), space, name);
    if (!claim) return out;
    auto decision = workloads::decide_resize(*view, *claim, driver_, parts_.clock->wall_ns(), kManager);
    if (const auto* refusal = std::get_if<workloads::Refusal>(&decision)) {
      Teller(*view, driver_.name, *parts_.clock, out.events).warn(*claim, "VolumeResizeFailed", refusal->message);
    } else if (auto* plan = std::get_if<client::Plan>(&decision)) {
      out.plan = std::move(*plan);
    } else if (auto* expansion = std::get_if<workloads::Expansion>(&decision)) {
      expand(*view, *claim, std::move(*expansion), out);
    }
    return out;
  }

 private:
  void expand(const View& view, const Object& claim, workloads::Expansion given, RoleStep& out) {
    auto secrets = secret_values(view, given.call.secrets);
    Teller teller(view, driver_.name, *parts_.clock, out.events);
    if (!secrets.ok()) {
      teller.warn(claim, "VolumeResizeFailed", secrets.error().message());
      out.ok = false;
      return;
    }
    if (!given.begun.empty()) teller.say(claim, "Resizing", given.begun);
    out.plan = std::move(given.marks);
    out.call = [this, claim, given = std::move(given),
                secrets = std::move(*secrets)](UniqueFunction<void(Outcome)> done) mutable {
      if (!given.by_driver) return done(expanded(claim, given, {given.target_bytes, true}));
      parts_.driver->controller_expand(
          given.call, secrets, [this, claim, given, done = std::move(done)](Reply<ExpandAnswer> reply) {
            done(reply.status.ok() ? expanded(claim, given, reply.value) : failed(claim, given, reply.status));
          });
    };
  }

  Outcome expanded(const Object& claim, const workloads::Expansion& given, ExpandAnswer answer) const {
    Outcome out;
    const auto view = parts_.view();
    const auto now = current(*view, claim);
    const auto volume =
        now ? view->get(workloads::volumes_resource(), "", (*now)["spec"]["volumeName"].as_string()) : std::nullopt;
    if (!volume) return out;
    if (answer.capacity_bytes != 0 && answer.capacity_bytes < given.target_bytes)
      return failed(claim, given,
                    {net::GrpcCode::kInternal, "the driver made " + std::to_string(answer.capacity_bytes) + " bytes of " +
                                                   std::to_string(given.target_bytes)});
    const std::int64_t bytes = answer.capacity_bytes != 0 ? answer.capacity_bytes : given.target_bytes;
    const bool on_node = answer.node_expansion_required && driver_.expands_on_node;
    out.plan = workloads::expanded_plan(*now, *volume, bytes, on_node, parts_.clock->wall_ns(), kManager);
    Teller teller(*view, driver_.name, *parts_.clock, out.events);
    if (on_node)
      teller.say(claim, "FileSystemResizeRequired", "Require file system resize of volume on node");
    else
      teller.say(claim, "VolumeResizeSuccessful", "Resize volume succeeded");
    return out;
  }

  Outcome failed(const Object& claim, const workloads::Expansion& given, const net::GrpcStatus& status) const {
    Outcome out;
    out.ok = false;
    const auto view = parts_.view();
    const auto now = current(*view, claim);
    if (!now) return out;
    const std::string why = "resize volume \"" + std::string((*now)["spec"]["volumeName"].as_string()) + "\" by resizer \"" +
                            driver_.name + "\" failed: " + net::to_error(status).message();
    Teller(*view, driver_.name, *parts_.clock, out.events).warn(claim, "VolumeResizeFailed", why);
    if (!is_infeasible(status.code)) return out;
    if (!given.infeasible)
      out.plan = workloads::infeasible_plan(*now, net::to_error(status).message(), parts_.clock->wall_ns(), kManager);
    out.pause = kInfeasiblePause;
    return out;
  }

  static std::optional<Object> current(const View& view, const Object& claim) {
    auto now = view.get(workloads::claims_resource(), claim.name_space, claim.name);
    return now && now->uid == claim.uid ? std::move(now) : std::nullopt;
  }

  RoleParts parts_;
  workloads::CsiDriverInfo driver_;
};

}  // namespace

std::unique_ptr<Role> make_resizer(RoleParts parts, workloads::CsiDriverInfo driver) {
  return std::make_unique<Resizer>(std::move(parts), std::move(driver));
}

}  // namespace plinth::csi
