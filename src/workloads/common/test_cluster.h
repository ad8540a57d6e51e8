// For tests: a cluster of a few objects on which plans are carried out as a server would do it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/json.h"
#include "client/controller.h"
#include "client/object_cache.h"

namespace plinth::workloads {

class TestCluster {
 public:
  static constexpr std::int64_t kNow = 1'790'000'000'000'000'000;  // 2026-09-21T14:13:20Z

  TestCluster() {
    for (const client::Resource& kind : kinds()) cache_.add_kind(kind);
  }

  // Kind from the text; metadata gets a uid (uid-NAME), a namespace (default) and a creationTimestamp where it has none.
  void put(const std::string& text) {
    auto parsed = parse_json(text);
    REQUIRE_MESSAGE(parsed.ok(), text);
    store(kind_of((*parsed)["kind"].as_string()), Draft(*parsed));
  }
  void remove(const std::string& kind, const std::string& name) {
    const auto object = get(kind, name);
    REQUIRE(object);
    cache_.apply({object->resource, object->name_space, object->name, object->uid, ++revision_, object->document}, true);
  }
  // "NAME" or "NAMESPACE/NAME".
  std::optional<client::Object> get(const std::string& kind, const std::string& name) const {
    const client::Resource resource = kind_of(kind);
    const std::size_t slash = name.find('/');
    const std::string name_space = !resource.namespaced ? "" : slash == std::string::npos ? "default" : name.substr(0, slash);
    return cache_.view()->get(resource, name_space, slash == std::string::npos ? name : name.substr(slash + 1));
  }
  // The text of a member: "spec.nodeName"; a number in a path is an index.
  std::string text(const std::string& kind, const std::string& name, const std::string& path) const {
    const auto object = get(kind, name);
    if (!object) return "(none)";
    Value at = object->document.root();
    for (std::size_t begin = 0; begin <= path.size();) {
      const std::size_t end = std::min(path.find('.', begin), path.size());
      const std::string part = path.substr(begin, end - begin);
      at = at.is_array() ? (std::stoul(part) < at.size() ? at.items()[std::stoul(part)] : Value()) : at[part];
      begin = end + 1;
    }
    return at.is_string() ? std::string(at.as_string()) : to_json(at);
  }
  std::vector<client::Object> all(const std::string& kind) const {
    std::vector<client::Object> out;
    cache_.view()->list(kind_of(kind), "", [&](const client::Object& object) {
      out.push_back(object);
      return true;
    });
    return out;
  }
  // "TYPE REASON object: message" of each Event.
  std::vector<std::string> events() const {
    std::vector<std::string> out;
    for (const client::Object& event : all("Event")) {
      out.push_back(std::string(event["type"].as_string()) + " " + std::string(event["reason"].as_string()) + " " +
                    std::string(event["involvedObject"]["name"].as_string()) + ": " +
                    std::string(event["message"].as_string()));
    }
    return out;
  }

  // Steps for all initial keys, and carries them out, until nothing is planned; the number of requests. More than 50 rounds
  // fail.
  std::size_t settle(const client::Controller& controller, std::int64_t now = kNow) {
    std::size_t requests = 0;
    for (int round = 0; round < 50; ++round) {
      const std::size_t before = requests;
      std::vector<std::string> keys;
      controller.initial_keys(*cache_.view(), keys);
      for (const std::string& key : keys) requests += step(controller, key, now);
      if (requests == before) return requests;
    }
    FAIL("a controller does not come to rest: " << last_);
    return requests;
  }
  std::size_t step(const client::Controller& controller, const std::string& key, std::int64_t now = kNow) {
    client::StepContext context;
    context.wall_ns = now;
    const client::Plan plan = controller.step(*cache_.view(), key, context);
    revisit_ns = plan.revisit_ns;
    for (const client::Request& request : plan.requests) {
      last_ = request.method + " " + request.target + " " + request.body;
      if (!carry_out(request)) break;
    }
    return plan.requests.size();
  }
  // A plan that is not a controller's.
  void carry_out(const client::Plan& plan) {
    for (const client::Request& request : plan.requests) {
      if (!carry_out(request)) break;
    }
  }
  // As a DELETE: what finalizers hold is only marked.
  void end(const std::string& kind, const std::string& name) { REQUIRE(end(get(kind, name))); }
  std::shared_ptr<const client::View> view() const { return cache_.view(); }
  // One request, as a server would carry it out; false when it is refused.
  bool make(const client::Request& request) { return carry_out(request); }
  std::optional<std::int64_t> revisit_ns;  // of the last step

