#include "workloads/csi/resize.h"

#include "workloads/common/test_cluster.h"

namespace plinth::workloads {
namespace {

CsiDriverInfo driver() { return {.name = "d", .expands = true, .expands_on_node = true}; }

std::string claim(const std::string& size, const std::string& status = "") {
  return R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"volumeName":"v","resources":{"requests":{"storage":")" +
         size + R"("}}},"status":{"phase":"Bound","capacity":{"storage":"1Gi"})" + status + "}}";
}
std::string volume(const std::string& size, const std::string& more = "") {
  return R"({"kind":"PersistentVolume","metadata":{"name":"v")" + more +
         R"(},"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":")" + size +
         R"("},"claimRef":{"name":"c","namespace":"default","uid":"uid-c"},"csi":{"driver":"d","volumeHandle":"h","fsType":"ext4","controllerExpandSecretRef":{"name":"s","namespace":"n"}}}})";
}

// "-", "plan", "expand BYTES", or the message of a refusal; "!" behind a size that was refused before.
std::string decided(const std::string& claim_text, const std::string& volume_text, const CsiDriverInfo& info = driver()) {
  TestCluster cluster;
  cluster.put(claim_text);
  cluster.put(volume_text);
  const auto decision =
      decide_resize(*cluster.view(), *cluster.get("PersistentVolumeClaim", "c"), info, TestCluster::kNow, "m");
  if (const auto* refusal = std::get_if<Refusal>(&decision)) return refusal->message;
  if (const auto* plan = std::get_if<client::Plan>(&decision)) return plan->requests.empty() ? "-" : "plan";
  const auto* expansion = std::get_if<Expansion>(&decision);
  if (expansion == nullptr) return "-";
  return "expand " + std::to_string(expansion->call.required_bytes >> 30) + "Gi" + (expansion->infeasible ? "!" : "") +
         (expansion->marks.requests.empty() ? "" : " marked");
}

std::string in_status(const std::string& step, const std::string& allocated) {
  return R"(,"allocatedResources":{"storage":")" + allocated + R"("},"allocatedResourceStatuses":{"storage":")" + step + "\"}";
}

}  // namespace

TEST_CASE("what a claim asks of its volume's driver") {
  const std::string before = R"(,"annotations":{"volume.alpha.kubernetes.io/pre-resize-capacity":"1Gi"})";
  CsiDriverInfo neither = driver(), node_only = driver();
  neither.expands = neither.expands_on_node = node_only.expands = false;
  CHECK(decided(claim("1Gi"), volume("1Gi")) == "-");
  CHECK(decided(claim("2Gi"), volume("1Gi")) == "expand 2Gi marked");
  CHECK(decided(claim("2Gi", in_status("ControllerResizeInProgress", "2Gi")), volume("1Gi")) == "expand 2Gi");
  // The controller's part is done, what the node has to do was not said yet.
  CHECK(decided(claim("2Gi", in_status("ControllerResizeInProgress", "2Gi")), volume("2Gi", before)) == "expand 2Gi");
  CHECK(decided(claim("2Gi", in_status("NodeResizePending", "2Gi")), volume("2Gi", before)) == "-");
  CHECK(decided(claim("2Gi", in_status("NodeResizeInProgress", "2Gi")), volume("2Gi", before)) == "-");
  CHECK(decided(claim("3Gi", in_status("NodeResizePending", "2Gi")), volume("2Gi", before)) == "expand 3Gi marked");
  // A lower size, while the driver may have given the higher one; and after it had refused that.
  CHECK(decided(claim("2Gi", in_status("ControllerResizeInProgress", "9Gi")), volume("1Gi")) == "expand 9Gi");
  CHECK(decided(claim("2Gi", in_status("ControllerResizeInfeasible", "9Gi")), volume("1Gi")) == "expand 2Gi marked");
  CHECK(decided(claim("9Gi", in_status("ControllerResizeInfeasible", "9Gi")), volume("1Gi")) == "expand 9Gi!");
  // The note on the volume goes when the claim says the new size.
  CHECK(decided(claim("1Gi"), volume("1Gi", before)) == "plan");
  CHECK(decided(claim("2Gi"), volume("1Gi"), node_only) == "expand 2Gi marked");
  CHECK(decided(claim("2Gi"), volume("1Gi"), neither) == "CSI driver d does not support volume expansion");
  CHECK(decided(claim("2Gi"), volume("1Gi"), {.name = "other", .expands = true}) == "-");
}

TEST_CASE("what is written about an expansion") {
  TestCluster cluster;
  cluster.put(claim("2Gi", R"(,"conditions":[{"type":"Other","status":"True"}])"));
  cluster.put(volume("1Gi"));
  const auto get = [&] { return *cluster.get("PersistentVolumeClaim", "c"); };
  auto decision = decide_resize(*cluster.view(), get(), driver(), TestCluster::kNow, "m");
  auto* expansion = std::get_if<Expansion>(&decision);
  REQUIRE(expansion != nullptr);
  CHECK(expansion->call.secrets == SecretReference{"s", "n"});
  CHECK(expansion->call.volume_id == "h");
  cluster.carry_out(expansion->marks);
  CHECK(cluster.text("PersistentVolumeClaim", "c", "status.allocatedResourceStatuses.storage") == "ControllerResizeInProgress");
  CHECK(cluster.text("PersistentVolumeClaim", "c", "status.allocatedResources.storage") == "2Gi");
  CHECK(cluster.text("PersistentVolumeClaim", "c", "status.conditions.1.type") == "Resizing");
  SUBCASE("the node has a part in it") {
    cluster.carry_out(expanded_plan(get(), *cluster.get("PersistentVolume", "v"), 2LL << 30, true, TestCluster::kNow, "m"));
    CHECK(cluster.text("PersistentVolume", "v", "spec.capacity.storage") == "2Gi");
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.capacity.storage") == "1Gi");
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.conditions.1.type") == "FileSystemResizePending");
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.allocatedResourceStatuses.storage") == "NodeResizePending");
  }
  SUBCASE("it has none") {
    cluster.carry_out(expanded_plan(get(), *cluster.get("PersistentVolume", "v"), 2LL << 30, false, TestCluster::kNow, "m"));
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.capacity.storage") == "2Gi");
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.conditions") == R"([{"type":"Other","status":"True"}])");
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.allocatedResourceStatuses") == "null");
  }
  SUBCASE("it cannot be had") {
    cluster.carry_out(infeasible_plan(get(), "too large", TestCluster::kNow, "m"));
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.allocatedResourceStatuses.storage") ==
          "ControllerResizeInfeasible");
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.conditions.1.message") == "too large");
  }
}

}  // namespace plinth::workloads
