#include "api/field_error.h"

#include <array>

#include <doctest/doctest.h>

namespace plinth::api {

TEST_CASE("a field error reads as in Kubernetes") {
  static constexpr std::array<std::string_view, 2> kPolicies = {"Always", "Never"};
  struct Case {
    FieldError error;
    std::string_view text;
    std::string_view reason;
  };
  const Case cases[] = {
      {field_required("spec.selector"), "spec.selector: Required value", "FieldValueRequired"},
      {field_required("metadata.name", "name or generateName is required"),
       "metadata.name: Required value: name or generateName is required", "FieldValueRequired"},
      {field_invalid("spec.replicas", Value::of(-1), "must be greater than or equal to 0"),
       "spec.replicas: Invalid value: -1: must be greater than or equal to 0", "FieldValueInvalid"},
      {field_invalid("metadata.name", "A\"b", "x"), R"(metadata.name: Invalid value: "A\"b": x)", "FieldValueInvalid"},
      {field_invalid("spec.on", Value::of(true), ""), "spec.on: Invalid value: true", "FieldValueInvalid"},
      {field_not_supported("spec.restartPolicy", Value::ref("Often"), kPolicies),
       R"(spec.restartPolicy: Unsupported value: "Often": supported values: "Always", "Never")", "FieldValueNotSupported"},
      {field_duplicate("spec.ports[1].name", Value::ref("a")), R"(spec.ports[1].name: Duplicate value: "a")",
       "FieldValueDuplicate"},
      {field_forbidden("spec", "immutable"), "spec: Forbidden: immutable", "FieldValueForbidden"},
      {field_too_long("metadata.annotations", 262144), "metadata.annotations: Too long: may not be more than 262144 bytes",
       "FieldValueTooLong"},
      {field_too_long("x", 1), "x: Too long: may not be more than 1 byte", "FieldValueTooLong"},
      {field_too_many("x", 3, 2), "x: Too many: 3: must have at most 2 items", "FieldValueTooMany"},
      {field_type_invalid("spec.a", Value::ref("x"), "bad"), R"(spec.a: Invalid value: "x": bad)", "FieldValueTypeInvalid"},
      {field_not_found("spec.v", Value::ref("x")), R"(spec.v: Not found: "x")", "FieldValueNotFound"},
      {field_internal("spec", "broken"), "spec: Internal error: broken", "InternalError"},
  };
  for (const Case& c : cases) {
    CHECK(c.error.text() == c.text);
    CHECK(field_error_reason(c.error.type) == c.reason);
  }
}

TEST_CASE("422 names the kind, the object and each field") {
  const FieldErrors two = {field_required("spec.a"), field_invalid("spec.b", Value::of(3), "too big"),
                           field_required("spec.a")};
  const Error error = invalid("apps", "Deployment", "web", two);
  CHECK(error.code() == 422);
  CHECK(error.message() == R"(Deployment.apps "web" is invalid: [spec.a: Required value, spec.b: Invalid value: 3: too big])");
  CHECK(error.details().kind == "Deployment");
  CHECK(error.details().group == "apps");
  CHECK(error.details().name == "web");
  REQUIRE(error.details().causes.size() == 3);
  CHECK(error.details().causes[1].type == "FieldValueInvalid");
  CHECK(error.details().causes[1].message == "Invalid value: 3: too big");
  CHECK(error.details().causes[1].field == "spec.b");
  CHECK(invalid("", "Pod", "p", {field_required("spec")}).message() == R"(Pod "p" is invalid: spec: Required value)");
}

TEST_CASE("paths") {
  CHECK(child("", "spec") == "spec");
  CHECK(child("spec", "replicas") == "spec.replicas");
  CHECK(index("spec.list", 3) == "spec.list[3]");
  CHECK(keyed("metadata.labels", "a/b") == "metadata.labels[a/b]");
}

}  // namespace plinth::api
