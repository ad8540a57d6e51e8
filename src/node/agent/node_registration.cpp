#include "node/agent/node_registration.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "node/agent/event_recorder.h"

namespace plinth::node {
namespace {

void set_map(Draft& draft, Value& slot, const StringMap& map) {
  for (const auto& [key, value] : map) draft.set(slot, key, value);
}

struct PressureText {
  Pressure pressure;
  std::string_view condition, reason, message, good_reason, good_message;
  std::string event, good_event;
};
const PressureText kPressureTexts[] = {
    {Pressure::kMemory, "MemoryPressure", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available",
     "KubeletHasSufficientMemory", "kubelet has sufficient memory available", "NodeHasInsufficientMemory",
     "NodeHasSufficientMemory"},
    {Pressure::kDisk, "DiskPressure", "KubeletHasDiskPressure", "kubelet has disk pressure", "KubeletHasNoDiskPressure",
     "kubelet has no disk pressure", "NodeHasDiskPressure", "NodeHasNoDiskPressure"},
    {Pressure::kProcesses, "PIDPressure", "KubeletHasInsufficientPID", "kubelet has insufficient PID available",
     "KubeletHasSufficientPID", "kubelet has sufficient PID available", "NodeHasInsufficientPID", "NodeHasSufficientPID"},
};

StringMap labels_of(const NodeFacts& facts) {
  StringMap labels = facts.labels;
  labels["kubernetes.io/hostname"] = facts.hostname;
  for (const char* prefix : {"kubernetes.io/", "beta.kubernetes.io/"}) {
    labels[prefix + std::string("os")] = "linux";
    labels[prefix + std::string("arch")] = facts.architecture;
  }
  return labels;
}

}  // namespace

NodeRegistration::NodeRegistration(NodeParts& parts, NodeFacts facts) : parts_(parts), facts_(std::move(facts)) {}

NodeRegistration::~NodeRegistration() {
  *alive_ = false;
  for (const TimerId timer : {status_timer_, lease_timer_}) {
    if (timer != 0) parts_.loop->cancel(timer);
  }
}

std::optional<Document> NodeRegistration::present() const {
  const auto view = parts_.view();
  const auto nodes = view->find_resource("", "nodes");
  auto node = nodes ? view->get(*nodes, "", facts_.name) : std::nullopt;
  if (!node) return std::nullopt;
  return node->document.get();
}

void NodeRegistration::start(Done<void> done) { register_node(std::make_shared<Done<void>>(std::move(done))); }

void NodeRegistration::register_node(std::shared_ptr<Done<void>> done) {
  if (const auto node = present()) return update_metadata(*node, done);
  Draft draft;
  Value& root = draft.root();
  draft.set(root, "apiVersion", "v1");
  draft.set(root, "kind", "Node");
  Value& metadata = draft.member(root, "metadata");
  draft.set(metadata, "name", facts_.name);
  Value labels = draft.object(16);
  set_map(draft, labels, labels_of(facts_));
  draft.set(metadata, "labels", labels);
  Value spec = draft.object();
  if (!facts_.pod_cidr.empty()) {
    draft.set(spec, "podCIDR", facts_.pod_cidr);
    Value cidrs = draft.array();
    draft.push(cidrs, draft.text(facts_.pod_cidr));
    draft.set(spec, "podCIDRs", cidrs);
  }
  Value taints = draft.array();
  for (const auto& [taint, effect] : facts_.taints) {
    const auto [key, value] = cut(taint, "=");
    Value entry = draft.object();
    draft.set(entry, "key", key);
    if (value) draft.set(entry, "value", *value);
    draft.set(entry, "effect", effect);
    draft.push(taints, entry);
  }
  if (taints.size() > 0) draft.set(spec, "taints", taints);
  draft.set(root, "spec", spec);
  parts_.transport->call({"POST", "/api/v1/nodes?fieldManager=kubelet", "", to_json(root)},
                         [this, done, alive = alive_](Result<client::Response> response) {
                           if (!*alive) return;
                           auto outcome =
                               response.ok() ? client::check_response(*response) : Result<void>(std::move(response).error());
                           if (!outcome.ok()) return (*done)(std::move(outcome));
                           auto made = parse_json(response->body);
                           if (made.ok())
                             update_metadata(*made, done);
                           else
                             (*done)(std::move(made).error());
                         });
}

// Labels that say what the machine is are ours; all else stays as it is.
void NodeRegistration::update_metadata(const Document& node, std::shared_ptr<Done<void>> done) {
  uid_ = node["metadata"]["uid"].as_string();
  EventSubject subject;
  subject.kind = "Node";
  subject.name = facts_.name;
  subject.uid = facts_.name;  // as the kubelet does it, which kubectl describe looks for
  parts_.events->record(subject, false, "Starting", "Starting kubelet.");
  const auto go_on = [this, done] {
    check_runtime();
    renew_lease();
    (*done)({});
  };
  bool same = true;
  for (const auto& [key, value] : labels_of(facts_)) same = same && node["metadata"]["labels"][key].as_string() == value;
  if (same) return go_on();
  Draft draft;
  Value labels = draft.object(16);
  set_map(draft, labels, labels_of(facts_));
  draft.member_path(draft.root(), {"metadata", "labels"}) = labels;
  parts_.transport->call({"PATCH", "/api/v1/nodes/" + escape_path_segment(facts_.name) + "?fieldManager=kubelet",
                          "application/merge-patch+json", to_json(draft.root())},
                         [go_on, alive = alive_](Result<client::Response>) {
                           if (*alive) go_on();
                         });
}

void NodeRegistration::set_pressures(std::set<Pressure> pressures) {
  const std::set<Pressure> before = std::exchange(pressures_, std::move(pressures));
  EventSubject subject;
  subject.kind = "Node";
  subject.name = subject.uid = facts_.name;
  for (const PressureText& text : kPressureTexts) {
    const bool holds = pressures_.count(text.pressure) > 0;
    if (holds == (before.count(text.pressure) > 0)) continue;
    const std::string& reason = holds ? text.event : text.good_event;
    parts_.events->record(subject, false, reason, "Node " + facts_.name + " status is now: " + reason);
  }
  write_status();
}

void NodeRegistration::set_images(std::vector<Image> images) {
  std::stable_sort(images.begin(), images.end(), [](const Image& a, const Image& b) { return a.size_bytes > b.size_bytes; });
  if (images.size() > kImagesMax) images.resize(kImagesMax);
  images_ = std::move(images);
}

Value NodeRegistration::image_list(Draft& draft) const {
  Value list = draft.array();
  for (const Image& image : images_) {
    Value names = draft.array();
    for (const std::vector<std::string>* some : {&image.digests, &image.tags}) {
      for (const std::string& name : *some) {
        if (names.size() < kImageNamesMax) draft.push(names, draft.text(name));
      }
    }
    if (names.size() == 0) continue;
    Value entry = draft.object();
    draft.set(entry, "names", names);
    draft.set(entry, "sizeBytes", Value::of(static_cast<std::int64_t>(image.size_bytes)));
    draft.push(list, entry);
  }
  return list;
}

void NodeRegistration::set_not_ready(std::string message) {
  if (std::exchange(problem_, std::move(message)) != problem_) write_status();
}

void NodeRegistration::check_runtime() {
  parts_.runtime->status([this, alive = alive_](Result<RuntimeStatus> status) {
    if (!*alive) return;
    problem_ = status.ok() ? runtime_problem(*status) : "container runtime is down: " + status.error().message();
    write_status();
  });
  status_timer_ = parts_.loop->after(kStatusInterval, [this, alive = alive_] {
    if (*alive) check_runtime();
  });
}

Value NodeRegistration::condition(Draft& draft, const Value& present, std::string_view type, bool holds,
                                  std::string_view reason, std::string_view message) const {
  const std::string now = format_rfc3339(parts_.clock->wall_ns());
  std::string since = now;
  for (const Value& c : present["conditions"].items()) {
    if (c["type"].as_string() == type && c["status"].as_string() == (holds ? "True" : "False"))
      since = c["lastTransitionTime"].as_string();
  }
  Value out = draft.object(8);
  draft.set(out, "type", type);
  draft.set(out, "status", holds ? "True" : "False");
  draft.set(out, "lastHeartbeatTime", now);
  draft.set(out, "lastTransitionTime", since);
  draft.set(out, "reason", reason);
  draft.set(out, "message", message);
  return out;
}

Value NodeRegistration::status_of(Draft& draft, const Value& present) const {
  Value status = draft.object(8);
  Value addresses = draft.array();
  const auto address = [&](std::string_view type, std::string_view text) {
    Value entry = draft.object();
    draft.set(entry, "type", type);
    draft.set(entry, "address", text);
    draft.push(addresses, entry);
  };
  for (const std::string& ip : facts_.addresses) address("InternalIP", ip);
  address("Hostname", facts_.hostname);
  draft.set(status, "addresses", addresses);
  Value capacity = draft.object(), allocatable = draft.object();
  set_map(draft, capacity, facts_.capacity);
  set_map(draft, allocatable, facts_.allocatable);
  draft.set(status, "capacity", capacity);
  draft.set(status, "allocatable", allocatable);
  Value conditions = draft.array();
  for (const PressureText& text : kPressureTexts) {
    const bool holds = pressures_.count(text.pressure) > 0;
    draft.push(conditions, condition(draft, present, text.condition, holds, holds ? text.reason : text.good_reason,
                                     holds ? text.message : text.good_message));
  }
  if (problem_.empty())
    draft.push(conditions, condition(draft, present, "Ready", true, "KubeletReady", "kubelet is posting ready status"));
  else
    draft.push(conditions, condition(draft, present, "Ready", false, "KubeletNotReady", problem_));
  draft.set(status, "conditions", conditions);
  draft.set(status, "images", image_list(draft));
  Value info = draft.object(12);
  draft.set(info, "machineID", facts_.machine_id);
  draft.set(info, "systemUUID", facts_.system_uuid);
  draft.set(info, "bootID", facts_.boot_id);
  draft.set(info, "kernelVersion", facts_.kernel_version);
  draft.set(info, "osImage", facts_.os_image);
  draft.set(info, "containerRuntimeVersion", facts_.runtime_version);
  draft.set(info, "kubeletVersion", facts_.kubelet_version);
  draft.set(info, "kubeProxyVersion", "");
  draft.set(info, "operatingSystem", "linux");
  draft.set(info, "architecture", facts_.architecture);
  draft.set(status, "nodeInfo", info);
  if (facts_.kubelet_port != 0)
    draft.member_path(status, {"daemonEndpoints", "kubeletEndpoint", "Port"}) =
        Value::of(static_cast<std::int64_t>(facts_.kubelet_port));
  return status;
}

namespace {

// Everything but the times of heartbeats.
bool says_the_same(const Value& status, const Value& present) {
  for (const Member& m : status.members()) {
    if (m.key() != "conditions") {
      if (!equal(m.value, present[m.key()])) return false;
      continue;
    }
    for (const Value& wanted : m.value.items()) {
      bool told = false;
      for (const Value& there : present["conditions"].items()) {
        told = told || (there["type"].as_string() == wanted["type"].as_string() && equal(there["status"], wanted["status"]) &&
                        equal(there["message"], wanted["message"]));
      }
      if (!told) return false;
    }
  }
  return true;
}

}  // namespace

void NodeRegistration::write_status() {
  if (writing_ || uid_.empty()) return;
  const auto node = present();
  const Value now_there = node ? (*node)["status"] : Value();
  Draft draft;
  const Value status = status_of(draft, now_there);
  const std::int64_t now = parts_.clock->monotonic_ns();
  const bool due = last_status_ns_ == 0 || now - last_status_ns_ >= kStatusReportNs;
  if (!due && says_the_same(status, now_there)) return;
  draft.set(draft.root(), "status", status);
  writing_ = true;
  parts_.transport->call({"PATCH", "/api/v1/nodes/" + escape_path_segment(facts_.name) + "/status?fieldManager=kubelet",
                          "application/strategic-merge-patch+json", to_json(draft.root())},
                         [this, now, alive = alive_](Result<client::Response> response) {
                           if (!*alive) return;
                           writing_ = false;
                           const auto outcome =
                               response.ok() ? client::check_response(*response) : Result<void>(std::move(response).error());
                           if (outcome.ok()) last_status_ns_ = now;
                           // Somebody has deleted the node while it runs: it registers again.
                           else if (outcome.error().reason() == Reason::kNotFound) {
                             uid_.clear();
                             last_status_ns_ = 0;
                             if (status_timer_ != 0) parts_.loop->cancel(std::exchange(status_timer_, 0));
                             if (lease_timer_ != 0) parts_.loop->cancel(std::exchange(lease_timer_, 0));
                             parts_.loop->after(std::chrono::seconds(1), [this, alive] {
                               if (*alive) start([](Result<void>) {});
                             });
                           }
                         });
}

void NodeRegistration::renew_lease() {
  if (lease_timer_ != 0) parts_.loop->cancel(lease_timer_);
  lease_timer_ = parts_.loop->after(kLeaseInterval, [this, alive = alive_] {
    if (*alive) renew_lease();
  });
  if (renewing_) return;
  const auto view = parts_.view();
  const auto leases = view->find_resource("coordination.k8s.io", "leases");
  if (!leases) return;
  const auto there = view->get(*leases, "kube-node-lease", facts_.name);
  Draft draft;
  Value& root = draft.root();
  draft.set(root, "apiVersion", "coordination.k8s.io/v1");
  draft.set(root, "kind", "Lease");
  Value& metadata = draft.member(root, "metadata");
  draft.set(metadata, "name", facts_.name);
  draft.set(metadata, "namespace", "kube-node-lease");
  Value owner = draft.object();
  draft.set(owner, "apiVersion", "v1");
  draft.set(owner, "kind", "Node");
  draft.set(owner, "name", facts_.name);
  draft.set(owner, "uid", uid_);
  Value owners = draft.array();
  draft.push(owners, owner);
  draft.set(metadata, "ownerReferences", owners);
  Value& spec = draft.member(root, "spec");
  draft.set(spec, "holderIdentity", facts_.name);
  draft.set(spec, "leaseDurationSeconds", Value::of(kLeaseSeconds));
  draft.set(spec, "renewTime", format_rfc3339_micro(parts_.clock->wall_ns()));
  renewing_ = true;
  const std::string path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  client::Request request = there ? client::Request{"PATCH", path + "/" + escape_path_segment(facts_.name),
                                                    "application/merge-patch+json", to_json(root)}
                                  : client::Request{"POST", path, "", to_json(root)};
  parts_.transport->call(std::move(request), [this, alive = alive_](Result<client::Response>) {
    if (*alive) renewing_ = false;  // what failed is tried again in ten seconds; the lease is good for forty
  });
}

}  // namespace plinth::node
