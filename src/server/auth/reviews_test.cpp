#include "server/auth/reviews.h"

#include <doctest/doctest.h>

#include "server/auth/auth.h"
#include "server/auth/test_rbac.h"

using namespace plinth;
using namespace plinth::server::auth;

namespace {

constexpr std::int64_t kNow = 1'700'000'000 * kNanosecondsPerSecond;

struct Server {
  MemorySecretFiles files;
  TestEntropy entropy;
  TestSnapshot snapshot;
  std::unique_ptr<Auth> auth = std::move(Auth::open(files, entropy, {})).value();
  UserPtr user = test_user("u", {"g"});

  Server() {
    put_role(snapshot, "", "reader",
             R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]},{"nonResourceURLs":["/x"],"verbs":["get"]}])");
    put_binding(snapshot, "a", "b", "ClusterRole", "reader", user_subject("u"));
    put_binding(snapshot, "", "g", "ClusterRole", "none", R"([{"kind":"Group","name":"g"}])");
  }
  Result<Document> evaluate(const std::string& kind, const std::string& rest, std::string_view name_space = "") {
    std::string resource = kind + "s";
    for (char& c : resource) c = static_cast<char>(std::tolower(c));
    const std::string group =
        kind == "TokenReview" || kind == "SelfSubjectReview" ? "authentication.k8s.io" : "authorization.k8s.io";
    const std::string text = "{\"kind\":\"" + kind + "\",\"apiVersion\":\"" + group + "/v1\"," + rest + "}";
    const Document request = std::move(parse_json(text)).value();
    return auth->reviews().evaluate(group, resource, request, {user, name_space, snapshot, kNow});
  }
  // The status as JSON, or the error's message.
  std::string status(const std::string& kind, const std::string& rest, std::string_view name_space = "") {
    const auto answer = evaluate(kind, rest, name_space);
    return answer.ok() ? to_json((*answer)["status"]) : answer.error().message();
  }
};

}  // namespace

TEST_CASE("access reviews") {
  const std::string pods = R"("resourceAttributes":{"namespace":"a","verb":"get","resource":"pods"})";
  const std::string nothing = R"({"allowed":false})";
  const std::string by_binding =
      R"({"allowed":true,"reason":"RBAC: allowed by RoleBinding \"b/a\" of ClusterRole \"reader\" to User \"u\""})";
  const std::string unresolved =
      R"({"allowed":false,"reason":"RBAC: clusterrole.rbac.authorization.k8s.io \"none\" not found"})";
  const std::string wrong = "authorization.k8s.io \"\" is invalid: ";
  struct {
    std::string kind, rest, answer;
  } cases[] = {
      {"SelfSubjectAccessReview", "\"metadata\":{\"creationTimestamp\":null},\"spec\":{" + pods + "}", by_binding},
      {"SelfSubjectAccessReview", R"("spec":{"resourceAttributes":{"namespace":"b","verb":"get","resource":"pods"}})",
       unresolved},
      {"SelfSubjectAccessReview", R"("spec":{"nonResourceAttributes":{"path":"/x","verb":"get"}})", unresolved},
      {"SelfSubjectAccessReview", R"("spec":{})",
       "SelfSubjectAccessReview." + wrong +
           "spec: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"},
      {"SelfSubjectAccessReview", R"("metadata":{"name":"x"},"spec":{)" + pods + "}",
       "SelfSubjectAccessReview." + wrong + R"(metadata: Invalid value: {"name":"x"}: must be empty)"},
      {"SubjectAccessReview", R"("spec":{"user":"u",)" + pods + "}", by_binding},
      {"SubjectAccessReview", R"("spec":{"user":"v",)" + pods + "}", nothing},
      {"SubjectAccessReview", R"("spec":{"user":"v","groups":["system:masters"],)" + pods + "}", R"({"allowed":true})"},
      {"SubjectAccessReview", "\"spec\":{" + pods + "}",
       "SubjectAccessReview." + wrong + R"(spec.user: Invalid value: "": at least one of user or group must be specified)"},
      {"SubjectAccessReview",
       R"("spec":{"user":"v","resourceAttributes":{"namespace":"a","verb":"get","resource":"pods","labelSelector":{"rawSelector":"a in b"}}})",
       R"({"allowed":false,"evaluationError":"spec.resourceAttributes.labelSelector ignored due to parse error"})"},
      {"SubjectAccessReview", R"("spec":{"user":"v","resourceAttributes":{"verb":"get","resource":"pods","fieldSelector":{}}})",
       "SubjectAccessReview." + wrong +
           "spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is "
           "specified, "
           "requirements or rawSelector is required"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.kind);
    CAPTURE(c.rest);
    Server s;
    CHECK(s.status(c.kind, c.rest) == c.answer);
  }
}

