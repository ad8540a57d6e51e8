#include "server/auth/authenticator.h"

#include <doctest/doctest.h>

#include "base/base64.h"
#include "server/auth/auth.h"
#include "server/auth/bootstrap_tokens.h"
#include "server/auth/test_rbac.h"
#include "server/auth/token_request.h"

using namespace plinth;
using namespace plinth::server::auth;

namespace {

constexpr std::int64_t kNow = 1'700'000'000 * kNanosecondsPerSecond;

struct Server {
  MemorySecretFiles files;
  TestEntropy entropy;
  TestSnapshot snapshot;
  std::unique_ptr<Auth> auth = std::move(Auth::open(files, entropy, {})).value();

  // The user's name, or the error's code.
  std::string ask(net::HttpRequest request) {
    auto user = auth->authenticate(request, snapshot, kNow);
    if (!user.ok()) return std::to_string(user.error().code());
    last = *user;
    return last->name;
  }
  UserPtr last;
};

net::HttpRequest request(const std::string& path, std::vector<std::pair<std::string, std::string>> headers = {}) {
  net::HttpRequest out;
  out.method = "GET";
  out.target = path;
  for (auto& [name, value] : headers) out.headers.add(name, value);
  return out;
}

net::HttpRequest with_certificate(net::HttpRequest request, std::string name, std::vector<std::string> organizations) {
  request.peer.certificate.present = true;
  request.peer.certificate.common_name = std::move(name);
  request.peer.certificate.organizations = std::move(organizations);
  return request;
}

// data of {"a":"b"} with b in base64
std::string secret(const std::string& type, std::vector<std::pair<std::string, std::string>> data,
                   const std::string& metadata = "") {
  std::string out = "{\"type\":\"" + type + "\",\"data\":{";
  for (std::size_t i = 0; i < data.size(); ++i) {
    out += (i > 0 ? ",\"" : "\"") + data[i].first + "\":\"" + base64_encode(data[i].second) + "\"";
  }
  return out + "},\"metadata\":{\"name\":\"bootstrap-token-abcdef\"" + metadata + "}}";
}

}  // namespace

TEST_CASE("nobody reaches the public paths only") {
  Server s;
  for (const char* path : {"/healthz", "/livez", "/livez?verbose", "/readyz", "/version", "/version/"}) {
    CAPTURE(path);
    CHECK(s.ask(request(path)) == "system:anonymous");
    CHECK(s.last->groups == std::vector<std::string>{"system:unauthenticated"});
  }
  for (const char* path : {"/", "/api", "/apis", "/healthz/x", "/readyz/", "/metrics", "/api/v1/pods", "/openapi/v2", ""}) {
    CAPTURE(path);
    CHECK(s.ask(request(path)) == "401");
  }
}

TEST_CASE("client certificates") {
  Server s;
  CHECK(s.ask(with_certificate(request("/api"), "jane", {"dev", "ops"})) == "jane");
  CHECK(s.last->groups == std::vector<std::string>{"dev", "ops", "system:authenticated"});
  CHECK(s.ask(with_certificate(request("/api"), "", {"system:masters"})) == "401");
  // The certificate counts before a token that is no good.
  CHECK(s.ask(with_certificate(request("/api", {{"authorization", "Bearer nonsense"}}), "jane", {})) == "jane");
}

TEST_CASE("a client certificate that ended while its connection lives on") {
  Server s;
  const std::int64_t now_s = kNow / kNanosecondsPerSecond;
  net::HttpRequest asked = with_certificate(request("/api"), "jane", {});
  asked.peer.certificate.not_after_s = now_s + 1;
  CHECK(s.ask(asked) == "jane");
  asked.peer.certificate.not_after_s = now_s;
  CHECK(s.ask(asked) == "401");
  // Not the anonymous user either.
  asked.target = "/livez";
  CHECK(s.ask(asked) == "401");
}

TEST_CASE("bearer tokens") {
  Server s;
  const std::string admin = s.auth->admin_token();
  CHECK(s.ask(request("/api", {{"authorization", "Bearer " + admin}})) == "plinth:admin");
  CHECK(s.last->groups == std::vector<std::string>{"system:masters", "system:authenticated"});
  CHECK(s.ask(request("/api", {{"authorization", " bEaReR " + admin + " "}})) == "plinth:admin");
  for (const std::string& value :
       {"Bearer " + admin + "x", "Bearer " + admin.substr(1), std::string("Bearer x"), "Basic " + admin, admin,
        std::string("Bearer "), std::string("Bearer"), "Bearer  " + admin}) {
    CAPTURE(value.size());
    CHECK(s.ask(request("/api", {{"authorization", value}})) == "401");
  }
  // A bad credential is refused even where none is needed.
  CHECK(s.ask(request("/healthz", {{"authorization", "Bearer x"}})) == "401");
}

