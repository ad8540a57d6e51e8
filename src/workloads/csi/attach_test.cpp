#include "workloads/csi/attach.h"

#include "workloads/common/test_cluster.h"

namespace plinth::workloads {
namespace {

CsiDriverInfo driver() { return {.name = "example.com/x", .publishes = true}; }

constexpr const char* kNode =
    R"({"kind":"CSINode","metadata":{"name":"n1"},"spec":{"drivers":[{"name":"example.com/x","nodeID":"id-1"}]}})";

std::string volume(const std::string& metadata = R"(,"finalizers":["external-attacher/example.com-x"])",
                   const std::string& modes = R"(["ReadWriteOnce"])") {
  return R"({"kind":"PersistentVolume","metadata":{"name":"v")" + metadata + R"(},"spec":{"accessModes":)" + modes +
         R"(,"mountOptions":["noatime"],"csi":{"driver":"example.com/x","volumeHandle":"h","fsType":"ext4","volumeAttributes":{"a":"b"}}}})";
}

std::string attachment(const std::string& metadata = R"(,"finalizers":["external-attacher/example.com-x"])",
                       const std::string& status = "{}", const std::string& attacher = "example.com/x") {
  return R"({"kind":"VolumeAttachment","metadata":{"name":"a")" + metadata + R"(},"spec":{"attacher":")" + attacher +
         R"(","nodeName":"n1","source":{"persistentVolumeName":"v"}},"status":)" + status + "}";
}

// "-", "marks OBJECT", "publish", "unpublish", or the message of a refusal.
std::string decided(const std::vector<std::string>& objects, const CsiDriverInfo& d = driver()) {
  TestCluster cluster;
  for (const std::string& object : objects) cluster.put(object);
  const auto decision = decide_attachment(*cluster.view(), *cluster.get("VolumeAttachment", "a"), d, "m");
  if (const auto* refusal = std::get_if<Refusal>(&decision)) return refusal->message;
  if (const auto* plan = std::get_if<client::Plan>(&decision)) {
    const std::string target = plan->requests.at(0).target;
    return "plan " + target.substr(target.find("v1/") + 3, target.find('?') - target.find("v1/") - 3);
  }
  if (std::holds_alternative<PublishCall>(decision)) return "publish";
  return std::holds_alternative<UnpublishCall>(decision) ? "unpublish" : "-";
}

}  // namespace

TEST_CASE("what an attachment asks of its driver") {
  const std::string going = R"(,"deletionTimestamp":"2026-09-21T14:00:00Z")";
  const std::string mark = R"(,"finalizers":["external-attacher/example.com-x"])";
  CsiDriverInfo plain = driver();
  plain.publishes = false;
  struct Case {
    const char* why;
    std::vector<std::string> objects;
    const char* decided;
    CsiDriverInfo driver = {.name = "example.com/x", .publishes = true};
  };
  const Case cases[] = {
      {"the volume is marked first", {kNode, volume(""), attachment("")}, "plan persistentvolumes/v"},
      {"then the attachment", {kNode, volume(), attachment("")}, "plan volumeattachments/a"},
      {"then it is published", {kNode, volume(), attachment()}, "publish"},
      {"another driver's", {kNode, volume(), attachment(mark, "{}", "other")}, "-"},
      {"it is attached", {kNode, volume(), attachment(mark, R"({"attached":true})")}, "-"},
      {"no such node", {volume(), attachment()}, "CSINode n1 does not contain driver example.com/x"},
      {"no such volume", {kNode, attachment()}, "could not find PersistentVolume \"v\""},
      {"the volume is going", {kNode, volume(mark + going), attachment()}, "PersistentVolume \"v\" is marked for deletion"},
      {"modes that do not go together",
       {kNode, volume(mark, R"(["ReadWriteOnce","ReadOnlyMany"])"), attachment()},
       "CSI does not support ReadOnlyMany and ReadWriteOnce on the same PersistentVolume"},
      {"a driver that does not attach", {volume(), attachment("")}, "plan volumeattachments/a/status", plain},
      {"it is to be detached", {kNode, volume(), attachment(mark + going, R"({"attached":true})")}, "unpublish"},
      {"also when it was never said to be attached", {kNode, volume(), attachment(mark + going)}, "unpublish"},
      {"nothing holds it", {kNode, volume(), attachment(going)}, "-"},
      {"to be detached, by a driver that does not", {volume(), attachment(mark + going)}, "plan volumeattachments/a", plain},
  };
  for (const Case& c : cases) {
    CAPTURE(c.why);
    CHECK(decided(c.objects, c.driver) == c.decided);
  }
}

TEST_CASE("the call, and what is written of its answer") {
  TestCluster cluster;
  cluster.put(kNode);
  cluster.put(volume());
  cluster.put(attachment());
  const auto object = cluster.get("VolumeAttachment", "a");
  const auto decision = decide_attachment(*cluster.view(), *object, driver(), "m");
  const auto* call = std::get_if<PublishCall>(&decision);
  REQUIRE(call != nullptr);
  CHECK(call->volume_id == "h");
  CHECK(call->node_id == "id-1");
  CHECK(call->capability.mode == CsiAccessMode::kSingleNodeWriter);
  CHECK(call->capability.fs_type == "ext4");
  CHECK(call->capability.mount_flags == std::vector<std::string>{"noatime"});
  CHECK(call->volume_context == std::map<std::string, std::string>{{"a", "b"}});
  auto status = [](const client::Plan& plan) { return to_json(parse_json(plan.requests.at(0).body).value()["status"]); };
  CHECK(status(attached_plan(*object, {{"k", "v"}}, "m")) == R"({"attached":true,"attachmentMetadata":{"k":"v"}})");
  CHECK(status(attach_failed_plan(*object, "no", 8, TestCluster::kNow, "m")) ==
        R"({"attachError":{"time":"2026-09-21T14:13:20Z","message":"no","errorCode":8},"attached":false})");
}

TEST_CASE("a volume keeps its mark while an attachment names it") {
  TestCluster cluster;
  cluster.put(volume(R"(,"finalizers":["external-attacher/example.com-x"],"deletionTimestamp":"2026-09-21T14:00:00Z")"));
  cluster.put(attachment());
  auto planned = [&] {
    return released_volume_plan(*cluster.view(), *cluster.get("PersistentVolume", "v"), driver(), "m").requests.size();
  };
  CHECK(planned() == 0);
  cluster.remove("VolumeAttachment", "a");
  CHECK(planned() == 1);
}

}  // namespace plinth::workloads
