#include "api/address_range.h"

#include <doctest/doctest.h>

using namespace plinth::api;

TEST_CASE("ranges: the first and last address, and the band that is left to requests by name") {
  struct Case {
    const char *cidr, *text, *first, *last;
    std::uint64_t size, band;
  };
  for (const Case& c : {Case{"10.96.0.0/16", "10.96.0.0/16", "10.96.0.1", "10.96.255.254", 65534, 256},
                        Case{"10.96.7.9/24", "10.96.7.0/24", "10.96.7.1", "10.96.7.254", 254, 16},
                        Case{"192.168.0.0/28", "192.168.0.0/28", "192.168.0.1", "192.168.0.14", 14, 0},
                        Case{"10.0.0.0/20", "10.0.0.0/20", "10.0.0.1", "10.0.15.254", 4094, 255},
                        Case{"fd00:1::/112", "fd00:1::/112", "fd00:1::1", "fd00:1::ffff", 65535, 256}}) {
    CAPTURE(c.cidr);
    auto range = AddressRange::parse(c.cidr);
    REQUIRE(range.ok());
    CHECK(range->text() == c.text);
    CHECK(range->size() == c.size);
    CHECK(range->static_band() == c.band);
    CHECK(range->at(0).text() == c.first);
    CHECK(range->at(range->size() - 1).text() == c.last);
    CHECK(range->contains(*parse_ip(c.first)));
    CHECK(range->contains(*parse_ip(c.last)));
    CHECK(!range->contains(IpAddress{range->v6(), parse_ip(c.first)->bits - 1}));
    CHECK(!range->contains(IpAddress{range->v6(), parse_ip(c.last)->bits + 1}));
  }
}

TEST_CASE("what is no range says why") {
  for (const char* text :
       {"", "10.96.0.0", "10.96.0.0/", "10.96.0.0/33", "10.96.0.0/30", "10.0.0.0/7", "x/16", "fd00::/48", "10.96.0.0/-1"}) {
    CAPTURE(text);
    CHECK(!AddressRange::parse(text).ok());
  }
}

TEST_CASE("addresses have one text each") {
  CHECK(parse_ip("FD00:0:0::1")->text() == "fd00::1");
  CHECK(parse_ip("10.0.0.1")->text() == "10.0.0.1");
  CHECK(!parse_ip("10.0.0.256").has_value());
  CHECK(!parse_ip("10.0.0").has_value());
}