TEST_CASE("the token of the administrator stays over a restart, and an empty file is an error") {
  MemorySecretFiles files;
  TestEntropy entropy;
  const auto first = std::move(Auth::open(files, entropy, {})).value();
  const auto second = std::move(Auth::open(files, entropy, {})).value();
  CHECK(first->admin_token() == second->admin_token());
  CHECK(first->signing_keys().jwks_json() == second->signing_keys().jwks_json());
  REQUIRE(files.write(Auth::kAdminTokenFile, "\n").ok());
  CHECK_FALSE(Auth::open(files, entropy, {}).ok());
  REQUIRE(files.write(Auth::kAdminTokenFile, "short\n").ok());
  CHECK_FALSE(Auth::open(files, entropy, {}).ok());
  REQUIRE(files.write(Auth::kAdminTokenFile, first->admin_token()).ok());
  REQUIRE(files.write(SigningKeys::kFileName, "nonsense").ok());
  CHECK_FALSE(Auth::open(files, entropy, {}).ok());
}

TEST_CASE("service account tokens") {
  Server s;
  s.snapshot.put("/core/serviceaccounts/ns/app", R"({"metadata":{"name":"app","uid":"1"}})");
  const Document spec = std::move(parse_json("{}")).value();
  const auto answer = create_token(s.auth->account_tokens(), spec, {"ns", "app", s.snapshot, kNow, s.entropy});
  REQUIRE(answer.ok());
  const std::string token((*answer)["status"]["token"].as_string());
  CHECK(s.ask(request("/api", {{"authorization", "Bearer " + token}})) == "system:serviceaccount:ns:app");
  s.snapshot.remove("/core/serviceaccounts/ns/app");
  CHECK(s.ask(request("/api", {{"authorization", "Bearer " + token}})) == "401");
}

