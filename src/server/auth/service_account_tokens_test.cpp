#include "server/auth/service_account_tokens.h"

#include <doctest/doctest.h>

#include "server/auth/base64url.h"
#include "server/auth/test_snapshot.h"
#include "server/auth/token_request.h"

using namespace plinth;
using namespace plinth::server::auth;

namespace {

constexpr std::int64_t kNow = 1'700'000'000;
const std::string kAccountKey = "/core/serviceaccounts/ns/app";
const std::string kPodKey = "/core/pods/ns/app-0";

struct Issuer {
  MemorySecretFiles files;
  TestEntropy entropy;
  std::unique_ptr<SigningKeys> keys = std::move(SigningKeys::open(files, entropy)).value();
  TestSnapshot snapshot;
  ServiceAccountTokens tokens{*keys, {}};

  Issuer() {
    snapshot.put(kAccountKey, R"({"metadata":{"name":"app","namespace":"ns","uid":"account-1"}})");
    snapshot.put(
        kPodKey,
        R"({"spec":{"serviceAccountName":"app","nodeName":"n1"},"metadata":{"name":"app-0","namespace":"ns","uid":"pod-1"}})");
    snapshot.put("/core/pods/ns/other",
                 R"({"spec":{"serviceAccountName":"x"},"metadata":{"name":"other","namespace":"ns","uid":"pod-2"}})");
    snapshot.put("/core/nodes//n1", R"({"metadata":{"name":"n1","uid":"node-1"}})");
    snapshot.put("/core/secrets/ns/s", R"({"metadata":{"name":"s","namespace":"ns","uid":"secret-1"}})");
  }
  Result<Document> request(std::string_view spec, std::string_view metadata = "{}") {
    const std::string text =
        "{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/v1\",\"metadata\":" + std::string(metadata) +
        ",\"spec\":" + std::string(spec) + "}";
    const Document document = std::move(parse_json(text)).value();
    return create_token(tokens, document, {"ns", "app", snapshot, kNow * kNanosecondsPerSecond, entropy});
  }
  std::string token(std::string_view spec = "{}") { return std::string((*request(spec))["status"]["token"].as_string()); }
  // "" when the token is good, else why not; "unknown" when it is not ours.
  std::string judge(std::string_view token, std::int64_t now = kNow, const std::vector<std::string>& audiences = {}) {
    auto identity = tokens.verify(token, audiences, snapshot, now);
    if (!identity.ok()) return identity.error().message();
    return identity->has_value() ? "" : "unknown";
  }
};

}  // namespace

TEST_CASE("a token tells whose it is") {
  Issuer w;
  const auto answer = w.request(R"({"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"app-0","uid":"pod-1"}})");
  REQUIRE(answer.ok());
  CHECK((*answer)["status"]["expirationTimestamp"].as_string() == "2023-11-14T23:13:20Z");
  CHECK((*answer)["spec"]["expirationSeconds"].as_int() == 3600);
  CHECK((*answer)["spec"]["audiences"].items()[0].as_string() == "https://kubernetes.default.svc.cluster.local");
  CHECK((*answer)["metadata"]["name"].as_string() == "app");
  const std::string token((*answer)["status"]["token"].as_string());
  for (int i = 0; i < 2; ++i) {  // verified, then from the cache
    const auto identity = w.tokens.verify(token, {}, w.snapshot, kNow);
    REQUIRE(identity.ok());
    REQUIRE(identity->has_value());
    const UserInfo& user = *(*identity)->user;
    CHECK(user.name == "system:serviceaccount:ns:app");
    CHECK(user.uid == "account-1");
    CHECK(user.groups ==
          std::vector<std::string>{"system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"});
    CHECK(user.extra.at("authentication.kubernetes.io/pod-name") == std::vector<std::string>{"app-0"});
    CHECK(user.extra.at("authentication.kubernetes.io/pod-uid") == std::vector<std::string>{"pod-1"});
    CHECK(user.extra.at("authentication.kubernetes.io/node-name") == std::vector<std::string>{"n1"});
    CHECK(user.extra.at("authentication.kubernetes.io/node-uid") == std::vector<std::string>{"node-1"});
    CHECK(user.extra.at("authentication.kubernetes.io/credential-id")[0].starts_with("JTI="));
  }
  const auto parsed = parse_jwt(token);
  CHECK(parsed->key_id == std::move(Es256Key::read_pem(**w.files.read(SigningKeys::kFileName))).value()[0].key_id());
  CHECK(parsed->claims["kubernetes.io"]["serviceaccount"]["uid"].as_string() == "account-1");
  CHECK(parsed->claims["sub"].as_string() == "system:serviceaccount:ns:app");
}

