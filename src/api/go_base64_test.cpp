#include "api/go_base64.h"

#include <doctest/doctest.h>

namespace plinth::api {

TEST_CASE("base64 is read (RFC 4648 vectors)") {
  static constexpr std::pair<std::string_view, std::string_view> kVectors[] = {{"", ""},
                                                                               {"f", "Zg=="},
                                                                               {"fo", "Zm8="},
                                                                               {"foo", "Zm9v"},
                                                                               {"foob", "Zm9vYg=="},
                                                                               {"fooba", "Zm9vYmE="},
                                                                               {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : kVectors) {
    CHECK(go_base64_decode(text).value() == plain);
  }
  CHECK(go_base64_decode("Zm9v\r\nYg==\n").value() == "foob");
  CHECK(go_base64_decode("YR==").value() == "a");
}

TEST_CASE("base64 errors name the byte as Go does") {
  static constexpr std::pair<std::string_view, int> kBad[] = {{"abc", 0}, {"abcde", 4}, {"ab!d", 2}, {"a===", 1},
                                                              {"=", 0},   {"Zg=", 3},   {"Zg=x", 3}, {"Zg==x", 4}};
  for (const auto& bad : kBad) {
    CAPTURE(bad.first);
    CHECK(go_base64_decode(bad.first).error().message() == "illegal base64 data at input byte " + std::to_string(bad.second));
  }
}

}  // namespace plinth::api
