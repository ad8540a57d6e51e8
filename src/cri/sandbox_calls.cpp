// Sandboxes of a CRI runtime.
#include "base/json.h"
#include "cri/cgroups.h"
#include "cri/cri_driver.h"

namespace plinth::cri {
namespace {

constexpr Duration kSandboxTimeout = std::chrono::minutes(4);  // as the kubelet: its image may have to be pulled

SandboxFacts read_facts(const wire::PodSandboxStatusResponse& response) {
  SandboxFacts facts;
  const auto info = response.info().find("info");
  if (info == response.info().end()) return facts;
  const auto parsed = parse_json(info->second);
  if (!parsed.ok()) return facts;
  const Value on_linux = parsed->root()["runtimeSpec"]["linux"];
  for (const Value& one : on_linux["namespaces"].items()) {
    if (one["type"].as_string() == "network") facts.network_namespace = one["path"].as_string();
  }
  const std::string_view group = on_linux["cgroupsPath"].as_string();
  // A systemd path ("slice:prefix:name") is systemd's to remove.
  if (group.starts_with('/') && group.rfind('/') > 0) facts.cgroup_parent = group.substr(0, group.rfind('/'));
  return facts;
}

}  // namespace

void CriRuntime::run_sandbox(node::SandboxConfig config, std::string runtime_handler, Done<std::string> done) {
  wire::RunPodSandboxRequest request;
  fill(*request.mutable_config(), config);
  mark(*request.mutable_config()->mutable_annotations());
  request.set_runtime_handler(runtime_handler);
  call<wire::RunPodSandboxResponse>(*channel_, runtime_path("RunPodSandbox"), request, kSandboxTimeout, std::move(done),
                                    [this, uid = config.metadata.uid](const wire::RunPodSandboxResponse& r) {
                                      pod_uids_[r.pod_sandbox_id()] = uid;
                                      return r.pod_sandbox_id();
                                    });
}

void CriRuntime::stop_sandbox(std::string id, Done<void> done) {
  wire::StopPodSandboxRequest request;
  request.set_pod_sandbox_id(id);
  call<wire::Empty>(*channel_, runtime_path("StopPodSandbox"), request, kSandboxTimeout, gone_is_done(std::move(done)),
                    kNothing);
}

void CriRuntime::remove_sandbox(std::string id, Done<void> done) {
  // The control group is told by the status only, while the sandbox is there.
  if (parts_.pool == nullptr || facts_.count(id) > 0) return remove_known_sandbox(std::move(id), std::move(done));
  sandbox_status(id, [this, id, done = std::make_shared<Done<void>>(std::move(done))](Result<node::SandboxStatus>) {
    remove_known_sandbox(id, [done](Result<void> outcome) { (*done)(std::move(outcome)); });
  });
}

void CriRuntime::remove_known_sandbox(std::string id, Done<void> done) {
  wire::RemovePodSandboxRequest request;
  request.set_pod_sandbox_id(id);
  call<wire::Empty>(*channel_, runtime_path("RemovePodSandbox"), request, kCallTimeout, gone_is_done(std::move(done)),
                    [this, id](const wire::Empty&) { forget_sandbox(id); });
}

void CriRuntime::sandbox_status(std::string id, Done<node::SandboxStatus> done) {
  wire::PodSandboxStatusRequest request;
  request.set_pod_sandbox_id(id);
  request.set_verbose(facts_.count(id) == 0);
  call<wire::PodSandboxStatusResponse>(*channel_, runtime_path("PodSandboxStatus"), request, kCallTimeout, std::move(done),
                                       [this, id](const wire::PodSandboxStatusResponse& r) {
                                         node::SandboxStatus status = read(r.status());
                                         unmark(status.annotations);
                                         const SandboxFacts& facts = facts_.try_emplace(id, read_facts(r)).first->second;
                                         if (status.state == node::SandboxState::kReady)
                                           status.network_namespace = facts.network_namespace;
                                         return status;
                                       });
}

void CriRuntime::list_sandboxes(node::SandboxFilter filter, Done<std::vector<node::Sandbox>> done) {
  wire::ListPodSandboxRequest request;
  fill(*request.mutable_filter(), filter);
  call<wire::ListPodSandboxResponse>(*channel_, runtime_path("ListPodSandbox"), request, kCallTimeout, std::move(done),
                                     [this](const wire::ListPodSandboxResponse& r) {
                                       std::vector<node::Sandbox> out;
                                       for (const auto& item : r.items()) {
                                         node::Sandbox sandbox = read(item);
                                         if (!is_ours(sandbox.annotations)) continue;
                                         unmark(sandbox.annotations);
                                         pod_uids_[sandbox.id] = sandbox.metadata.uid;
                                         out.push_back(std::move(sandbox));
                                       }
                                       return out;
                                     });
}

void CriRuntime::forget_sandbox(const std::string& id) {
  pod_uids_.erase(id);
  for (auto it = sandbox_ids_.begin(); it != sandbox_ids_.end();) {
    if (it->second == id) pod_uids_.erase(it->first);
    it = it->second == id ? sandbox_ids_.erase(it) : std::next(it);
  }
  const auto facts = facts_.find(id);
  if (facts == facts_.end()) return;
  const std::string group = std::move(facts->second.cgroup_parent);
  facts_.erase(facts);
  // Another sandbox of the same pod may be in it: then it is not empty, and stays.
  if (parts_.pool != nullptr && !group.empty()) {
    (void)parts_.pool->run([disk = parts_.disk, group] { remove_cgroup(*disk, group); });
  }
}

}  // namespace plinth::cri