TEST_CASE("a token ends with its time, its account and what it is bound to") {
  const char* bound_to_pod = R"({"expirationSeconds":600,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"app-0"}})";
  Issuer w;
  const std::string plain = w.token(R"({"expirationSeconds":600})"), bound = w.token(bound_to_pod);
  for (bool cached : {false, true}) {
    CAPTURE(cached);
    CHECK(w.judge(plain) == "");
    CHECK(w.judge(bound) == "");
  }
  CHECK(w.judge(plain, kNow + 660) == "");
  CHECK(w.judge(plain, kNow + 661) == "service account token has expired");
  CHECK(w.judge(plain, kNow - 61) == "service account token is not valid yet");

  w.snapshot.remove(kPodKey);
  CHECK(w.judge(bound) == "service account token has been invalidated");
  CHECK(w.judge(plain) == "");
  w.snapshot.put(kPodKey, R"({"metadata":{"name":"app-0","uid":"pod-9"}})");
  CHECK(w.judge(bound) == "pod UID (pod-9) does not match service account pod ref claim (pod-1)");
  w.snapshot.put(kPodKey, R"({"metadata":{"name":"app-0","uid":"pod-1"}})");
  CHECK(w.judge(bound) == "");
  // Being deleted: good until a minute after the deletion.
  w.snapshot.put(kPodKey, R"({"metadata":{"name":"app-0","uid":"pod-1","deletionTimestamp":"2023-11-14T22:13:20Z"}})");
  CHECK(w.judge(bound, kNow + 60) == "");
  CHECK(w.judge(bound, kNow + 61) == "service account token has been invalidated");

  w.snapshot.put(kAccountKey, R"({"metadata":{"name":"app","uid":"account-2"}})");
  CHECK(w.judge(plain) == "service account UID (account-2) does not match claim (account-1)");
  w.snapshot.remove(kAccountKey);
  CHECK(w.judge(plain) == "serviceaccounts \"app\" not found");
}

TEST_CASE("audiences") {
  Issuer w;
  const std::string token = w.token(R"({"audiences":["vault","db"]})");
  CHECK(w.judge(token) ==
        "token audiences [\"vault\" \"db\"] is invalid for the target audiences "
        "[\"https://kubernetes.default.svc.cluster.local\"]");
  const auto identity = w.tokens.verify(token, {"db", "x"}, w.snapshot, kNow);
  REQUIRE(identity.ok());
  CHECK((*identity)->audiences == std::vector<std::string>{"db"});
}

TEST_CASE("forged tokens") {
  Issuer w, stranger;
  stranger.entropy = TestEntropy(77);
  REQUIRE(stranger.keys->rotate(stranger.files, stranger.entropy).ok());
  const std::string good = w.token();
  REQUIRE(w.judge(good) == "");
  const std::size_t first = good.find('.'), second = good.find('.', first + 1);
  const std::string header = good.substr(0, first), claims = good.substr(first + 1, second - first - 1),
                    signature = good.substr(second + 1);
  std::string other_claims = *base64url_decode(claims);
  other_claims.replace(other_claims.find("\"app\""), 5, "\"bpp\"");
  std::string bent = *base64url_decode(signature);
  bent[10] = static_cast<char>(bent[10] ^ 4);

  CHECK(w.judge(stranger.token()) == "invalid signature, no keys found");
  CHECK(w.judge(header + "." + base64url_encode(other_claims) + "." + signature) == "invalid token signature");
  CHECK(w.judge(header + "." + claims + "." + base64url_encode(bent)) == "invalid token signature");
  CHECK(w.judge(base64url_encode(R"({"alg":"none"})") + "." + claims + ".") == "unknown");
  CHECK(w.judge(base64url_encode(R"({"alg":"ES256"})") + "." + claims + "." + signature) == "invalid token signature");
  CHECK(w.judge(good + std::string(100'000, 'x')) == "unknown");
  CHECK(w.judge("x") == "unknown");
  // Signed by us, but no service account token.
  CHECK(w.judge(w.keys->sign(R"({"iss":"https://else.example"})")) == "unknown");
  const std::string ours =
      R"({"iss":"https://kubernetes.default.svc.cluster.local","aud":["https://kubernetes.default.svc.cluster.local"])";
  CHECK(w.judge(w.keys->sign(ours + "}")).starts_with("malformed token"));
  CHECK(w.judge(w.keys->sign(ours +
                             R"(,"exp":9999999999,"sub":"system:serviceaccount:ns:admin","kubernetes.io":{"namespace":"ns",)"
                             R"("serviceaccount":{"name":"app","uid":"account-1"}}})")) ==
        "malformed token: its subject is not its service account");
  CHECK(w.judge(w.keys->sign(ours + R"(,"sub":"system:serviceaccount:ns:app","kubernetes.io":{"namespace":"ns",)"
                                    R"("serviceaccount":{"name":"app","uid":"account-1"}}})")) ==
        "service account token has no expiry");
}

TEST_CASE("old keys verify after a rotation and a restart") {
  Issuer w;
  const std::string old = w.token();
  REQUIRE(w.keys->rotate(w.files, w.entropy).ok());
  const std::string fresh = w.token();
  CHECK(parse_jwt(old)->key_id != parse_jwt(fresh)->key_id);
  const auto reopened = std::move(SigningKeys::open(w.files, w.entropy)).value();
  ServiceAccountTokens tokens(*reopened, {});
  CHECK(tokens.verify(old, {}, w.snapshot, kNow).ok());
  CHECK(tokens.verify(fresh, {}, w.snapshot, kNow).ok());
  const Document jwks = std::move(parse_json(reopened->jwks_json())).value();
  REQUIRE(jwks["keys"].size() == 2);
  CHECK(jwks["keys"].items()[0]["kid"].as_string() == parse_jwt(fresh)->key_id);
  CHECK(jwks["keys"].items()[0]["crv"].as_string() == "P-256");
}

TEST_CASE("the same requests in the same world give the same tokens") {
  Issuer a, b;
  CHECK(a.token() == b.token());
}

TEST_CASE("token requests that are refused") {
  struct {
    const char *spec, *metadata;
    int code;
    const char* message;
  } cases[] = {
      {R"({"expirationSeconds":599})", "{}", 422,
       "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a "
       "duration less than 10 minutes"},
      {R"({"expirationSeconds":4294967297})", "{}", 422,
       "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify "
       "a duration larger than 2^32 seconds"},
      {"{}", R"({"name":"b"})", 422,
       "TokenRequest.authentication.k8s.io \"app\" is invalid: metadata.name: Invalid value: \"b\": must match the service "
       "account name if specified"},
      {"{}", R"({"namespace":"b"})", 422,
       "TokenRequest.authentication.k8s.io \"app\" is invalid: metadata.namespace: Invalid value: \"b\": must match the "
       "service account namespace if specified"},
      {"{}", R"({"uid":"z"})", 409,
       "Operation cannot be fulfilled on TokenRequest.authentication.k8s.io \"app\": the UID in the token request (z) does not "
       "match the UID of the service account (account-1)"},
      {R"({"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"none"}})", "{}", 404, "pods \"none\" not found"},
      {R"({"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"other"}})", "{}", 400,
       "cannot bind token for serviceaccount \"app\" to pod running with different serviceaccount name."},
      {R"({"boundObjectRef":{"apiVersion":"v1","kind":"Secret","name":"s","uid":"q"}})", "{}", 409,
       "Operation cannot be fulfilled on Secret \"s\": the UID in the bound object reference (q) does not match the UID in "
       "record. The object might have been deleted and then recreated"},
      {R"({"boundObjectRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"s"}})", "{}", 400,
       "cannot bind token to object of type apps/v1, Kind=Deployment"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.message);
    Issuer w;
    const auto answer = w.request(c.spec, c.metadata);
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code() == c.code);
    CHECK(answer.error().message() == c.message);
  }
  Issuer w;
  const Document request = std::move(parse_json(R"({"spec":{}})")).value();
  CHECK(create_token(w.tokens, request, {"ns", "none", w.snapshot, 0, w.entropy}).error().message() ==
        "serviceaccounts \"none\" not found");
}

