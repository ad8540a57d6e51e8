#include "workloads/csi/snapshot_class.h"

#include <algorithm>
#include <array>

#include "workloads/csi/parameter_text.h"

namespace plinth::workloads {
namespace {

constexpr std::string_view kPrefix = "csi.storage.k8s.io/";
constexpr std::array<std::string_view, 4> kKnown = {"snapshotter-secret-name", "snapshotter-secret-namespace",
                                                    "snapshotter-list-secret-name", "snapshotter-list-secret-namespace"};

Error invalid(const std::string& message) { return Error(Reason::kInvalid, message); }

Result<std::string> resolve(std::string_view text, const std::map<std::string_view, std::string>& variables) {
  return resolve_parameter(text, [&](std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

}  // namespace

Result<SnapshotParameters> read_snapshot_parameters(const Value& parameters, const std::string& content,
                                                    const std::string& snapshot, const std::string& name_space) {
  SnapshotParameters out;
  std::map<std::string_view, std::string> known;
  for (const Member& member : parameters.members()) {
    const std::string_view key = member.key();
    if (!key.starts_with(kPrefix)) {
      out.driver[std::string(key)] = member.value.as_string();
      continue;
    }
    const std::string_view rest = key.substr(kPrefix.size());
    if (std::find(kKnown.begin(), kKnown.end(), rest) == kKnown.end())
      return invalid("parameter " + std::string(key) + ": no such key is known");
    known[rest] = member.value.as_string();
  }
  const auto name = known.find("snapshotter-secret-name"), space = known.find("snapshotter-secret-namespace");
  if (name == known.end() && space == known.end()) return out;
  if (name == known.end() || space == known.end())
    return invalid(
        "parameters: either name and namespace for csi.storage.k8s.io/snapshotter-secret-* are given or none; only one is");
  std::map<std::string_view, std::string> variables = {{"volumesnapshotcontent.name", content},
                                                       {"volumesnapshot.namespace", name_space}};
  auto in_space = resolve(space->second, variables);
  if (!in_space.ok())
    return invalid("parameter " + std::string(kPrefix) + "snapshotter-secret-namespace: " + in_space.error().message());
  variables["volumesnapshot.name"] = snapshot;
  auto in_name = resolve(name->second, variables);
  if (!in_name.ok())
    return invalid("parameter " + std::string(kPrefix) + "snapshotter-secret-name: " + in_name.error().message());
  out.secrets = SecretReference{std::move(*in_name), std::move(*in_space)};
  return out;
}

Result<SnapshotParameters> read_snapshot_parameters(const Value& parameters, const client::Object& content) {
  const Value reference = content["spec"]["volumeSnapshotRef"];
  return read_snapshot_parameters(parameters, content.name, std::string(reference["name"].as_string()),
                                  std::string(reference["namespace"].as_string()));
}

}  // namespace plinth::workloads
