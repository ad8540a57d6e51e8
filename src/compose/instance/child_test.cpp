#include "compose/instance/child.h"

#include <doctest/doctest.h>

#include "api/apply.h"
#include "api/decode.h"
#include "api/default.h"
#include "base/yaml.h"
#include "client/kind_forms.h"
#include "client/object_cache.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

Document yaml(std::string_view text) {
  auto parsed = parse_yaml(text);
  REQUIRE(parsed.ok());
  return std::move(*parsed);
}

constexpr std::string_view kDeployment = R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: i}]}}
)";

// A Deployment that was applied by us; the status is written over it as it stands there.
struct Applied {
  explicit Applied(std::string_view status) : kind(*client::builtin_kind_form("apps", "v1", "Deployment")) {
    api::ApplyInput input;
    input.scope.schema = kind.schema;
    input.scope.api_version = "apps/v1";
    input.scope.kind = "Deployment";
    input.config = yaml(kDeployment);
    input.manager = kChildManager;
    auto made = api::apply(input);
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message()));
    managers = made->managers.to_json();
    auto decoded = api::decode(made->object, {kind.schema, "Deployment", "v1"}, api::FieldValidation::kIgnore);
    REQUIRE(decoded.ok());
    api::apply_defaults(decoded->draft, decoded->draft.root(), *kind.schema);
    const Document written = yaml(status);
    if (!written.is_null()) decoded->draft.member(decoded->draft.root(), "status") = decoded->draft.clone(written.root());
    object = {kind.resource, "default", "web", "u", 5, std::move(decoded->draft).finish()};
  }
  bool is(std::string_view configuration) const {
    client::ObjectCache cache({nullptr, [&](const client::Object&) { return managers; }});
    cache.add_kind(kind.resource);
    cache.apply(object, false);
    return is_applied(*cache.view(), kind, object, yaml(configuration));
  }

  client::KindForm kind;
  std::string managers;
  client::Object object;
};

}  // namespace

TEST_CASE("a child that was applied is as it should be, whatever others wrote into its status") {
  CHECK(Applied("null").is(kDeployment));
  CHECK(
      Applied("{replicas: 2, conditions: [{type: Available, status: 'True', lastUpdateTime: null, lastTransitionTime: null}]}")
          .is(kDeployment));
  CHECK(
      Applied("{conditions: [{type: Available, status: 'True', lastTransitionTime: '2020-01-01T00:00:00Z'}]}").is(kDeployment));
}

TEST_CASE("a child that differs is applied again") {
  std::string other(kDeployment);
  other.replace(other.find("replicas: 2"), 11, "replicas: 3");
  CHECK_FALSE(Applied("null").is(other));
  CHECK_FALSE(Applied("{conditions: [{type: Available, status: 'True', lastTransitionTime: null}]}").is(other));
}

}  // namespace plinth::compose