TEST_CASE("long tokens are cut to what is allowed, with a warning") {
  Issuer w;
  TokenOptions options;
  options.expiration_s_max = 1000;
  ServiceAccountTokens tokens(*w.keys, options);
  std::vector<std::string> warnings;
  const Document request = std::move(parse_json(R"({"spec":{"expirationSeconds":5000}})")).value();
  const auto answer = create_token(tokens, request, {"ns", "app", w.snapshot, 0, w.entropy, &warnings});
  REQUIRE(answer.ok());
  CHECK((*answer)["spec"]["expirationSeconds"].as_int() == 1000);
  CHECK(warnings == std::vector<std::string>{"requested expiration of 5000 seconds shortened to 1000 seconds"});
}

TEST_CASE("forged tokens are remembered for a while, and no more of them than that") {
  Issuer w;
  TokenOptions few;
  few.refused_entries_max = 2;
  few.refused_s = 10;
  ServiceAccountTokens tokens(*w.keys, few);
  const std::string good = w.token();
  auto judge = [&](const std::string& token, std::int64_t now) {
    const auto identity = tokens.verify(token, {}, w.snapshot, now);
    return identity.ok() ? std::string() : identity.error().message();
  };
  std::string forged = good;
  forged[forged.rfind('.') + 5] = forged[forged.rfind('.') + 5] == 'A' ? 'B' : 'A';
  const std::string why = judge(forged, kNow);
  CHECK_FALSE(why.empty());
  CHECK(tokens.refused_tokens() == 1);
  CHECK(judge(forged, kNow + 9) == why);
  CHECK(judge(forged, kNow + 10) == why);  // looked at anew, and no good still
  CHECK(tokens.refused_tokens() == 1);
  for (char c : {'C', 'D', 'E', 'F'}) {
    forged[forged.rfind('.') + 7] = c;
    CHECK_FALSE(judge(forged, kNow).empty());
  }
  CHECK(tokens.refused_tokens() == 2);
  // What is no good only now (an account that is not there yet) is never remembered as forged.
  w.snapshot.remove(kAccountKey);
  CHECK_FALSE(judge(good, kNow).empty());
  w.snapshot.put(kAccountKey, R"({"metadata":{"name":"app","namespace":"ns","uid":"account-1"}})");
  CHECK(judge(good, kNow).empty());
  CHECK(tokens.refused_tokens() == 2);
}
