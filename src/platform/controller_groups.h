// The controllers of domain modules: what runs in the platform's own process, or attached to a cluster elsewhere. One list,
// which each module joins. What only a control plane of our own does (garbage collection, namespaces, quota) is not in it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "base/world.h"
#include "client/controller.h"

namespace plinth::platform {

// Whether the controllers make the CRDs of their kinds themselves.
enum class InstallKinds : bool { kNo, kYes };

// What those who run them may choose of composition.
struct ComposeChoices {
  bool allow_crd_deletion = false;   // the CRD of a definition, with all instances, goes with the definition
  std::int64_t graph_revisions = 5;  // that are kept of a definition
};

// What controllers are made of.
struct ControllerParts {
  InstallKinds install = InstallKinds::kNo;
  Entropy* entropy = nullptr;
  std::vector<Document> definitions;  // composition definitions that are installed after the start
  ComposeChoices compose;
};

struct ControllerGroup {
  std::string_view name;   // as --controllers spells it
  std::string_view lease;  // in kube-system: by it one of several processes runs them
  std::vector<std::unique_ptr<client::Controller>> (*make)(const ControllerParts& parts);
  std::vector<Document> (*kinds)();  // CRDs that they need
};
std::span<const ControllerGroup> controller_groups();

}  // namespace plinth::platform
