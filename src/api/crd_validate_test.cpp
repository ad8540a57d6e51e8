#include "api/crd_validate.h"

#include <doctest/doctest.h>

#include "base/json.h"

namespace plinth::api {
namespace {

constexpr std::string_view kGood =
    R"({"metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","singular":"widget","kind":"Widget",)"
    R"("listKind":"WidgetList"},"conversion":{"strategy":"None"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object",)"
    R"("properties":{"spec":{"type":"object","properties":{"size":{"type":"string"},"n":{"type":"number"}}}}}}}]}})";

// The errors after `from` in a good CRD is replaced by `to`.
std::string errors_of(std::string_view from, std::string_view to, const Value* old = nullptr) {
  std::string json(kGood);
  if (!from.empty()) {
    const auto at = json.find(from);
    REQUIRE(at != std::string::npos);
    json.replace(at, from.size(), to);
  }
  const auto crd = parse_json(json);
  REQUIRE(crd.ok());
  std::string out;
  for (const FieldError& error : validate_crd(*crd, old)) out += error.text() + "\n";
  return out;
}

}  // namespace

TEST_CASE("a custom resource definition is checked as a whole") {
  struct Case {
    std::string_view from, to, errors;
  };
  static constexpr Case kCases[] = {
      {"", "", ""},
      {"widgets.example.com", "gadgets.example.com",
       "metadata.name: Invalid value: \"gadgets.example.com\": must be spec.names.plural+\".\"+spec.group\n"},
      {R"("scope":"Namespaced")", R"("scope":"World")",
       "spec.scope: Unsupported value: \"World\": supported values: \"Cluster\", \"Namespaced\"\n"},
      {R"("scope":"Namespaced",)", "", "spec.scope: Required value\n"},
      {R"("listKind":"WidgetList")", R"("listKind":"Widget")",
       "spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the same\n"},
      {R"("strategy":"None")", R"("strategy":"Webhook")",
       "spec.conversion.strategy: Forbidden: conversion webhooks are not supported by this server; use None, under which only "
       "apiVersion changes\n"},
      {R"("conversion")", R"("preserveUnknownFields":true,"conversion")",
       "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true "
       "in spec.versions[*].schema instead\n"},
      {R"("served":true,)", R"("served":true,"additionalPrinterColumns":[{"name":"A","type":"text","jsonPath":"spec"}],)",
       "spec.versions[0].additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of "
       "boolean,date,integer,number,string\n"
       "spec.versions[0].additionalPrinterColumns[0].JSONPath: Invalid value: \"spec\": must be a simple json path starting "
       "with .\n"},
      {R"("served":true,)",
       R"("served":true,"subresources":{"scale":{"specReplicasPath":".x","statusReplicasPath":".status.n"}},)",
       "spec.versions[0].subresources.scale.specReplicasPath: Invalid value: \".x\": should be a json path under .spec\n"},
      {R"("served":true,)",
       R"("served":true,"selectableFields":[{"jsonPath":".spec.size"},{"jsonPath":".spec.n"},{"jsonPath":".spec.q"},{"jsonPath":".spec.size"}],)",
       "spec.versions[0].selectableFields[1].jsonPath: Invalid value: \".spec.n\": must point to a field of type string, "
       "boolean or integer. Enum string fields and strings with "
       "formats are allowed.\n"
       "spec.versions[0].selectableFields[2].jsonPath: Invalid value: \".spec.q\": is an invalid path: does not refer to a "
       "valid field\n"
       "spec.versions[0].selectableFields[3].jsonPath: Duplicate value: \".spec.size\"\n"},
      {R"("served":true,)", R"("served":true,"deprecationWarning":"x",)",
       "spec.versions[0].deprecationWarning: Invalid value: \"x\": can only be set for deprecated versions\n"},
      {R"("group":"example.com")", R"("group":"com")",
       "metadata.name: Invalid value: \"widgets.example.com\": must be spec.names.plural+\".\"+spec.group\nspec.group: Invalid "
       "value: \"com\": should be a domain with at least one dot\n"},
  };
  for (const Case& c : kCases) {
    CAPTURE(c.to);
    CHECK(errors_of(c.from, c.to) == c.errors);
  }
  CHECK(errors_of(R"("storage":true)", R"("storage":false)").find("must have exactly one version marked as storage version") !=
        std::string::npos);
  CHECK(errors_of(R"("name":"v1")", R"("name":"V1")")
            .find("spec.versions[0].name: Invalid value: \"V1\": a DNS-1035 label must consist of") == 0);
}

TEST_CASE("what an established definition may not change") {
  const auto old = parse_json(std::string(kGood.substr(0, kGood.size() - 1)) +
                              R"(,"status":{"conditions":[{"type":"Established","status":"True"}]}})");
  REQUIRE(old.ok());
  CHECK(errors_of("", "", &old->root()) == "");
  CHECK(errors_of(R"("scope":"Namespaced")", R"("scope":"Cluster")", &old->root()) ==
        "spec.scope: Invalid value: \"Cluster\": field is immutable\n");
  CHECK(errors_of(R"("kind":"Widget")", R"("kind":"Wodget")", &old->root()) ==
        "spec.names.kind: Invalid value: \"Wodget\": field is immutable\n");
}

TEST_CASE("names follow from the kind") {
  Draft draft(parse_json(R"({"spec":{"names":{"plural":"widgets","kind":"Widget"}}})").value());
  default_crd(draft);
  CHECK(
      to_json(draft.root()) ==
      R"({"spec":{"names":{"plural":"widgets","kind":"Widget","singular":"widget","listKind":"WidgetList"},"conversion":{"strategy":"None"}}})");
}

}  // namespace plinth::api
