#include "csi/claim_volumes.h"

#include <map>

#include "base/json.h"
#include "csi/provisioner.h"
#include "csi/turns.h"
#include "csi/volume_growth.h"
#include "csi/volume_plan.h"
#include "csi/volume_release.h"
#include "node/volumes/ownership.h"
#include "node/volumes/pod_volumes.h"
#include "node/volumes/service_account_tokens.h"

namespace plinth::csi {
namespace {

using node::VolumeReady;
using node::VolumeRequest;

// What one pod's volume takes to be ready, under way.
struct SetUp {
  std::shared_ptr<const node::Pod> pod;
  VolumePlan plan;
  std::shared_ptr<const client::View> view;
  node::VolumeTell tell;
  node::Done<VolumeReady> done;
  std::int64_t refused_bytes = 0;  // as in Published
};
using SetUpPtr = std::shared_ptr<SetUp>;

// Of a volume that is published; may be forgotten, then everything is asked of the driver again.
struct Published {
  std::string driver, handle;
  VolumeReady ready;
  std::int64_t refused_bytes = 0;  // the driver does not grow it to that while it is mounted
};

// The first step: the record, before the driver is called at all, and the folders that a node makes.
Result<void> write_records(node::HostFiles& files, const std::string& root, const VolumePlan& plan) {
  const VolumeData& data = plan.data;
  const bool is_new = !TRY(files.info(plan.directory)).has_value();
  if (is_new && plan.claim_is_going) return Error(Reason::kConflict, "PVC is being deleted");
  if (plan.exclusive && TRY(used_elsewhere(files, root, plan.directory, data)))
    return Error(Reason::kConflict, "volume uses the ReadWriteOncePod access mode and is already in use by another pod");
  TRY(files.make_directories(plan.directory, 0750));
  TRY(write_volume_data(files, plan.directory, data));
  if (!data.staging.empty()) {
    const std::string folder = staging_folder(root, data.driver, data.handle);
    TRY(files.make_directories(folder, 0750));
    TRY(write_volume_data(files, folder, data));
    TRY(files.make_directories(data.staging, 0750));
  }
  return files.make_directories(data.target.substr(0, data.target.rfind('/')), 0750);
}

// What drivers find in the volume's context: tokens by audience.
std::string token_context(const node::Tokens& tokens) {
  Draft draft;
  Value& root = draft.root();
  for (const auto& [wish, given] : tokens) {
    Value one = draft.object();
    draft.set(one, "token", given.token);
    draft.set(one, "expirationTimestamp", given.ends);
    draft.set(root, wish.audience, one);
  }
  return to_json(root);
}

class ClaimVolumes final : public node::VolumePlugin {
 public:
  explicit ClaimVolumes(ClaimVolumeParts parts)
      : parts_(std::move(parts)), release_(parts_, turns_), tokens_(*parts_.transport, *parts_.clock) {}
  ~ClaimVolumes() override { *alive_ = false; }
  std::string_view name() const override { return "kubernetes.io/csi"; }
  bool serves(const Value& volume) const override {
    return volume["persistentVolumeClaim"].is_object() || volume["ephemeral"].is_object() || volume["csi"].is_object();
  }
  // A volume that was published is only looked at for what has changed: its size, what its driver wants again.
  bool follows_objects() const override { return true; }
  bool concerns(const node::Pod& pod, const Value& volume, const client::Object& changed) const override {
    return concerns_volume(pod, volume, changed);
  }
  void sweep() override { release_.sweep(); }

  void set_up(VolumeRequest request, node::Done<VolumeReady> done) override {
    auto plan = plan_volume(request, parts_.find_driver, parts_.root);
    const auto known = published_.find(request.directory);
    // What is there stays as it is, whatever became of its claim.
    if (!plan.ok())
      return answer(std::move(done),
                    known != published_.end() ? Result<VolumeReady>(known->second.ready) : std::move(plan).error());
    if (!plan->path.empty()) return use_path(plan->path, plan->read_only, std::move(done));
    auto work =
        std::make_shared<SetUp>(SetUp{request.pod, std::move(*plan), request.view, std::move(request.tell), std::move(done)});
    if (known == published_.end()) return turns_.take(turn_of(work->plan.data), [this, work] { begin(work); });
    const bool grows = work->plan.growth && work->plan.growth->bytes != known->second.refused_bytes;
    if (!grows && !work->plan.republish) return answer(std::move(work->done), known->second.ready);
    turns_.take(turn_of(work->plan.data), [this, work, grows] { grows ? grow_mounted(work) : publish_again(work); });
  }

