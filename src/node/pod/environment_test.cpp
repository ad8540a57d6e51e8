#include "node/pod/environment.h"

#include "node/pod/container_config.h"
#include "node/pod/pod_testing.h"
#include "node/pod/resources.h"
#include "node/pod/security.h"

namespace plinth::node {

TEST_CASE("$(VAR)") {
  const auto lookup = [](std::string_view name) -> std::optional<std::string> {
    if (name == "A") return "1";
    if (name == "EMPTY") return "";
    return std::nullopt;
  };
  struct Case {
    const char *text, *expanded;
  };
  const Case cases[] = {{"x", "x"},       {"$(A)", "1"},      {"a$(A)b$(A)", "a1b1"}, {"$(B)", "$(B)"}, {"$$(A)", "$(A)"},
                        {"$$$(A)", "$1"}, {"$(EMPTY)x", "x"}, {"$(A", "$(A"},         {"$A", "$A"},     {"$", "$"},
                        {"$$", "$"},      {"$()", "$()"},     {"$($(A))", "$($(A))"}, {"$(A)$", "1$"}};
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(expand_variables(c.text, lookup) == c.expanded);
  }
}

TEST_CASE("variables of a container: its own win over those of Services, which are shared where nothing hides them") {
  client::ObjectCache cache;
  const client::Resource services{"", "v1", "services", "Service", true};
  cache.add_kind(services);
  auto web = parse_json(R"({"metadata":{"name":"web","uid":"u-web"},"spec":{"clusterIP":"10.0.0.7","ports":[{"port":80}]}})");
  cache.replace(services, {{services, "ns", "web", "u-web", 1, std::move(*web)}}, 1);
  ServiceVariables links;
  const auto made = [&](const std::string& env, const std::string& more = "") {
    const Pod pod = test_pod(R"({"containers":[{"name":"c","image":"i","env":)" + env + "}]" + more + "}");
    auto environment = make_environment(pod, pod.containers[0], *cache.view(), DownwardFacts(), links);
    REQUIRE(environment.ok());
    return std::move(*environment);
  };
  const Environment plain = made(R"x([{"name":"A","value":"1"},{"name":"B","value":"$(A)-$(WEB_SERVICE_HOST)-$(NO)"}])x");
  CHECK(plain.find("B") == "1-10.0.0.7-$(NO)");
  CHECK(plain.find("WEB_SERVICE_PORT") == "80");
  CHECK(!plain.find("NO"));
  CHECK(plain.own.size() == 2);
  CHECK(plain.shared == made("[]").shared);

  const Environment hides = made(R"([{"name":"WEB_SERVICE_HOST","value":"mine"}])");
  CHECK(hides.find("WEB_SERVICE_HOST") == "mine");
  CHECK(hides.find("WEB_SERVICE_PORT") == "80");
  std::size_t times = 0, all = 0;
  hides.visit([&](const KeyValue& variable) {
    ++all;
    times += variable.key == "WEB_SERVICE_HOST" ? 1 : 0;
  });
  CHECK(times == 1);
  CHECK(all == plain.shared->size());

  const Environment without = made("[]", R"(,"enableServiceLinks":false)");
  CHECK(!without.find("WEB_SERVICE_HOST"));
}

TEST_CASE("fields and resources of a pod") {
  const Pod pod = test_pod(
      R"({"serviceAccountName":"sa","containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"250m"},"limits":{"memory":"64Mi"}}}]})",
      "{}", R"(,"labels":{"b":"2","a":"x\"y"},"annotations":{"k":"v"})");
  DownwardFacts facts;
  facts.pod_ips = {"10.0.0.5", "fd00::5"};
  facts.node_ips = {"192.168.0.1"};
  facts.node_name = "n1";
  facts.allocatable["cpu"] = *api::Quantity::parse("8");
  const auto field = [&](std::string_view path) {
    auto value = field_value(pod, path, facts);
    return value.ok() ? *value : "error: " + value.error().message();
  };
  CHECK(field("metadata.name") == "p");
  CHECK(field("metadata.labels") == "a=\"x\\\"y\"\nb=\"2\"");
  CHECK(field("metadata.labels['b']") == "2");
  CHECK(field("metadata.annotations['k']") == "v");
  CHECK(field("status.podIPs") == "10.0.0.5,fd00::5");
  CHECK(field("status.hostIP") == "192.168.0.1");
  CHECK(field("spec.nodeName") == "n1");
  CHECK(field("spec.serviceAccountName") == "sa");
  CHECK(field("spec.nothing").rfind("error", 0) == 0);
  const auto resource = [&](const std::string& ref) {
    const Document document = parse_json(ref).value();
    auto value = resource_value(pod.containers[0], document.root(), facts);
    return value.ok() ? *value : "error: " + value.error().message();
  };
  CHECK(resource(R"({"resource":"requests.cpu"})") == "1");  // rounded up
  CHECK(resource(R"({"resource":"requests.cpu","divisor":"1m"})") == "250");
  CHECK(resource(R"({"resource":"limits.cpu"})") == "8");  // the node's
  CHECK(resource(R"({"resource":"limits.memory","divisor":"1Mi"})") == "64");
  CHECK(resource(R"({"resource":"limits.memory"})") == "67108864");
  CHECK(resource(R"({"resource":"requests.memory"})") == "0");
}

