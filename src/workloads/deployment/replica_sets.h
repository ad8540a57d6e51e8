// A Deployment and its ReplicaSets, as a step reads and plans them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

inline constexpr std::string_view kDeploymentController = "deployment-controller";
inline constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";
inline constexpr std::string_view kTemplateHash = "pod-template-hash";

client::Resource replica_sets_resource();

// What a Deployment asks for; defaults are there already.
struct DeploymentSpec {
  std::int64_t replicas = 1, min_ready = 0;
  bool rolling = true, paused = false;
  // Resolved against `replicas`; 0 for Recreate.
  std::int64_t max_surge = 0, max_unavailable = 0;
  std::optional<std::int64_t> deadline_s, history_limit;  // nothing: none was set, or it is "never"
};
DeploymentSpec read_spec(const client::Object& deployment);

// A ReplicaSet: what it says, and what the plan makes of it.
struct ReplicaSet {
  client::Object object;  // empty for one that the plan makes
  std::string name;
  std::int64_t created_ns = 0;
  std::int64_t replicas = 0;  // spec.replicas before the plan
  std::int64_t actual = 0, ready = 0, available = 0;
  std::optional<std::int64_t> terminating;
  // After the plan.
  std::int64_t wanted = 0, min_ready = 0;
  std::map<std::string, std::string, std::less<>> annotations;

  bool is_new() const { return object.uid.empty(); }
  std::int64_t revision() const;
  std::optional<std::int64_t> count_annotation(std::string_view name) const;
};

// Sorted by age, the oldest first.
struct ReplicaSets {
  std::vector<ReplicaSet> old;
  std::optional<ReplicaSet> current;  // the one with the Deployment's template

  std::vector<ReplicaSet*> all();  // old ones, then the current one
  std::int64_t total_wanted();
};

// Whether two pod templates are the same but for the label with the hash.
bool same_template(const Value& a, const Value& b);
ReplicaSets read_replica_sets(const client::Object& deployment, const std::vector<client::Object>& owned);

// Revision and annotations of the current one follow those of the Deployment.
void follow_annotations(const client::Object& deployment, ReplicaSet& current, std::int64_t revision);
void set_count_annotations(const DeploymentSpec& spec, ReplicaSet& set);

// The name of a ReplicaSet for the Deployment's template.
std::string replica_set_name(const client::Object& deployment, const std::string& hash);
client::Request create_replica_set(const client::Object& deployment, const ReplicaSet& set, const std::string& hash);
// What is left to change on the server; nothing when nothing is.
std::optional<client::Request> change_replica_set(const ReplicaSet& set);

}  // namespace plinth::workloads