 private:
  static std::vector<client::Resource> kinds() {
    return {{"", "v1", "pods", "Pod", true},
            {"", "v1", "nodes", "Node", false},
            {"", "v1", "namespaces", "Namespace", false},
            {"", "v1", "services", "Service", true},
            {"", "v1", "endpoints", "Endpoints", true},
            {"", "v1", "events", "Event", true},
            {"", "v1", "persistentvolumes", "PersistentVolume", false},
            {"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true},
            {"", "v1", "replicationcontrollers", "ReplicationController", true},
            {"apps", "v1", "replicasets", "ReplicaSet", true},
            {"apps", "v1", "deployments", "Deployment", true},
            {"batch", "v1", "jobs", "Job", true},
            {"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true},
            {"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true},
            {"coordination.k8s.io", "v1", "leases", "Lease", true},
            {"storage.k8s.io", "v1", "storageclasses", "StorageClass", false},
            {"storage.k8s.io", "v1", "csinodes", "CSINode", false},
            {"storage.k8s.io", "v1", "csidrivers", "CSIDriver", false},
            {"storage.k8s.io", "v1", "csistoragecapacities", "CSIStorageCapacity", true},
            {"storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", false},
            {"snapshot.storage.k8s.io", "v1", "volumesnapshots", "VolumeSnapshot", true},
            {"snapshot.storage.k8s.io", "v1", "volumesnapshotcontents", "VolumeSnapshotContent", false},
            {"snapshot.storage.k8s.io", "v1", "volumesnapshotclasses", "VolumeSnapshotClass", false}};
  }
  static client::Resource kind_of(std::string_view kind) {
    for (const client::Resource& resource : kinds()) {
      if (resource.kind == kind) return resource;
    }
    FAIL("a kind that these tests do not know: " << kind);
    return {};
  }

  void store(const client::Resource& resource, Draft draft) {
    Value& metadata = draft.member(draft.root(), "metadata");
    if (metadata["name"].as_string().empty())
      draft.set(metadata, "name", std::string(metadata["generateName"].as_string()) + std::to_string(++generated_));
    const std::string name(metadata["name"].as_string());
    if (resource.namespaced && metadata["namespace"].is_null()) draft.set(metadata, "namespace", "default");
    if (metadata["uid"].is_null()) draft.set(metadata, "uid", "uid-" + name);
    if (metadata["creationTimestamp"].is_null()) draft.set(metadata, "creationTimestamp", "2026-09-21T14:00:00Z");
    draft.set(metadata, "resourceVersion", std::to_string(++revision_));
    const std::string name_space(metadata["namespace"].as_string()), uid(metadata["uid"].as_string());
    // What was held by finalizers goes with the last.
    const bool gone =
        metadata["finalizers"].is_array() && metadata["finalizers"].size() == 0 && !metadata["deletionTimestamp"].is_null();
    cache_.apply({resource, name_space, name, uid, revision_, std::move(draft).finish()}, gone);
  }

  // Whether the plan goes on.
  bool carry_out(const client::Request& request) {
    const auto path = client::parse_object_path(request.target);
    REQUIRE_MESSAGE(path, request.target);
    const client::Resource resource = *cache_.view()->find_resource(path->group, path->plural);
    const auto object = path->name.empty() ? std::nullopt : cache_.view()->get(resource, path->name_space, path->name);
    const std::string plain = request.target.substr(0, request.target.find('?'));
    if (request.method == "GET") return !object || (!request.check_uid.empty() && object->uid != request.check_uid);
    if (request.method == "DELETE") return end(object);
    const Document body = parse_json(request.body).value();
    if (plain.ends_with("/binding")) return bind(object, body);
    if (request.method == "POST") return store(resource, Draft(body)), true;
    if (!object) return false;
    if (request.method == "PUT") return store(resource, replaced(*object, body, plain.ends_with("/status"))), true;
    Draft merged(object->document);
    merge(merged, merged.root(), body.root(), request.content_type.starts_with("application/strategic"));
    if (equal(merged.root(), object->document.root())) return true;
    return store(resource, std::move(merged)), true;
  }

  static Draft replaced(const client::Object& object, const Document& body, bool status) {
    Draft out(status ? object.document.get() : body);
    const Value kept = (status ? body.root() : object.document.root())["status"];
    if (kept.is_null())
      out.remove(out.root(), "status");
    else
      out.set(out.root(), "status", out.clone(kept));
    return out;
  }

  bool end(const std::optional<client::Object>& object) {
    if (!object) return false;
    const bool runs = object->resource.plural == "pods" && !(*object)["spec"]["nodeName"].as_string().empty();
    const bool held = object->metadata()["finalizers"].size() > 0;
    if (held && object->deleting()) return true;
    if ((runs || held) && !object->deleting()) {
      Draft draft(object->document);
      draft.set(draft.member(draft.root(), "metadata"), "deletionTimestamp", "2026-09-21T14:20:00Z");
      draft.set(draft.member(draft.root(), "metadata"), "deletionGracePeriodSeconds", Value::of(30));
      store(object->resource, std::move(draft));
      return true;
    }
    cache_.apply({object->resource, object->name_space, object->name, object->uid, ++revision_, object->document}, true);
    return true;
  }

  bool bind(const std::optional<client::Object>& pod, const Document& body) {
    if (!pod || !(*pod)["spec"]["nodeName"].as_string().empty()) return false;
    Draft draft(pod->document);
    draft.set(draft.member(draft.root(), "spec"), "nodeName", body["target"]["name"].as_string());
    store(pod->resource, std::move(draft));
    return true;
  }

  void merge(Draft& draft, Value& slot, const Value& patch, bool strategic) {
    for (const Member& m : patch.members()) {
      if (m.value.is_null()) {
        draft.remove(slot, m.key());
      } else if (m.value.is_object()) {
        Value& inner = draft.member(slot, m.key());
        if (!inner.is_object()) inner = draft.object();
        merge(draft, inner, m.value, strategic);
      } else if (strategic && m.key() == "conditions") {
        merge_conditions(draft, draft.member(slot, m.key()), m.value);
      } else {
        draft.set(slot, m.key(), draft.clone(m.value));
      }
    }
  }
  void merge_conditions(Draft& draft, Value& conditions, const Value& patch) {
    if (!conditions.is_array()) conditions = draft.array();
    for (const Value& condition : patch.items()) {
      std::size_t at = 0;
      while (at < conditions.size() && conditions.items()[at]["type"].as_string() != condition["type"].as_string()) ++at;
      if (at == conditions.size()) draft.push(conditions, draft.object());
      merge(draft, draft.item(conditions, at), condition, true);
    }
  }

  client::ObjectCache cache_;
  std::uint64_t revision_ = 0;
  int generated_ = 0;
  std::string last_;
};

}  // namespace plinth::workloads
