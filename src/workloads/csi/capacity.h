// CSIStorageCapacity objects: for which classes and parts of the cluster a driver is asked how much it could give.
#pragma once

#include <string>
#include <vector>

#include "client/controller.h"
#include "workloads/csi/csi_calls.h"

namespace plinth::workloads {

inline constexpr std::string_view kCapacityNamespace = "kube-system";

// One object: what is left for one class in one part of the cluster.
struct CapacityPlace {
  std::string name;  // of the object; follows from the rest
  std::string storage_class;
  CsiTopology segment;  // empty: everywhere
  CapacityCall call;
};
// None where the CSIDriver does not ask for it (spec.storageCapacity). Classes that do not wait for a consumer are left out, as
// nothing is placed by them.
std::vector<CapacityPlace> capacity_places(const client::View& view, const CsiDriverInfo& driver);

// The object as it is to be; nothing when it says so already. `volume_max` 0: not said.
client::Plan capacity_plan(const client::View& view, const CapacityPlace& place, const CsiDriverInfo& driver,
                           std::int64_t available, std::int64_t volume_max, std::string_view manager);
// Takes away objects of the driver that stand for no place any more.
client::Plan outdated_capacities_plan(const client::View& view, const CsiDriverInfo& driver);

}  // namespace plinth::workloads