  void usage(std::string directory, node::Done<std::optional<node::VolumeUsage>> done) override {
    const auto known = published_.find(directory);
    const auto driver = known == published_.end() ? std::nullopt : parts_.find_driver(known->second.driver);
    if (!driver || !driver->facts->node_stats) return done(std::optional<node::VolumeUsage>());
    driver->client->volume_stats(known->second.handle, known->second.ready.host_path,
                                 [done = std::move(done), alive = alive_](Reply<VolumeStats> reply) mutable {
                                   if (!*alive) return;
                                   if (!reply.status.ok()) return done(net::to_error(reply.status));
                                   done(std::optional<node::VolumeUsage>(reply.value));
                                 });
  }

  void tear_down(std::string pod_uid, std::string directory, node::Done<void> done) override {
    published_.erase(directory);
    tokens_.forget(pod_uid);
    release_.tear_down(std::move(directory), std::move(done));
  }

 private:
  void answer(node::Done<VolumeReady> done, Result<VolumeReady> outcome) {
    auto held = std::make_shared<std::pair<node::Done<VolumeReady>, Result<VolumeReady>>>(std::move(done), std::move(outcome));
    parts_.loop->post([held] { held->first(std::move(held->second)); });
  }

  void use_path(std::string path, bool read_only, node::Done<VolumeReady> done) {
    node::HostFiles& files = *parts_.files;
    node::on_pool<VolumeReady>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, path, read_only]() -> Result<VolumeReady> {
          const auto info = TRY(files.info(path, true));
          if (!info) return Error(Reason::kNotFound, "path \"" + path + "\" does not exist");
          return VolumeReady{path, read_only, info->type == node::FileType::kBlockDevice};
        },
        std::move(done));
  }

  // --- For the first time: record, stage, grow, publish, give to the group ---

