#include "server/auth/jwt.h"

#include <doctest/doctest.h>

#include "server/auth/base64url.h"

using namespace plinth;
using namespace plinth::server::auth;

namespace {

const std::string kSignature = base64url_encode(std::string(kEs256SignatureBytes, 's'));

std::string token(std::string_view header, std::string_view claims) {
  return base64url_encode(header) + "." + base64url_encode(claims) + "." + kSignature;
}

}  // namespace

TEST_CASE("well-formed tokens") {
  const std::string text =
      token(R"({"alg":"ES256","kid":"k1","typ":"JWT"})", R"({"iss":"i","aud":["a","b"],"exp":12,"nbf":1.5})");
  const auto parsed = parse_jwt(text);
  REQUIRE(parsed.ok());
  CHECK(parsed->key_id == "k1");
  CHECK(parsed->signature == std::string(64, 's'));
  CHECK(std::string(parsed->signing_input) + "." + kSignature == text);
  const auto claims = registered_claims(parsed->claims.root());
  REQUIRE(claims.ok());
  CHECK(claims->issuer == "i");
  CHECK(claims->audiences == std::vector<std::string>{"a", "b"});
  CHECK(claims->expiry_s == 12);
  CHECK(claims->not_before_s == 1);
  CHECK_FALSE(claims->issued_at_s.has_value());
}

TEST_CASE("tokens that are none") {
  const std::string good = token(R"({"alg":"ES256"})", "{}");
  const std::string deep = "{\"a\":" + std::string(40, '[') + std::string(40, ']') + "}";
  const std::pair<const char*, std::string> cases[] = {
      {"empty", ""},
      {"one part", "abc"},
      {"two parts", "e30.e30"},
      {"four parts", good + ".e30"},
      {"alg none", base64url_encode(R"({"alg":"none"})") + ".e30."},
      {"alg none with a signature", token(R"({"alg":"none"})", "{}")},
      {"alg HS256", token(R"({"alg":"HS256"})", "{}")},
      {"alg in lower case", token(R"({"alg":"es256"})", "{}")},
      {"no alg", token("{}", "{}")},
      {"alg is a list", token(R"({"alg":["ES256"]})", "{}")},
      {"two algs", token(R"({"alg":"ES256","alg":"ES256"})", "{}")},
      {"critical extension", token(R"({"alg":"ES256","crit":["x"],"x":1})", "{}")},
      {"kid is a number", token(R"({"alg":"ES256","kid":1})", "{}")},
      {"huge kid", token(R"({"alg":"ES256","kid":")" + std::string(1000, 'k') + "\"}", "{}")},
      {"header is a list", token("[]", "{}")},
      {"claims are a string", token(R"({"alg":"ES256"})", "\"x\"")},
      {"claims are no JSON", token(R"({"alg":"ES256"})", "{")},
      {"claim twice", token(R"({"alg":"ES256"})", R"({"sub":"a","sub":"b"})")},
      {"deep claims", token(R"({"alg":"ES256"})", deep)},
      {"padding", base64url_encode(R"({"alg":"ES256"})") + "=.e30." + kSignature},
      {"standard alphabet", good.substr(0, good.size() - 2) + "+/"},
      {"short signature", good.substr(0, good.size() - 4)},
      {"signature not canonical", good.substr(0, good.size() - 1) + static_cast<char>(good.back() + 1)},
      {"space before", " " + good},
      {"line break", good + "\n"},
      {"huge", token(R"({"alg":"ES256"})", "{\"a\":\"" + std::string(kJwtBytesMax, 'x') + "\"}")},
  };
  REQUIRE(parse_jwt(good).ok());
  for (const auto& c : cases) {
    CAPTURE(c.first);
    const auto parsed = parse_jwt(c.second);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().reason() == Reason::kUnauthorized);
  }
}

TEST_CASE("claims of a wrong type") {
  for (const char* claims : {R"({"iss":1})", R"({"sub":[]})", R"({"aud":1})", R"({"aud":["a",1]})", R"({"exp":"12"})",
                             R"({"exp":-1})", R"({"nbf":1e300})", R"({"iat":true})", R"({"exp":null})"}) {
    CAPTURE(claims);
    const std::string text = token(R"({"alg":"ES256"})", claims);
    CHECK_FALSE(registered_claims(parse_jwt(text)->claims.root()).ok());
  }
}

TEST_CASE("times have a minute of leeway") {
  JwtClaims claims;
  claims.not_before_s = 1000;
  claims.issued_at_s = 1000;
  claims.expiry_s = 2000;
  const std::pair<std::int64_t, bool> cases[] = {{939, false}, {940, true}, {1500, true}, {2060, true}, {2061, false}};
  for (const auto& c : cases) {
    CAPTURE(c.first);
    CHECK(check_times(claims, c.first).ok() == c.second);
  }
}
