#include "csi/provisioner.h"

#include <algorithm>

#include "base/base64.h"
#include "client/events.h"
#include "workloads/csi/provision.h"
#include "workloads/volumes/claims.h"

namespace plinth::csi {
namespace {

using client::Object;
using workloads::CreateVolumeCall;
using workloads::NoDecision;
using workloads::Refusal;

constexpr std::string_view kManager = "csi-provisioner";
constexpr std::string_view kFinalizer = "external-provisioner.volume.kubernetes.io/finalizer";
const client::Resource kSecrets{"", "v1", "secrets", "Secret", true};

std::string key_of(const Object& object) {
  return object.name_space.empty() ? "volume/" + object.name : "claim/" + object.name_space + "/" + object.name;
}

client::Request without_finalizer(const Object& volume) {
  Draft draft(volume.document);
  Value list = draft.array();
  for (const Value& finalizer : volume.metadata()["finalizers"].items()) {
    if (finalizer.as_string() != kFinalizer) draft.push(list, finalizer);
  }
  draft.set(draft.member(draft.root(), "metadata"), "finalizers", list);
  return client::update_request(volume, "", draft.root(), kManager);
}

struct Requests {
  client::Transport& transport;
  std::shared_ptr<bool> alive;
  std::vector<client::Request> requests;
  UniqueFunction<void(Result<void>)> done;
  std::size_t at = 0;
};

void next(std::shared_ptr<Requests> work) {
  if (work->at == work->requests.size()) return work->done(Result<void>());
  const client::Request& request = work->requests[work->at++];
  work->transport.call(request, [work, optional = request.optional](Result<client::Response> response) {
    if (!*work->alive) return;
    auto outcome = response.ok() ? client::check_response(*response) : Result<void>(std::move(response).error());
    if (!outcome.ok() && !optional) return work->done(std::move(outcome));
    next(work);
  });
}

}  // namespace

void run_requests(client::Transport& transport, std::shared_ptr<bool> alive, std::vector<client::Request> requests,
                  UniqueFunction<void(Result<void>)> done) {
  next(std::make_shared<Requests>(Requests{transport, std::move(alive), std::move(requests), std::move(done)}));
}

Result<StringMap> secret_values(const client::View& view, const workloads::SecretReference& reference) {
  const auto secret = view.get(kSecrets, reference.name_space, reference.name);
  if (!secret) return Error(Reason::kNotFound, "secret " + reference.name_space + "/" + reference.name + " not found");
  StringMap out;
  for (const Member& member : (*secret)["data"].members()) {
    auto value = base64_decode(member.value.as_string());
    if (!value) return bad_request("secret " + reference.name_space + "/" + reference.name + ": data is not base64");
    out[std::string(member.key())] = std::move(*value);
  }
  return out;
}

Provisioner::Provisioner(ProvisionerParts parts, workloads::CsiDriverInfo driver)
    : parts_(std::move(parts)), driver_(std::move(driver)), transport_(parts_.cluster->transport(kManager)) {}

Provisioner::~Provisioner() {
  *alive_ = false;
  for (auto& [key, work] : work_) {
    if (work.timer != 0) parts_.loop->cancel(work.timer);
  }
  parts_.cluster->stop();
}

void Provisioner::start(UniqueFunction<void(Result<void>)> done) {
  parts_.cluster->start(*this, [this, alive = alive_, done = std::move(done)](Result<void> ready) {
    if (!*alive) return;
    if (ready.ok()) look_at_all();
    done(std::move(ready));
  });
}

void Provisioner::on_change(const client::Change& change, const client::View&) {
  const client::Resource& resource = change.object.resource;
  if (resource == workloads::claims_resource() || resource == workloads::volumes_resource()) {
    if (change.deleted) {
      const auto it = work_.find(key_of(change.object));
      if (it == work_.end() || it->second.busy) return;
      if (it->second.timer != 0) parts_.loop->cancel(it->second.timer);
      work_.erase(it);
      return;
    }
    return look_at(key_of(change.object));
  }
  const bool context = resource == workloads::classes_resource() || resource.is("storage.k8s.io", "csinodes") ||
                       resource.is("storage.k8s.io", "volumeattachments") || resource.group == "snapshot.storage.k8s.io";
  if (context) look_at_all();
}

void Provisioner::look_at_all() {
  std::vector<std::string> keys;
  const auto view = parts_.cluster->view();
  for (const client::Resource& resource : {workloads::claims_resource(), workloads::volumes_resource()}) {
    view->list(resource, "", [&](const Object& object) {
      keys.push_back(key_of(object));
      return true;
    });
  }
  for (const std::string& key : keys) look_at(key);
}

void Provisioner::look_at(const std::string& key) {
  Work& work = work_[key];
  if (work.busy) {
    work.again = true;
    return;
  }
  if (work.timer != 0) return;  // a failure's pause
  const auto view = parts_.cluster->view();
  const bool is_claim = key.starts_with("claim/");
  const auto [space, name] = is_claim ? client::split_key(std::string_view(key).substr(6))
                                      : std::pair(std::string_view(), std::string_view(key).substr(7));
  const auto object = view->get(is_claim ? workloads::claims_resource() : workloads::volumes_resource(), space, name);
  if (!object) {
    work_.erase(key);
    return;
  }
  if (is_claim) look_at_claim(key, *object);
  else look_at_volume(key, *object);
}

void Provisioner::look_at_claim(const std::string& key, const Object& claim) {
  auto decision = workloads::decide_provision(*parts_.cluster->view(), claim, driver_);
  if (const auto* refusal = std::get_if<Refusal>(&decision)) return tell(claim, true, "ProvisioningFailed", refusal->message);
  if (const auto* other = std::get_if<workloads::Reschedule>(&decision)) return reschedule(key, claim, other->message);
  if (auto* call = std::get_if<CreateVolumeCall>(&decision)) create(key, claim, std::move(*call));
}

void Provisioner::look_at_volume(const std::string& key, const Object& volume) {
  auto decision = workloads::decide_delete(*parts_.cluster->view(), volume, driver_);
  if (const auto* refusal = std::get_if<Refusal>(&decision)) return tell(volume, true, "VolumeFailedDelete", refusal->message);
  if (const auto* call = std::get_if<workloads::DeleteVolumeCall>(&decision)) delete_volume(key, volume, *call);
}

void Provisioner::create(const std::string& key, const Object& claim, CreateVolumeCall call) {
  auto values = secrets(call.secrets);
  if (!values.ok()) return tell(claim, true, "ProvisioningFailed", values.error().message());
  work_[key].busy = true;
  tell(claim, false, "Provisioning", "External provisioner is provisioning volume for claim \"" + claim.name_space + "/" + claim.name + "\"");
  parts_.driver->create_volume(call, *values, [this, alive = alive_, key, claim, call](Reply<workloads::CreateVolumeAnswer> reply) {
    if (*alive) created(key, claim, call, std::move(reply));
  });
}

void Provisioner::created(const std::string& key, const Object& claim, const CreateVolumeCall& call,
                          Reply<workloads::CreateVolumeAnswer> reply) {
  if (!reply.status.ok()) {
    const std::string why = "failed to provision volume with StorageClass \"" + std::string(workloads::class_name(claim)) +
                            "\": " + net::to_error(reply.status).message();
    const bool chosen = !workloads::annotation(claim, workloads::kSelectedNode).empty();
    if (reply.status.code == net::GrpcCode::kResourceExhausted && chosen) return reschedule(key, claim, why);
    tell(claim, true, "ProvisioningFailed", why);
    return finish(key, false);
  }
  if (const std::string problem = workloads::problem_of_answer(call, reply.value); !problem.empty())
    return drop(key, claim, reply.value.volume_id, problem);
  const auto view = parts_.cluster->view();
  const Draft object = workloads::volume_object(*view, claim, call, reply.value, driver_);
  client::Plan plan;
  plan.requests.push_back(client::create_request(workloads::volumes_resource(), "", object.root(), kManager));
  client::EventRecorder events(*view, driver_.name, parts_.clock->wall_ns(), plan);
  events.normal(claim, "ProvisioningSucceeded", "Successfully provisioned volume " + call.name);
  carry_out(key, std::move(plan));
}

// A volume that is not what was asked for is deleted, and made again after a pause.
void Provisioner::drop(const std::string& key, const Object& claim, const std::string& volume_id, const std::string& why) {
  tell(claim, true, "ProvisioningFailed", why);
  if (volume_id.empty()) return finish(key, false);
  parts_.driver->delete_volume(volume_id, {}, [this, alive = alive_, key](Reply<Nothing>) {
    if (*alive) finish(key, false);
  });
}

void Provisioner::reschedule(const std::string& key, const Object& claim, const std::string& why) {
  tell(claim, true, "ProvisioningFailed", why);
  Draft patch;
  Value annotations = patch.object();
  patch.set(annotations, workloads::kSelectedNode, Value());
  patch.member_path(patch.root(), {"metadata", "annotations"}) = annotations;
  client::Plan plan;
  plan.requests.push_back(client::merge_patch_request(claim, "", std::move(patch), true, kManager));
  work_[key].busy = true;
  carry_out(key, std::move(plan));
}

void Provisioner::delete_volume(const std::string& key, const Object& volume, const workloads::DeleteVolumeCall& call) {
  auto values = secrets(call.secrets);
  if (!values.ok()) return tell(volume, true, "VolumeFailedDelete", values.error().message());
  work_[key].busy = true;
  parts_.driver->delete_volume(call.volume_id, *values, [this, alive = alive_, key, volume](Reply<Nothing> reply) {
    if (!*alive) return;
    if (!reply.status.ok()) {
      tell(volume, true, "VolumeFailedDelete", net::to_error(reply.status).message());
      return finish(key, false);
    }
    client::Plan plan;
    if (!volume.deleting()) plan.requests.push_back(client::delete_request(volume, "", false));
    const auto now = parts_.cluster->view()->get(workloads::volumes_resource(), "", volume.name);
    if (!now || now->uid != volume.uid) return finish(key, true);
    // The object goes with its last mark; deleted first, so that nobody takes it for a volume that has storage.
    carry_out(key, now->deleting() ? client::Plan{{without_finalizer(*now)}} : std::move(plan));
  });
}

void Provisioner::tell(const Object& about, bool warning, std::string_view reason, const std::string& message) {
  const auto view = parts_.cluster->view();
  client::Plan plan;
  client::EventRecorder events(*view, driver_.name, parts_.clock->wall_ns(), plan);
  if (warning) events.warning_once(about, reason, message);
  else events.normal_once(about, reason, message);
  run_requests(*transport_, alive_, std::move(plan.requests), [](Result<void>) {});
}

void Provisioner::carry_out(const std::string& key, client::Plan plan) {
  run_requests(*transport_, alive_, std::move(plan.requests), [this, key](Result<void> outcome) {
    // What is there already was made by a run that did not see its answer; a conflict brings the key again.
    const bool moved_on = !outcome.ok() && outcome.error().reason() == Reason::kAlreadyExists;
    if (!outcome.ok() && !moved_on) parts_.log.warning("a volume's object could not be written", {{"key", key}, {"error", outcome.error()}});
    finish(key, outcome.ok() || moved_on);
  });
}

void Provisioner::finish(const std::string& key, bool ok) {
  Work& work = work_[key];
  work.busy = false;
  const bool again = std::exchange(work.again, false);
  if (ok) {
    work.failures = 0;
    if (again) look_at(key);
    return;
  }
  const Duration pause = std::min<Duration>(kPauseMin * (1 << std::min(work.failures, 9)), kPauseMax);
  ++work.failures;
  work.timer = parts_.loop->after(pause, [this, key] {
    work_[key].timer = 0;
    look_at(key);
  });
}

Result<StringMap> Provisioner::secrets(const std::optional<workloads::SecretReference>& reference) {
  if (!reference) return StringMap();
  return secret_values(*parts_.cluster->view(), *reference);
}

}  // namespace plinth::csi