TEST_CASE("cgroups and OOM scores") {
  CHECK(cpu_shares(0) == 2);
  CHECK(cpu_shares(250) == 256);
  CHECK(cpu_quota_us(500) == 50'000);
  CHECK(cpu_quota_us(1) == 1000);
  CHECK(cpu_quota_us(0) == 0);
  constexpr std::int64_t kMemory = 8LL << 30;
  const auto score = [&](const std::string& resources, const std::string& more = "") {
    const Pod pod = test_pod(R"({"containers":[{"name":"c","image":"i","resources":)" + resources + "}]" + more + "}");
    return oom_score_adj(pod, pod.containers[0], kMemory);
  };
  CHECK(score("{}") == 1000);
  CHECK(score(R"({"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1","memory":"1Gi"}})") == -997);
  CHECK(score(R"({"requests":{"memory":"4Gi"}})") == 500);
  CHECK(score(R"({"requests":{"memory":"1"}})") == 999);
  CHECK(score(R"({"requests":{"memory":"8Gi"}})") == 3);
  CHECK(score("{}", R"(,"priority":2000001000)") == -997);
  const Pod pod =
      test_pod(R"({"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"500m","memory":"64Mi"}}}]})");
  const LinuxResources made = container_resources(pod, pod.containers[0], kMemory, true);
  CHECK(made.cpu_shares == 512);  // of the limit, as nothing was requested
  CHECK(made.cpu_quota_us == 50'000);
  CHECK(made.memory_limit_bytes == 64 << 20);
  CHECK(made.memory_swap_limit_bytes == 64 << 20);
}

TEST_CASE("security contexts") {
  const Pod pod = test_pod(
      R"({"hostPID":true,"securityContext":{"runAsUser":1000,"fsGroup":3000,"supplementalGroups":[4000,3000]},)"
      R"("containers":[{"name":"c","image":"i","securityContext":{"runAsGroup":2000,"allowPrivilegeEscalation":false,)"
      R"("readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"],"add":["NET_BIND_SERVICE"]},"seccompProfile":{"type":"RuntimeDefault"}}}]})");
  const auto made = container_security(pod, pod.containers[0], Image());
  REQUIRE(made.ok());
  CHECK(made->run_as_user == 1000);
  CHECK(made->run_as_group == 2000);
  CHECK(made->supplemental_groups == std::vector<std::int64_t>{3000, 4000});
  CHECK(made->no_new_privs);
  CHECK(made->readonly_rootfs);
  CHECK(made->drop_capabilities == std::vector<std::string>{"ALL"});
  CHECK(made->seccomp.type == ProfileType::kRuntimeDefault);
  CHECK(made->namespaces.pid == NamespaceMode::kNode);
  CHECK(!made->masked_paths.empty());
  const Pod not_root = test_pod(
      R"({"securityContext":{"runAsNonRoot":true},"containers":[{"name":"c","image":"i"},{"name":"d","image":"i","securityContext":{"runAsUser":0}}]})");
  const auto refused = [&](std::size_t i, const Image& image) {
    auto outcome = container_security(not_root, not_root.containers[i], image);
    return outcome.ok() ? std::string() : outcome.error().message();
  };
  Image by_name, by_number;
  by_name.username = "web";
  by_number.uid = 33;
  CHECK(refused(0, Image()).find("image will run as root") != std::string::npos);
  CHECK(refused(0, by_name).find("non-numeric user (web)") != std::string::npos);
  CHECK(refused(0, by_number).empty());
  CHECK(refused(1, by_number).find("runAsUser breaks non-root policy") != std::string::npos);
}

TEST_CASE("hosts files and DNS") {
  NodeConfig node;
  node.cluster_dns = {"10.96.0.10"};
  node.host_dns = {{"1.1.1.1"}, {"corp.example"}, {"rotate"}};
  const Pod pod = test_pod(R"({"hostname":"h","subdomain":"sub","hostAliases":[{"ip":"1.2.3.4","hostnames":["a","b"]}],)"
                           R"("dnsConfig":{"options":[{"name":"ndots","value":"2"},{"name":"edns0"}]},"containers":[]})");
  const std::string hosts = hosts_file(node, pod, {"10.0.0.5"});
  CHECK(hosts.find("\n10.0.0.5\th.sub.ns.svc.cluster.local\th\n") != std::string::npos);
  CHECK(hosts.find("\n1.2.3.4\ta\tb\n") != std::string::npos);
  CHECK(hosts.rfind("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n", 0) == 0);
  const DnsConfig dns = pod_dns(node, pod);
  CHECK(dns.servers == std::vector<std::string>{"10.96.0.10"});
  CHECK(dns.searches == std::vector<std::string>{"ns.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"});
  CHECK(dns.options == std::vector<std::string>{"ndots:2", "edns0"});
  const Pod host = test_pod(R"({"hostNetwork":true,"containers":[]})");
  CHECK(pod_dns(node, host).servers == std::vector<std::string>{"1.1.1.1"});
  CHECK(make_sandbox_config(node, host, 0).hostname.empty());
  const Pod none = test_pod(R"({"dnsPolicy":"None","dnsConfig":{"nameservers":["9.9.9.9"]},"containers":[]})");
  CHECK(pod_dns(node, none).servers == std::vector<std::string>{"9.9.9.9"});
}

}  // namespace plinth::node