  void begin(const SetUpPtr& work) {
    node::HostFiles& files = *parts_.files;
    node::on_pool<void>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, root = parts_.root, work] { return write_records(files, root, work->plan); },
        [this, work](Result<void> written) {
          if (!written.ok()) return end(work, std::move(written).error());
          if (work->plan.data.staging.empty()) return publish(work);
          stage(work);
        });
  }

  void stage(const SetUpPtr& work) {
    work->plan.driver.client->stage(work->plan.call, [this, work, alive = alive_](Reply<Nothing> reply) {
      if (!*alive) return;
      if (!reply.status.ok()) return end(work, net::to_error(reply.status));
      if (!work->plan.growth) return publish(work);
      grow(work, work->plan.data.staging, [this, work](Result<void> grown) {
        if (!grown.ok()) return end(work, std::move(grown).error());
        publish(work);
      });
    });
  }

  // NodePublishVolume, with what is made for each call; `then` once it has succeeded, else the work ends.
  void call_publish(const SetUpPtr& work, Task then) {
    auto held = std::make_shared<Task>(std::move(then));
    tokens_.get(work->pod, work->plan.tokens, [this, work, held, alive = alive_](Result<node::Tokens> tokens) {
      if (!*alive) return;
      if (!tokens.ok())
        return end(work, Error(tokens.error().reason(), "no token of the pod's service account: " + tokens.error().message()));
      NodeCall call = work->plan.call;
      call.secrets = work->plan.publish_secrets;
      call.volume_context.insert(work->plan.pod_info.begin(), work->plan.pod_info.end());
      if (!tokens->empty()) call.volume_context["csi.storage.k8s.io/serviceAccount.tokens"] = token_context(*tokens);
      work->plan.driver.client->publish(call, [this, work, held, alive](Reply<Nothing> reply) {
        if (!*alive) return;
        if (!reply.status.ok()) return end(work, net::to_error(reply.status));
        (*held)();
      });
    });
  }

  void publish(const SetUpPtr& work) {
    call_publish(work, [this, work] {
      if (!work->plan.growth || !work->plan.data.staging.empty()) return give_to_group(work);
      grow(work, work->plan.data.target, [this, work](Result<void> grown) {
        if (!grown.ok()) return end(work, std::move(grown).error());
        give_to_group(work);
      });
    });
  }

  void give_to_group(const SetUpPtr& work) {
    if (!work->plan.group) return finish(work);
    node::HostFiles& files = *parts_.files;
    node::on_pool<void>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, work] {
          return node::give_to_group(files, work->plan.data.target, *work->plan.group, false, work->plan.group_if_needed);
        },
        [this, work](Result<void> given) {
          if (!given.ok()) return end(work, std::move(given).error());
          finish(work);
        });
  }

  void finish(const SetUpPtr& work) {
    Published& entry = published_[work->plan.directory];
    const VolumeData& data = work->plan.data;
    entry = {data.driver, data.handle, VolumeReady{data.target, work->plan.read_only, data.block}, work->refused_bytes};
    end(work, entry.ready);
  }

  void end(const SetUpPtr& work, Result<VolumeReady> outcome) {
    work->done(std::move(outcome));
    turns_.next(turn_of(work->plan.data));
  }

  // --- While it is mounted ---

  void grow_mounted(const SetUpPtr& work) {
    const std::string& path = work->plan.data.staging.empty() ? work->plan.data.target : work->plan.data.staging;
    grow(work, path, [this, work](Result<void>) {
      // It stays in use as it is; the claim and an Event say what is missing.
      published_[work->plan.directory].refused_bytes = work->refused_bytes;
      if (work->plan.republish) return publish_again(work);
      end(work, published_[work->plan.directory].ready);
    });
  }

  void publish_again(const SetUpPtr& work) {
    call_publish(work, [this, work] { end(work, published_[work->plan.directory].ready); });
  }

  // NodeExpandVolume, and what is told of it. An error only where the same call may succeed later.
  void grow(const SetUpPtr& work, const std::string& path, UniqueFunction<void(Result<void>)> then) {
    const Growth& growth = *work->plan.growth;
    NodeExpandCall call{work->plan.data.handle,     path,         work->plan.data.staging,
                        work->plan.call.capability, growth.bytes, growth.secrets};
    auto held = std::make_shared<UniqueFunction<void(Result<void>)>>(std::move(then));
    work->plan.driver.client->expand_on_node(call, [this, work, held, alive = alive_](Reply<Nothing> reply) {
      if (!*alive) return;
      (*held)(grown(work, reply.status));
    });
  }

  Result<void> grown(const SetUpPtr& work, const net::GrpcStatus& status) {
    const VolumePlan& plan = work->plan;
    const std::int64_t now = parts_.clock->wall_ns();
    if (status.ok()) {
      work->tell(false, "FileSystemResizeSuccessful",
                 "MountVolume.NodeExpandVolume succeeded for volume \"" + plan.data.volume + "\"");
      write(grown_plan(*work->view, *plan.growth, plan.data, now));
      return {};
    }
    Error error = net::to_error(status);
    const std::string why = "NodeExpandVolume failed for volume \"" + plan.data.volume + "\" : " + error.message();
    work->tell(true, "VolumeResizeFailed", why);
    const bool never = is_infeasible(status.code);
    if (never) write(infeasible_plan(*work->view, *plan.growth, why, now));
    if (!never && status.code != net::GrpcCode::kFailedPrecondition) return error;
    work->refused_bytes = plan.growth->bytes;
    return {};
  }

  // What fails is written with the next look: the claim still says less than the volume has.
  void write(client::Plan plan) {
    run_requests(*parts_.transport, alive_, std::move(plan.requests), [this](Result<void> outcome) {
      if (!outcome.ok()) parts_.log.warning("a claim's status could not be written", {{"error", outcome.error()}});
    });
  }

  ClaimVolumeParts parts_;
  Turns turns_;
  VolumeRelease release_;
  node::ServiceAccountTokens tokens_;
  std::map<std::string, Published> published_;  // by the directory of the pod's volume
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<node::VolumePlugin> make_claim_volumes(ClaimVolumeParts parts) {
  return std::make_unique<ClaimVolumes>(std::move(parts));
}

}  // namespace plinth::csi
