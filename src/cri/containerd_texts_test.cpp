// What is made of texts and bytes: configuration, the machine's facts, mounts, events, the order of calls.
#include <doctest/doctest.h>

#include "cri/call_order.h"
#include "cri/cgroups.h"
#include "cri/containerd/containerd.h"
#include "cri/containerd/take_down.h"
#include "cri/event_watch.h"
#include "cri/exec_stream.h"
#include "cri/leftover_processes.h"
#include "cri/pause/pause_image.h"
#include "cri/streaming_url.h"
#include "world_sim/sim_world.h"

namespace plinth::cri {
namespace {

void put(Disk& disk, const std::string& path, std::string_view content) {
  REQUIRE(disk.make_directories(path.substr(0, path.rfind('/'))).ok());
  auto file = disk.open(path, OpenMode::kCreate, 0755);
  REQUIRE(file.ok());
  REQUIRE((*file)->write_at(0, content).ok());
}

TEST_CASE("a machine's facts") {
  world_sim::SimWorld world(1);
  Disk& disk = world.disk();
  HostFacts bare = probe_host(disk);
  CHECK(!bare.root);
  CHECK(bare.containerd.empty());
  const auto refused = check_host(bare);
  REQUIRE(!refused.ok());
  for (const char* word : {"root", "containerd", "runc", "containernetworking-plugins", "nftables", "--node sim"}) {
    CAPTURE(word);
    CHECK(refused.error().message().find(word) != std::string::npos);
  }
  put(disk, "/proc/self/status", "Name:\tplinth\nUid:\t0\t0\t0\t0\nCapEff:\t000001fffeffffff\nSeccomp:\t0\n");
  put(disk, "/proc/filesystems", "nodev\ttmpfs\nnodev\toverlay\n");
  for (const char* program : {"/usr/bin/containerd", "/usr/sbin/runc", "/usr/sbin/nft", "/usr/sbin/ip", "/usr/lib/cni/bridge",
                              "/usr/lib/cni/host-local"}) {
    put(disk, program, "ELF");
  }
  HostFacts whole = probe_host(disk);
  CHECK(whole.root);
  CHECK(!whole.sys_resource);
  CHECK(whole.overlay);
  CHECK(whole.oci_runtime == "/usr/sbin/runc");
  CHECK(whole.cni_dir == "/usr/lib/cni");
  CHECK(check_host(whole).ok());
  const auto options = choose_options(whole, "/d", "/r");
  REQUIRE(options.ok());
  CHECK(options->restrict_oom_score_adj);
  CHECK(containerd_config(*options).find("restrict_oom_score_adj = true\n") != std::string::npos);
  whole.nft.clear();
  const auto one = check_host(whole);
  REQUIRE(!one.ok());
  CHECK(one.error().message().find("nftables") != std::string::npos);
  CHECK(one.error().message().find("root") == std::string::npos);
}

TEST_CASE("options that cannot work are refused by name") {
  world_sim::SimWorld world(1);
  auto& loop = world.new_loop("all");
  struct Row {
    std::string data, run, bridge, word;
  };
  for (const Row& row :
       {Row{"/d", "/" + std::string(100, 'x'), "b", "sockets"}, Row{"d", "/r", "b", "absolute"},
        Row{"/d\"x", "/r", "b", "quotes"}, Row{"/d", "/r", "a-name-of-16-char", "bridge"}, Row{"/d", "/r", "", "bridge"}}) {
    CAPTURE(row.word);
    ContainerdParts parts;
    parts.loop = &loop;
    parts.network = &world.network();
    parts.clock = &world.clock();
    parts.disk = &world.disk();
    ContainerdOptions options;
    options.data_dir = row.data;
    options.run_dir = row.run;
    options.bridge = row.bridge;
    const auto made = make_containerd(std::move(parts), options, nullptr);
    REQUIRE(!made.ok());
    CHECK(made.error().message().find(row.word) != std::string::npos);
  }
}

TEST_CASE("mounts below a folder, the deepest first") {
  const std::string text =
      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
      "30 27 0:5 / /run/p rw - tmpfs tmpfs rw\n"
      "31 30 0:6 / /run/p/a rw shared:1 - tmpfs tmpfs rw\n"
      "32 31 0:7 / /run/p/a/with\\040space rw - overlay overlay rw\n"
      "33 27 0:8 / /run/pod/b rw - tmpfs tmpfs rw\n"
      "short\n";
  CHECK((mounts_below(text, {"/run/p"}) == std::vector<std::string>{"/run/p/a/with space", "/run/p/a"}));
  CHECK(mounts_below(text, {"/nowhere"}).empty());
  CHECK(mounts_below("", {"/run/p"}).empty());
}

// An envelope as containerd sends it: field 2 namespace, 3 topic, 4 event {1 type, 2 value}.
std::string field(int number, std::string_view content) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  out += static_cast<char>(content.size());
  return out += content;
}
std::string envelope(std::string_view name_space, std::string_view topic, std::string_view value) {
  return field(2, name_space) + field(3, topic) + field(4, field(1, "type") + field(2, value));
}

TEST_CASE("containerd's events") {
  using node::EventType;
  struct Row {
    std::string bytes;
    bool known;
    EventType type;
  };
  for (const Row& row : {Row{envelope("k8s.io", "/tasks/start", field(1, "c1")), true, EventType::kStarted},
                         Row{envelope("k8s.io", "/tasks/create", field(1, "c1")), true, EventType::kCreated},
                         Row{envelope("k8s.io", "/tasks/exit", field(1, "c1") + field(2, "c1")), true, EventType::kStopped},
                         Row{envelope("k8s.io", "/tasks/exit", field(1, "c1") + field(2, "an-exec")), false, {}},
                         Row{envelope("k8s.io", "/containers/delete", field(1, "c1")), true, EventType::kDeleted},
                         Row{envelope("k8s.io", "/tasks/oom", field(1, "c1")), true, EventType::kOutOfMemory},
                         Row{envelope("k8s.io", "/snapshot/commit", field(1, "c1")), false, {}},
                         Row{envelope("default", "/tasks/start", field(1, "c1")), false, {}},
                         Row{envelope("k8s.io", "/tasks/start", "\x0A\x7F"), false, {}}, Row{"\xFF", false, {}}}) {
    node::RuntimeEvent event;
    CHECK(read_containerd_event(row.bytes, event) == row.known);
    if (!row.known) continue;
    CHECK((event.type == row.type));
    CHECK(event.id == "c1");
  }
}

TEST_CASE("calls about one container are in order, about others they are not held back") {
  CallOrder order;
  std::vector<std::string> begun;
  std::vector<Task> ends;
  const auto call = [&](const std::string& id, const std::string& name) {
    order.run(id, [&, name](Task next) {
      begun.push_back(name);
      ends.push_back(std::move(next));
    });
  };
  call("a", "a1");
  call("a", "a2");
  call("b", "b1");
  CHECK((begun == std::vector<std::string>{"a1", "b1"}));
  ends[0]();
  CHECK((begun == std::vector<std::string>{"a1", "b1", "a2"}));
  ends[2]();
  call("a", "a3");
  CHECK(begun.back() == "a3");
}

TEST_CASE("a control group's name cannot lead elsewhere") {
  world_sim::SimWorld world(1);
  put(world.disk(), "/sys/fs/cgroup/memory/x", "");
  for (const char* name : {"", "/", "x", "/../memory"}) CHECK(remove_cgroup(world.disk(), name));
  CHECK(world.disk().list("/sys/fs/cgroup/memory").ok());
}

TEST_CASE("processes that a killed containerd left are found by its socket and by the pods' control groups") {
  using namespace std::string_literals;
  world_sim::SimWorld world(1);
  Disk& disk = world.disk();
  put(disk, "/proc/7/cmdline",
      "/usr/bin/containerd-shim-runc-v2\0-namespace\0k8s.io\0-id\0c1\0-address\0/run/p/containerd.sock\0"s);
  put(disk, "/proc/7/stat", "7 (containerd-shim) S 1 7 7 0");
  put(disk, "/proc/11/stat", "11 (a) b) S 7 11 11 0");
  put(disk, "/proc/8/cmdline", "/usr/bin/containerd-shim-runc-v2\0-id\0c2\0-address\0/run/other/containerd.sock\0"s);
  put(disk, "/proc/9/cmdline", "less\0-address\0/run/p/containerd.sock\0"s);
  put(disk, "/proc/self/cmdline", "/usr/bin/containerd-shim-runc-v2\0-id\0c3\0-address\0/run/p/containerd.sock\0"s);
  put(disk, "/sys/fs/cgroup/memory/plinth-1/besteffort/pod1/abc/cgroup.procs", "20\n21\n");
  put(disk, "/sys/fs/cgroup/cpu/plinth-1/besteffort/pod1/abc/cgroup.procs", "21\n0\n");
  put(disk, "/sys/fs/cgroup/cpu/plinth-2/cgroup.procs", "30\n");
  CHECK((leftover_processes(disk, "/run/p/containerd.sock", "/plinth-1") == std::vector<std::int32_t>{7, 20, 21}));
  CHECK((leftover_processes(disk, "/run/p/containerd.sock", "") == std::vector<std::int32_t>{7}));
  CHECK((shims_of(disk, "/run/p/containerd.sock") == std::map<std::string, std::int32_t>{{"c1", 7}}));
  CHECK((with_children(disk, {7}) == std::vector<std::int32_t>{11, 7}));
}

TEST_CASE("what the OCI runtime is called with") {
  node::ExecRequest request;
  request.container_id = "c1";
  request.command = {"ls", "--help"};
  const ExecPlan plan{"/usr/sbin/runc", "/run/p/oci/k8s.io", "/run/p/exec-1.pid"};
  CHECK((exec_arguments(plan, request).arguments == std::vector<std::string>{"/usr/sbin/runc", "--root", "/run/p/oci/k8s.io",
                                                                             "exec", "--pid-file", "/run/p/exec-1.pid", "c1",
                                                                             "ls", "--help"}));
  request.tty = true;
  CHECK((exec_arguments(plan, request).output == ChildOutput::kTerminal));
}

TEST_CASE("streaming addresses and outcomes") {
  CHECK(parse_streaming_url("http://127.0.0.1:4/exec/x")->address == "127.0.0.1:4");
  CHECK(parse_streaming_url("http://127.0.0.1:4/exec/x")->target == "/exec/x");
  for (const char* wrong : {"", "http://", "http:///x", "https://h/x", "http://h", "http://h/a b"})
    CHECK(!parse_streaming_url(wrong).ok());
  CHECK(read_stream_outcome(R"({"status":"Success"})").value() == 0);
  CHECK(read_stream_outcome(R"({"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"7"}]}})").value() == 7);
  CHECK(read_stream_outcome(R"({"status":"Failure","message":"gone"})").error().message().ends_with("gone"));
  CHECK(!read_stream_outcome(R"({"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"x"}]}})").ok());
  CHECK(!read_stream_outcome("text").ok());
}

TEST_CASE("the image of sandboxes is small, and the same each time") {
  const oci::BuiltImage image = pause_image();
  std::size_t bytes = 0;
  for (const auto& [digest, blob] : image.blobs) bytes += blob.size();
  CHECK(bytes < 16 * 1024);
  CHECK(image.manifest.digest == pause_image().manifest.digest);
}

}  // namespace
}  // namespace plinth::cri
