#include "api/strategies/text_checks.h"

#include <doctest/doctest.h>

namespace plinth::api {
namespace {

struct Case {
  Complaints (*check)(std::string_view);
  std::vector<std::string> good, bad;
};

}  // namespace

TEST_CASE("texts of fields") {
  const Case kCases[] = {
      {check_config_key, {"a", ".a", "A_B", "-"}, {"", ".", "..", "..a", "a/b"}},
      {check_port_name, {"a", "80a", "http-2"}, {"", "80", "-a", "a--b", "A", "abcdefghijklmnop"}},
      {check_env_var_name, {"A", "1", "a b"}, {"", "a=b", "\x01"}},
      {check_http_header_name, {"X-A"}, {"", "a b", "a:"}},
      {check_percentage, {"0%", "100%"}, {"", "%", "1", "-1%"}},
      {check_ip_address,
       {"1.2.3.4", "::", "::1", "2001:db8::ffff", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"},
       {"", "1.2.3", "256.1.1.1", "01.2.3.4", "1.2.3.4.5", ":::", "1::2::3", "12345::", "1:2:3:4:5:6:7", "::1%eth0"}},
      {check_cidr_block, {"10.0.0.0/8", "::/0", "fd00::/64"}, {"10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/08"}},
  };
  for (const Case& c : kCases) {
    for (const std::string& text : c.good) CHECK_MESSAGE(c.check(text).empty(), text);
    for (const std::string& text : c.bad) CHECK_MESSAGE(!c.check(text).empty(), text);
  }
}

}  // namespace plinth::api
