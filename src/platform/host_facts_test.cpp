#include "platform/host_facts.h"

#include <doctest/doctest.h>

namespace plinth::platform {
namespace {

TEST_CASE("resolv.conf") {
  const node::DnsConfig config = parse_resolv_conf(
      "# made by hand\n"
      "; old comment\n"
      "domain one.example\n"
      "search a.example  b.example\n"
      "nameserver 10.0.0.1\n"
      "nameserver\t10.0.0.2 # second\n"
      "options ndots:2 edns0\n"
      "options timeout:1\n"
      "nameserver\n"
      "sortlist 1.2.3.4\n");
  CHECK((config.servers == std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
  CHECK((config.searches == std::vector<std::string>{"a.example", "b.example"}));
  CHECK((config.options == std::vector<std::string>{"ndots:2", "edns0", "timeout:1"}));
  CHECK((parse_resolv_conf("domain one.example").searches == std::vector<std::string>{"one.example"}));
  CHECK(parse_resolv_conf("").servers.empty());
}

TEST_CASE("a machine's facts are quantities and names") {
  const node::NodeFacts facts = machine_facts("/");
  CHECK(std::stoi(facts.capacity.at("cpu")) >= 1);
  CHECK(facts.capacity.at("memory").ends_with("Ki"));
  CHECK(facts.capacity.at("ephemeral-storage").ends_with("Ki"));
  CHECK(!facts.hostname.empty());
  REQUIRE(facts.addresses.size() == 1);
  CHECK(facts.addresses[0].find('.') != std::string::npos);
  CHECK(machine_memory_bytes() > 0);
}

}  // namespace
}  // namespace plinth::platform
