// The Node object and its lease: made at the start, kept true, renewed.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node/agent/node_parts.h"
#include "node/agent/pressure.h"

namespace plinth::node {

struct NodeFacts {
  std::string name, hostname;
  std::vector<std::string> addresses;                       // InternalIP
  StringMap labels;                                         // besides those of the architecture and operating system
  std::vector<std::pair<std::string, std::string>> taints;  // "key=value" and effect
  std::string pod_cidr;
  StringMap capacity, allocatable;  // quantities: cpu, memory, ephemeral-storage, pods
  // nodeInfo
  std::string machine_id, system_uuid, boot_id, kernel_version, os_image, architecture = "amd64", runtime_version,
                                                                          kubelet_version;
  std::int32_t kubelet_port = 0;  // 0: nothing listens there; the log and exec subresources are served in this process
};

// On the node's loop.
class NodeRegistration {
 public:
  static constexpr Duration kLeaseInterval = std::chrono::seconds(10), kStatusInterval = std::chrono::seconds(10);
  static constexpr std::size_t kImagesMax = 50, kImageNamesMax = 5;  // in the status
  static constexpr std::int64_t kLeaseSeconds = 40, kStatusReportNs = 300'000'000'000;

  NodeRegistration(NodeParts& parts, NodeFacts facts);
  ~NodeRegistration();

  // Makes or takes over the object; `done` once it is there. Goes on renewing until it is destroyed.
  void start(Done<void> done);
  // What the node is short of.
  void set_pressures(std::set<Pressure> pressures);
  // The images that the status lists.
  void set_images(std::vector<Image> images);
  // Not ready with this reason from now on; "" as message: ready.
  void set_not_ready(std::string message);
  const std::string& uid() const { return uid_; }

 private:
  void register_node(std::shared_ptr<Done<void>> done);
  void update_metadata(const Document& node, std::shared_ptr<Done<void>> done);
  void check_runtime();
  void write_status();
  void renew_lease();
  Value status_of(Draft& draft, const Value& present) const;
  Value image_list(Draft& draft) const;
  Value condition(Draft& draft, const Value& present, std::string_view type, bool holds, std::string_view reason,
                  std::string_view message) const;
  std::optional<Document> present() const;

  NodeParts& parts_;
  NodeFacts facts_;
  std::string uid_, problem_, boot_told_;
  std::int64_t last_status_ns_ = 0;
  std::set<Pressure> pressures_;
  std::vector<Image> images_;  // largest first
  bool writing_ = false, renewing_ = false;
  TimerId status_timer_ = 0, lease_timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