TEST_CASE("bootstrap tokens") {
  using Data = std::vector<std::pair<std::string, std::string>>;
  const std::string type = "bootstrap.kubernetes.io/token";
  const Data good = {{"token-id", "abcdef"}, {"token-secret", "0123456789abcdef"}, {"usage-bootstrap-authentication", "true"}};
  const auto with = [&](const char* key, const char* value) {
    Data data = good;
    for (auto& entry : data) {
      if (entry.first == key) {
        entry.second = value;
        return data;
      }
    }
    data.emplace_back(key, value);
    return data;
  };
  struct {
    const char* name;
    std::string secret;
    std::string groups;  // "" means refused
  } cases[] = {
      {"good", secret(type, good), "system:bootstrappers"},
      {"expires later", secret(type, with("expiration", "2023-11-14T22:13:21Z")), "system:bootstrappers"},
      {"expired", secret(type, with("expiration", "2023-11-14T22:13:20Z")), ""},
      {"no time", secret(type, with("expiration", "soon")), ""},
      {"groups", secret(type, with("auth-extra-groups", "system:bootstrappers:b,system:bootstrappers:a-1")),
       "system:bootstrappers,system:bootstrappers:a-1,system:bootstrappers:b"},
      {"a group that is not allowed", secret(type, with("auth-extra-groups", "system:masters")), ""},
      {"an empty group", secret(type, with("auth-extra-groups", "system:bootstrappers:a,")), ""},
      {"not for authentication", secret(type, with("usage-bootstrap-authentication", "false")), ""},
      {"another secret", secret(type, with("token-secret", "0123456789abcdeg")), ""},
      {"another id", secret(type, with("token-id", "abcdeg")), ""},
      {"another type", secret("Opaque", good), ""},
      {"being deleted", secret(type, good, R"(,"deletionTimestamp":"2030-01-01T00:00:00Z")"), ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    Server s;
    s.snapshot.put("/core/secrets/kube-system/bootstrap-token-abcdef", c.secret);
    const std::string who = s.ask(request("/api", {{"authorization", "Bearer abcdef.0123456789abcdef"}}));
    CHECK(who == (c.groups.empty() ? "401" : "system:bootstrap:abcdef"));
    if (c.groups.empty()) continue;
    std::string groups;
    for (const std::string& group : s.last->groups) groups += (groups.empty() ? "" : ",") + group;
    CHECK(groups == c.groups + ",system:authenticated");
  }
  for (const char* text :
       {"abcdef.0123456789abcde", "ABCDEF.0123456789abcdef", "abcdef-0123456789abcdef", "abcdef.0123456789abcdef0"}) {
    CHECK_FALSE(parse_bootstrap_token(text).has_value());
  }
}

TEST_CASE("impersonation") {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  struct {
    const char* name;
    Headers headers;
    std::string who;     // of the requestor: "helpdesk" has some rights, "admin" all
    std::string answer;  // the user, or the code
    std::vector<std::string> groups;
  } cases[] = {
      {"nobody else", {}, "helpdesk", "helpdesk", {"system:authenticated"}},
      {"a user", {{"impersonate-user", "jane"}}, "helpdesk", "jane", {"system:authenticated"}},
      {"another user", {{"impersonate-user", "root"}}, "helpdesk", "403", {}},
      {"a group",
       {{"impersonate-user", "jane"}, {"impersonate-group", "dev"}},
       "helpdesk",
       "jane",
       {"dev", "system:authenticated"}},
      {"a group too much",
       {{"impersonate-user", "jane"}, {"impersonate-group", "dev"}, {"impersonate-group", "system:masters"}},
       "helpdesk",
       "403",
       {}},
      {"unauthenticated",
       {{"impersonate-user", "jane"}, {"impersonate-group", "system:unauthenticated"}},
       "admin",
       "jane",
       {"system:unauthenticated"}},
      {"anonymous", {{"impersonate-user", "system:anonymous"}}, "admin", "system:anonymous", {"system:unauthenticated"}},
      {"an account",
       {{"impersonate-user", "system:serviceaccount:ns:app"}},
       "helpdesk",
       "system:serviceaccount:ns:app",
       {"system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"}},
      {"an account elsewhere", {{"impersonate-user", "system:serviceaccount:other:app"}}, "helpdesk", "403", {}},
      {"a group alone", {{"impersonate-group", "dev"}}, "admin", "400", {}},
      {"a uid alone", {{"impersonate-uid", "1"}}, "admin", "400", {}},
      {"extra alone", {{"impersonate-extra-x", "1"}}, "admin", "400", {}},
      {"a uid", {{"impersonate-user", "jane"}, {"impersonate-uid", "u1"}}, "admin", "jane", {"system:authenticated"}},
      {"a uid without the right", {{"impersonate-user", "jane"}, {"impersonate-uid", "u1"}}, "helpdesk", "403", {}},
      {"extra",
       {{"impersonate-user", "jane"}, {"impersonate-extra-scopes", "view"}},
       "helpdesk",
       "jane",
       {"system:authenticated"}},
      {"extra of another value", {{"impersonate-user", "jane"}, {"impersonate-extra-scopes", "edit"}}, "helpdesk", "403", {}},
      {"extra of another key", {{"impersonate-user", "jane"}, {"impersonate-extra-other", "view"}}, "helpdesk", "403", {}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    Server s;
    put_role(
        s.snapshot, "", "helpdesk",
        R"([{"apiGroups":[""],"resources":["users"],"resourceNames":["jane"],"verbs":["impersonate"]},)"
        R"({"apiGroups":[""],"resources":["groups"],"resourceNames":["dev"],"verbs":["impersonate"]},)"
        R"({"apiGroups":["authentication.k8s.io"],"resources":["userextras/scopes"],"resourceNames":["view"],"verbs":["impersonate"]}])");
    put_role(s.snapshot, "ns", "accounts", R"([{"apiGroups":[""],"resources":["serviceaccounts"],"verbs":["impersonate"]}])");
    put_binding(s.snapshot, "", "b", "ClusterRole", "helpdesk", user_subject("helpdesk"));
    put_binding(s.snapshot, "ns", "b", "Role", "accounts", user_subject("helpdesk"));
    const bool admin = c.who == "admin";
    const std::vector<std::string> organizations =
        admin ? std::vector<std::string>{"system:masters"} : std::vector<std::string>{};
    CHECK(s.ask(with_certificate(request("/api", c.headers), c.who, organizations)) == c.answer);
    if (!c.groups.empty()) CHECK(s.last->groups == c.groups);
  }
}

TEST_CASE("extra keys are decoded, and their values kept in order") {
  Server s;
  const auto asked = request("/api", {{"impersonate-user", "jane"},
                                      {"impersonate-uid", "u1"},
                                      {"impersonate-extra-acme.com%2Fproject", "a"},
                                      {"impersonate-extra-acme.com%2Fproject", "b"},
                                      {"impersonate-extra-bad%zz", "c"}});
  REQUIRE(s.ask(with_certificate(asked, "admin", {"system:masters"})) == "jane");
  CHECK(s.last->uid == "u1");
  CHECK(s.last->extra.at("acme.com/project") == std::vector<std::string>{"a", "b"});
  CHECK(s.last->extra.at("bad%zz") == std::vector<std::string>{"c"});
}

TEST_CASE("the refusal names what may not be impersonated") {
  Server s;
  const auto refused =
      s.auth->authenticate(with_certificate(request("/api", {{"impersonate-user", "root"}}), "jane", {}), s.snapshot, kNow);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message() ==
        R"(users "root" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope)");
}
