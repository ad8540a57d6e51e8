#include "csi/provisioner.h"

#include "client/events.h"
#include "csi/role_tools.h"
#include "workloads/csi/provision.h"
#include "workloads/volumes/claims.h"

namespace plinth::csi {
namespace {

using client::Object;
using client::View;
using workloads::CreateVolumeAnswer;
using workloads::CreateVolumeCall;
using workloads::Refusal;

constexpr std::string_view kManager = "csi-provisioner";
constexpr std::string_view kFinalizer = "external-provisioner.volume.kubernetes.io/finalizer";

std::string key_of(const Object& object) {
  return object.name_space.empty() ? "volume/" + object.name : "claim/" + object.name_space + "/" + object.name;
}

class Provisioner final : public Role {
 public:
  Provisioner(RoleParts parts, workloads::CsiDriverInfo driver) : parts_(std::move(parts)), driver_(std::move(driver)) {}
  std::string_view name() const override { return kManager; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const client::Resource& resource = change.object.resource;
    if (resource == workloads::claims_resource() || resource == workloads::volumes_resource()) {
      keys.push_back(key_of(change.object));
      // A claim's mark comes off once its volume is there.
      const Value reference = change.object["spec"]["claimRef"];
      if (reference.is_object())
        keys.push_back("claim/" + std::string(reference["namespace"].as_string()) + "/" +
                       std::string(reference["name"].as_string()));
    } else if (resource.is("storage.k8s.io", "volumeattachments")) {
      const std::string_view volume = change.object["spec"]["source"]["persistentVolumeName"].as_string();
      if (change.deleted && !volume.empty()) keys.push_back("volume/" + std::string(volume));
    } else if (resource == workloads::classes_resource() || resource.is("storage.k8s.io", "csinodes") ||
               resource.is("snapshot.storage.k8s.io", "volumesnapshots")) {
      claims(view, keys);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    claims(view, keys);
    view.list(workloads::volumes_resource(), "", [&](const Object& object) {
      keys.push_back(key_of(object));
      return true;
    });
  }

  RoleStep step(const std::shared_ptr<const View>& view, const std::string& key) override {
    const bool is_claim = key.starts_with("claim/");
    const auto [space, name] = is_claim ? client::split_key(std::string_view(key).substr(6))
                                        : std::pair(std::string_view(), std::string_view(key).substr(7));
    const auto object = view->get(is_claim ? workloads::claims_resource() : workloads::volumes_resource(), space, name);
    if (!object) return {};
    return is_claim ? look_at_claim(*view, *object) : look_at_volume(*view, *object);
  }

 private:
  // Those without a volume, and those that are marked.
  static void claims(const View& view, std::vector<std::string>& keys) {
    view.list(workloads::claims_resource(), "", [&](const Object& claim) {
      if (!workloads::is_bound(claim) || claim.has_finalizer(workloads::kBeingProvisioned)) keys.push_back(key_of(claim));
      return true;
    });
  }

  RoleStep look_at_claim(const View& view, const Object& claim) {
    auto decision = workloads::decide_provision(view, claim, driver_);
    RoleStep out;
    Teller teller(view, driver_.name, *parts_.clock, out.events);
    if (const auto* refusal = std::get_if<Refusal>(&decision)) {
      teller.warn(claim, "ProvisioningFailed", refusal->message);
      out.ok = false;
    } else if (const auto* other = std::get_if<workloads::Reschedule>(&decision)) {
      teller.warn(claim, "ProvisioningFailed", other->message);
      out.plan.requests.push_back(reschedule_request(claim, false));
    } else if (const auto* unmark = std::get_if<workloads::Unmark>(&decision)) {
      if (!unmark->message.empty()) teller.warn(claim, "ProvisioningAbandoned", unmark->message);
      out.plan.requests.push_back(workloads::unmark_request(claim, kManager));
    } else if (auto* call = std::get_if<CreateVolumeCall>(&decision)) {
      create(view, claim, std::move(*call), out);
    }
    return out;
  }

  void create(const View& view, const Object& claim, CreateVolumeCall call, RoleStep& out) {
    Teller teller(view, driver_.name, *parts_.clock, out.events);
    auto values = secret_values(view, call.secrets);
    if (!values.ok()) {
      teller.warn(claim, "ProvisioningFailed", values.error().message());
      out.ok = false;
      return;
    }
    if (!claim.has_finalizer(workloads::kBeingProvisioned))
      out.plan.requests.push_back(workloads::mark_request(claim, kManager));
    if (!call.abandoned)
      teller.say(claim, "Provisioning",
                 "External provisioner is provisioning volume for claim \"" + claim.name_space + "/" + claim.name + "\"");
    out.call = [this, claim, call = std::move(call), secrets = std::move(*values)](UniqueFunction<void(Outcome)> done) mutable {
      parts_.driver->create_volume(
          call, secrets, [this, claim, call, secrets, done = std::move(done)](Reply<CreateVolumeAnswer> reply) mutable {
            created(claim, call, secrets, std::move(reply), std::move(done));
          });
    };
  }

  void created(const Object& claim, const CreateVolumeCall& call, const StringMap& secrets, Reply<CreateVolumeAnswer> reply,
               UniqueFunction<void(Outcome)> done);
  Outcome failed(const View& view, const Object& claim, const CreateVolumeCall& call, const net::GrpcStatus& status) const;
  void drop(const Object& claim, const StringMap& secrets, const std::string& volume_id, const std::string& why,
            UniqueFunction<void(Outcome)> done);

  // The pod is scheduled anew. After a final answer nothing can have been made.
  client::Request reschedule_request(const Object& claim, bool unmark) const {
    Draft draft(claim.document);
    Value& metadata = draft.member(draft.root(), "metadata");
    draft.remove(draft.member(metadata, "annotations"), workloads::kSelectedNode);
    if (unmark) draft.set(metadata, "finalizers", without_finalizer(draft, claim, workloads::kBeingProvisioned));
    return client::update_request(claim, "", draft.root(), kManager);
  }

  RoleStep look_at_volume(const View& view, const Object& volume) {
    auto decision = workloads::decide_delete(view, volume, driver_);
    RoleStep out;
    Teller teller(view, driver_.name, *parts_.clock, out.events);
    if (const auto* refusal = std::get_if<Refusal>(&decision)) {
      teller.warn(volume, "VolumeFailedDelete", refusal->message);
      out.ok = false;
      return out;
    }
    const auto* call = std::get_if<workloads::DeleteVolumeCall>(&decision);
    if (call == nullptr) return out;
    auto values = secret_values(view, call->secrets);
    if (!values.ok()) {
      teller.warn(volume, "VolumeFailedDelete", values.error().message());
      out.ok = false;
      return out;
    }
    out.call = [this, volume, id = call->volume_id, secrets = std::move(*values)](UniqueFunction<void(Outcome)> done) {
      parts_.driver->delete_volume(
          id, secrets, [this, volume, done = std::move(done)](Reply<Nothing> reply) { done(deleted(volume, reply.status)); });
    };
    return out;
  }

  Outcome deleted(const Object& volume, const net::GrpcStatus& status) const {
    Outcome out;
    if (!status.ok()) {
      Teller(*parts_.view(), driver_.name, *parts_.clock, out.events)
          .warn(volume, "VolumeFailedDelete", net::to_error(status).message());
      out.ok = false;
      return out;
    }
    const auto now = parts_.view()->get(workloads::volumes_resource(), "", volume.name);
    if (!now || now->uid != volume.uid) return out;
    // The object goes with its last mark; deleted first, so that nobody takes it for a volume that has storage.
    if (now->deleting())
      out.plan.requests.push_back(finalizer_request(*now, kFinalizer, false, kManager));
    else
      out.plan.requests.push_back(client::delete_request(*now, "", false));
    return out;
  }

  RoleParts parts_;
  workloads::CsiDriverInfo driver_;
};

void Provisioner::created(const Object& claim, const CreateVolumeCall& call, const StringMap& secrets,
                          Reply<CreateVolumeAnswer> reply, UniqueFunction<void(Outcome)> done) {
  const auto view = parts_.view();
  if (!reply.status.ok()) return done(failed(*view, claim, call, reply.status));
  if (call.abandoned) return drop(claim, secrets, reply.value.volume_id, "", std::move(done));
  if (const std::string problem = workloads::problem_of_answer(call, reply.value); !problem.empty())
    return drop(claim, secrets, reply.value.volume_id, problem, std::move(done));
  const Draft object = workloads::volume_object(*view, claim, call, reply.value, driver_);
  Outcome out;
  out.plan.requests.push_back(client::create_request(workloads::volumes_resource(), "", object.root(), kManager));
  Teller(*view, driver_.name, *parts_.clock, out.events)
      .say(claim, "ProvisioningSucceeded", "Successfully provisioned volume " + call.name);
  done(std::move(out));
}

Outcome Provisioner::failed(const View& view, const Object& claim, const CreateVolumeCall& call,
                            const net::GrpcStatus& status) const {
  Outcome out;
  out.ok = false;
  const auto now = view.get(workloads::claims_resource(), claim.name_space, claim.name);
  const bool same = now && now->uid == claim.uid;
  Teller teller(view, driver_.name, *parts_.clock, out.events);
  teller.warn(claim, "ProvisioningFailed",
              "failed to provision volume with StorageClass \"" + std::string(workloads::class_name(claim)) +
                  "\": " + net::to_error(status).message());
  if (!same || is_uncertain(status)) return out;
  // A final answer: nothing was made.
  if (call.abandoned) {
    out.plan.requests.push_back(workloads::unmark_request(*now, kManager));
    out.ok = true;
  } else if (status.code == net::GrpcCode::kResourceExhausted &&
             !workloads::annotation(*now, workloads::kSelectedNode).empty()) {
    out.plan.requests.push_back(reschedule_request(*now, true));
    out.ok = true;
  }
  return out;
}

// A volume that nobody wants, or that is not what was asked for: made again after a pause.
void Provisioner::drop(const Object& claim, const StringMap& secrets, const std::string& volume_id, const std::string& why,
                       UniqueFunction<void(Outcome)> done) {
  auto held = std::make_shared<UniqueFunction<void(Outcome)>>(std::move(done));
  auto finish = [this, claim, why, held](const net::GrpcStatus& status) {
    Outcome out;
    const auto view = parts_.view();
    Teller teller(*view, driver_.name, *parts_.clock, out.events);
    if (!why.empty()) teller.warn(claim, "ProvisioningFailed", why);
    if (!status.ok())
      teller.warn(claim, "ProvisioningFailed", "a volume cannot be deleted again: " + net::to_error(status).message());
    out.ok = why.empty() && status.ok();
    const auto now = view->get(workloads::claims_resource(), claim.name_space, claim.name);
    if (out.ok && now && now->uid == claim.uid) out.plan.requests.push_back(workloads::unmark_request(*now, kManager));
    (*held)(std::move(out));
  };
  if (volume_id.empty()) return finish({});
  parts_.driver->delete_volume(volume_id, secrets, [finish](Reply<Nothing> reply) { finish(reply.status); });
}

}  // namespace

std::unique_ptr<Role> make_provisioner(RoleParts parts, workloads::CsiDriverInfo driver) {
  return std::make_unique<Provisioner>(std::move(parts), std::move(driver));
}

}  // namespace plinth::csi