TEST_CASE("local access reviews stay in their namespace") {
  Server s;
  const std::string pods = R"("spec":{"user":"u","resourceAttributes":{"namespace":"a","verb":"get","resource":"pods"}})";
  CHECK(s.status("LocalSubjectAccessReview", "\"metadata\":{\"namespace\":\"a\"}," + pods, "a")
            .starts_with(R"({"allowed":true)"));
  CHECK(s.status("LocalSubjectAccessReview", pods, "a").starts_with(R"({"allowed":true)"));
  CHECK(s.status("LocalSubjectAccessReview", "\"metadata\":{\"namespace\":\"a\"}," + pods, "b") ==
        "spec.resourceAttributes.namespace must match namespace: b");
  CHECK(s.status("LocalSubjectAccessReview", "\"metadata\":{\"namespace\":\"b\"}," + pods, "b") ==
        "LocalSubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.resourceAttributes.namespace: Invalid value: "
        "\"a\": must match "
        "metadata.namespace");
}

TEST_CASE("rules reviews") {
  Server s;
  CHECK(
      s.status("SelfSubjectRulesReview", R"("spec":{"namespace":"a"})") ==
      R"({"resourceRules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}],"nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/x"]}],)"
      R"("incomplete":false,"evaluationError":"clusterrole.rbac.authorization.k8s.io \"none\" not found"})");
  CHECK(s.status("SelfSubjectRulesReview", R"("spec":{})") == "no namespace on request");
}

TEST_CASE("who am I") {
  Server s;
  const auto answer = s.evaluate("SelfSubjectReview", R"("metadata":{})");
  REQUIRE(answer.ok());
  CHECK(to_json((*answer)["status"]) == R"({"userInfo":{"username":"u","groups":["g"]}})");
  CHECK((*answer)["metadata"]["creationTimestamp"].as_string() == "2023-11-14T22:13:20Z");
  const UserInfo user = user_from_value((*answer)["status"]["userInfo"]);
  CHECK(user.name == "u");
  CHECK(user.groups == std::vector<std::string>{"g"});
}

TEST_CASE("token reviews") {
  Server s;
  const std::string token = s.auth->admin_token();
  const std::string own = "https://kubernetes.default.svc.cluster.local";
  const auto ask = [&](const std::string& text, const std::string& audiences) {
    return s.status("TokenReview", "\"spec\":{\"token\":\"" + text + "\",\"audiences\":[" + audiences + "]}");
  };
  const std::string good =
      R"({"authenticated":true,"user":{"username":"plinth:admin","groups":["system:masters","system:authenticated"]},"audiences":[")" +
      own + "\"]}";
  CHECK(ask(token, "") == good);
  CHECK(ask(token, "\"x\",\"" + own + "\"") == good);
  CHECK(ask(token, "\"x\"") == R"({"user":{},"error":"invalid bearer token"})");
  CHECK(ask("nonsense", "") == R"({"user":{},"error":"invalid bearer token"})");
  CHECK(ask("", "") == "token is required for TokenReview in authentication");
}

TEST_CASE("what is a review") {
  CHECK(Reviews::answers("authentication.k8s.io", "tokenreviews"));
  CHECK_FALSE(Reviews::answers("authentication.k8s.io", "subjectaccessreviews"));
  CHECK_FALSE(Reviews::answers("", "tokenreviews"));
  Server s;
  CHECK(s.auth->reviews().evaluate("", "pods", Document(), {s.user, "", s.snapshot, kNow}).error().code() == 404);
}
