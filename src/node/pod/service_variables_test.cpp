#include "node/pod/service_variables.h"

#include "client/client_testing.h"

namespace plinth::node {
namespace {

client::Object service(const std::string& name_space, const std::string& name, std::uint64_t revision,
                       const std::string& spec) {
  auto document = parse_json(R"({"metadata":{"name":")" + name + R"(","uid":"u-)" + name + "\"},\"spec\":" + spec + "}");
  REQUIRE(document.ok());
  return {{"", "v1", "services", "Service", true}, name_space, name, "u-" + name, revision, std::move(*document)};
}

std::string text(const ServiceLinksPtr& links) {
  std::string out;
  for (const KeyValue& variable : *links->shared()) out += variable.key + "=" + variable.value + "\n";
  return out;
}

constexpr std::size_t kMany = 100;

}  // namespace

TEST_CASE("the variables of Services are those of the kubelet, and follow their Service") {
  client::ObjectCache cache;
  const client::Resource services{"", "v1", "services", "Service", true};
  cache.add_kind(services);
  const std::string api = R"({"clusterIP":"10.0.0.1","ports":[{"name":"https","port":443}]})";
  cache.replace(
      services,
      {service("default", "kubernetes", 1, api), service("ns", "none", 2, R"({"clusterIP":"None","ports":[{"port":1}]})"),
       service("ns", "name.only", 3, R"({"type":"ExternalName","externalName":"x.example","ports":[{"port":1}]})"),
       service("ns", "web-1", 4, R"({"clusterIP":"fd00::9","ports":[{"name":"a-b","port":80},{"protocol":"UDP","port":53}]})")},
      4);
  ServiceVariables variables;
  const std::string of_api =
      "KUBERNETES_SERVICE_HOST=10.0.0.1\nKUBERNETES_SERVICE_PORT=443\nKUBERNETES_SERVICE_PORT_HTTPS=443\n"
      "KUBERNETES_PORT=tcp://10.0.0.1:443\nKUBERNETES_PORT_443_TCP=tcp://10.0.0.1:443\nKUBERNETES_PORT_443_TCP_PROTO=tcp\n"
      "KUBERNETES_PORT_443_TCP_PORT=443\nKUBERNETES_PORT_443_TCP_ADDR=10.0.0.1\n";
  const std::string of_web =
      "WEB_1_SERVICE_HOST=fd00::9\nWEB_1_SERVICE_PORT=80\nWEB_1_SERVICE_PORT_A_B=80\nWEB_1_PORT=tcp://[fd00::9]:80\n"
      "WEB_1_PORT_80_TCP=tcp://"
      "[fd00::9]:80\nWEB_1_PORT_80_TCP_PROTO=tcp\nWEB_1_PORT_80_TCP_PORT=80\nWEB_1_PORT_80_TCP_ADDR=fd00::9\n"
      "WEB_1_PORT_53_UDP=udp://"
      "[fd00::9]:53\nWEB_1_PORT_53_UDP_PROTO=udp\nWEB_1_PORT_53_UDP_PORT=53\nWEB_1_PORT_53_UDP_ADDR=fd00::9\n";
  CHECK(text(variables.of_pod(*cache.view(), "ns", true, kMany)) == of_api + of_web);
  CHECK(text(variables.of_pod(*cache.view(), "ns", false, kMany)) == of_api);
  CHECK(text(variables.of_pod(*cache.view(), "default", true, kMany)) == of_api);

  cache.apply(service("ns", "web-1", 5, R"({"clusterIP":"10.0.0.7","ports":[{"port":8080}]})"), false);
  CHECK(text(variables.of_pod(*cache.view(), "ns", true, kMany)) == of_api + of_web);  // until it is told
  variables.changed("other");
  CHECK(text(variables.of_pod(*cache.view(), "ns", true, kMany)) == of_api + of_web);
  variables.changed("ns");
  const std::string now = text(variables.of_pod(*cache.view(), "ns", true, kMany));
  CHECK(now.find("WEB_1_SERVICE_HOST=10.0.0.7\nWEB_1_SERVICE_PORT=8080\nWEB_1_PORT=tcp://10.0.0.7:8080\n") !=
        std::string::npos);
  CHECK(now.find("fd00::9") == std::string::npos);
  // The containers of a namespace share one list.
  CHECK(variables.of_pod(*cache.view(), "ns", true, kMany)->shared() ==
        variables.of_pod(*cache.view(), "ns", true, kMany)->shared());

  // That of the API concerns all.
  cache.apply(service("default", "kubernetes", 6, R"({"clusterIP":"10.0.0.2","ports":[{"port":443}]})"), false);
  variables.changed("default");
  CHECK(text(variables.of_pod(*cache.view(), "ns", true, kMany)).rfind("KUBERNETES_SERVICE_HOST=10.0.0.2\n", 0) == 0);
}

TEST_CASE("a name that two Services make counts once, and is found") {
  client::ObjectCache cache;
  const client::Resource services{"", "v1", "services", "Service", true};
  cache.add_kind(services);
  cache.replace(services,
                {service("ns", "a", 1, R"({"clusterIP":"10.0.0.1","ports":[{"name":"port-80-tcp","port":1},{"port":80}]})"),
                 service("ns", "a-service", 2, R"({"clusterIP":"10.0.0.2","ports":[{"port":80}]})"),
                 service("ns", "a.service", 3, R"({"clusterIP":"10.0.0.3","ports":[{"port":80}]})")},
                3);
  ServiceVariables variables;
  const ServiceLinksPtr links = variables.of_pod(*cache.view(), "ns", true, kMany);
  REQUIRE(links->find("A_SERVICE_SERVICE_HOST") != nullptr);
  CHECK(*links->find("A_SERVICE_SERVICE_HOST") == "10.0.0.2");
  CHECK(links->find("A_SERVICE") == nullptr);
  const std::string all = "\n" + text(links);
  CHECK(all.find("\nA_SERVICE_SERVICE_HOST=10.0.0.3\n") == std::string::npos);
}

}  // namespace plinth::node
