#include "cri/pod_bridge.h"

#include <doctest/doctest.h>

#include "base/json.h"

namespace plinth::cri {
namespace {

// As containerd tells it: each plugin as it is understood, and as it stands in the file.
std::string cni_config(const std::string& plugin) {
  const std::string type = std::string(parse_json(plugin).value()["type"].as_string());
  std::string out =
      R"({"PluginDirs":["/opt/cni/bin"],"PluginConfDir":"/etc/cni/net.d","PluginMaxConfNum":1,"Prefix":"eth","Networks":[)"
      R"({"Config":{"Name":"cni-loopback","CNIVersion":"0.3.1","Plugins":[{"Network":{"type":"loopback"},"Source":"{\"type\":\"loopback\"}"}]},"IFName":"lo"},)"
      R"({"Config":{"Name":"net","CNIVersion":"1.0.0","Plugins":[{"Network":{"type":")" +
      type + R"("},"Source":)";
  append_json_string(out, plugin);
  return out + R"(},{"Network":{"type":"portmap"},"Source":"{\"type\":\"portmap\"}"}]},"IFName":"eth0"}]})";
}

}  // namespace

TEST_CASE("the bridge of a runtime's pods, from its CNI configuration") {
  struct Case {
    const char* plugin;
    const char* name;
    const char* range;
    const char* gateway;
    bool routed;
    const char* problem;
  };
  const Case cases[] = {
      {R"({"type":"bridge","bridge":"br1","isGateway":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.1.0.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}})",
       "br1", "10.1.0.0/24", "", true, ""},
      {R"({"type":"bridge","isGateway":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.1.0.0/24","gateway":"10.1.0.254"}]]}})",
       "cni0", "10.1.0.0/24", "10.1.0.254", false, ""},
      {R"({"type":"bridge","isDefaultGateway":true,"ipam":{"type":"host-local","subnet":"10.2.0.0/16","gateway":"10.2.0.9"}})",
       "cni0", "10.2.0.0/16", "10.2.0.9", true, ""},
      {R"({"type":"bridge","isGateway":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"fd00::/64"}],[{"subnet":"10.3.0.0/24"}]],"routes":[{"dst":"::/0"},{"dst":"0.0.0.0/0"}]}})",
       "cni0", "10.3.0.0/24", "", true, ""},
      {R"({"type":"bridge","ipam":{"type":"host-local","subnet":"10.1.0.0/24"}})", "", "", "", false,
       "the bridge of the network \"net\" has no address of this machine (isGateway)"},
      {R"({"type":"bridge","isGateway":true,"ipam":{"type":"dhcp"}})", "", "", "", false,
       "the network \"net\" does not say which addresses pods get: its IPAM is \"dhcp\""},
      {R"({"type":"bridge","isGateway":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"fd00::/64"}]]}})", "", "", "",
       false, "the network \"net\" has no IPv4"},
      {R"({"type":"ptp","ipam":{}})", "", "", "", false, "its CNI network is no bridge but of \"ptp\", \"portmap\""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.plugin);
    const auto read = read_pod_bridge(cni_config(c.plugin));
    CHECK((read.ok() ? "" : read.error().message()) == c.problem);
    if (!read.ok()) continue;
    CHECK(read->name == c.name);
    CHECK(read->range == c.range);
    CHECK(read->gateway == c.gateway);
    CHECK(read->routed == c.routed);
  }
  CHECK(read_pod_bridge(R"({"Networks":[]})").error().message() == "it has no CNI network");
  CHECK(read_pod_bridge("null").error().message() == "it has no CNI network");
  CHECK(!read_pod_bridge("{").ok());
}

}  // namespace plinth::cri
