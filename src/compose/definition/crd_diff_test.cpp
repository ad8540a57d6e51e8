#include "compose/definition/crd_diff.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "base/yaml.h"
#include "compose/definition/generated_crd.h"
#include "compose/schema/simple_schema.h"

namespace plinth::compose {
namespace {

// The CRD of a definition whose spec.schema is given as YAML.
Document crd_of(const std::string& schema_yaml, DefinitionOwner owner = {Dialect::kGraphDefinition, "", "demo", "uid-1"}) {
  auto parsed = parse_yaml(schema_yaml);
  REQUIRE(parsed.ok());
  Draft wrapper;
  wrapper.root() = wrapper.object();
  wrapper.member(wrapper.root(), "schema") = wrapper.adopt(*parsed);
  const ApiSchema schema = api_schema_of(wrapper.root());
  auto spec = compile_simple_schema(schema.spec, schema.types);
  REQUIRE_MESSAGE(spec.ok(), spec.error().message());
  return generate_crd(owner, schema, spec->root(), Value());
}

Document with_spec(const std::string& fields) {
  return crd_of("{apiVersion: v1alpha1, kind: Application, spec: {" + fields + "}}");
}

TEST_CASE("a definition's CRD") {
  const Document crd = crd_of(
      "apiVersion: v1alpha1\nkind: WebPolicy\nscope: Cluster\nspec: {name: string | required=true}\n"
      "metadata: {labels: {team: a}, annotations: {x: z}}\nshortNames: [wp]\ncategories: [all]\n");
  CHECK(crd["metadata"]["name"].as_string() == "webpolicies.kro.run");
  CHECK(to_json(crd["metadata"]["labels"]) ==
        R"({"team":"a","kro.run/owned":"true","kro.run/kro-version":"v0.9.3","kro.run/resource-graph-definition-id":"uid-1",)"
        R"("kro.run/resource-graph-definition-name":"demo"})");
  CHECK(to_json(crd["metadata"]["annotations"]) == R"({"x":"z"})");
  CHECK(
      to_json(crd["spec"]["names"]) ==
      R"({"kind":"WebPolicy","listKind":"WebPolicyList","plural":"webpolicies","singular":"webpolicy","shortNames":["wp"],"categories":["all"]})");
  CHECK(crd["spec"]["scope"].as_string() == "Cluster");
  const Value version = crd["spec"]["versions"].items()[0];
  CHECK(version["additionalPrinterColumns"].items()[1]["jsonPath"].as_string() ==
        ".status.conditions[?(@.type==\"Ready\")].status");
  CHECK(to_json(version["schema"]["openAPIV3Schema"]["required"]) == R"(["spec"])");
  CHECK(version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]["state"]["type"].as_string() == "string");
  CHECK(version["subresources"].find("status") != nullptr);
}

TEST_CASE("columns of the author replace the default ones; the 2024 form has its own") {
  const Document own =
      crd_of("{apiVersion: v1, kind: A, additionalPrinterColumns: [{name: N, type: string, jsonPath: .spec.n}]}");
  CHECK(own["spec"]["versions"].items()[0]["additionalPrinterColumns"].size() == 1);
  const Document old = crd_of("{apiVersion: v1, kind: A}", {Dialect::kResourceGroup2024, "default", "demo", "u"});
  CHECK(old["spec"]["versions"].items()[0]["additionalPrinterColumns"].items()[1]["name"].as_string() == "Synced");
  CHECK(old["metadata"]["labels"]["kro.run/resource-graph-definition-namespace"].as_string() == "default");
}

struct DiffCase {
  const char *before, *after, *text;
  bool breaking;
};

TEST_CASE("changes of a field and what they mean") {
  const DiffCase cases[] = {
      {"a: string", "b: string", "Property a was removed", true},
      {"a: string", "a: string, b: string", "Optional property b was added", false},
      {"a: string", "a: string, b: string | required=true", "Required property b was added", true},
      {"a: string", "a: string, b: string | required=true default=x", "Optional property b was added", false},
      {"a: string", "a: integer", "Type changed from string to integer", true},
      {"a: string", "a: string | required=true", "Field a is newly required", true},
      {"a: string | required=true default=x", "a: string | required=true", "Default value removed from required field a", true},
      {"a: string | required=true", "a: string", "Field a is no longer required", false},
      {"a: 'string | enum=\"x,y\"'", "a: 'string | enum=\"x\"'", "Enum value y was removed", true},
      {"a: 'string | enum=\"x\"'", "a: 'string | enum=\"x,y\"'", "Enum value y was added", false},
      {"a: string", "a: 'string | enum=\"x\"'", "Enum [\"x\"] was added", true},
      {"a: 'string | enum=\"x\"'", "a: string", "Enum was removed", false},
      {"a: string", "a: string | pattern=x", "Validation pattern x was added", true},
      {"a: string | pattern=x", "a: string | pattern=y", "Validation pattern changed from x to y", true},
      {"a: string | pattern=x", "a: string", "Validation pattern x was removed", false},
      {"a: integer", "a: integer | minimum=1", "Minimum constraint 1 was added", true},
      {"a: integer | minimum=1", "a: integer | minimum=2", "Minimum was increased from 1 to 2", true},
      {"a: integer | minimum=2", "a: integer | minimum=1", "Minimum was decreased from 2 to 1", false},
      {"a: integer | maximum=2", "a: integer | maximum=1", "Maximum was decreased from 2 to 1", true},
      {"a: string | maxLength=2", "a: string", "MaxLength constraint 2 was removed", false},
      {"a: '[]string | minItems=1'", "a: '[]string | minItems=2'", "MinItems was increased from 1 to 2", true},
      {"a: string | default=x", "a: string | default=y", "Default value was changed", false},
      {"a: string | description=x", "a: string | description=y", "Description was changed", false},
      {"a: '[]string'", "a: '[]integer'", "Type changed from string to integer", true},
      {"a: 'map[string]string'", "a: 'map[string]integer'", "Type changed from string to integer", true},
      {"a: '[]string'", "a: '[]string | listType=set'", "x-kubernetes-list-type was added: set", true},
      {"a: integer", "a: 'integer | validation=\"self > 1\"'", "Validation rule self > 1 was added", true},
      {"a: 'integer | validation=\"self > 1\"'", "a: integer", "Validation rule self > 1 was removed", false},
      {"a: object", "a: {b: string}", "x-kubernetes-preserve-unknown-fields was removed", true},
  };
  for (const DiffCase& c : cases) {
    CAPTURE(c.before);
    CAPTURE(c.after);
    const Document before = with_spec(c.before), after = with_spec(c.after);
    bool found = false;
    for (const SchemaChange& change : compare_crds(before.root(), after.root())) {
      CAPTURE(change.text);
      if (change.text != c.text) continue;
      found = true;
      CHECK(change.breaking == c.breaking);
    }
    CHECK_MESSAGE(found, c.text);
    CHECK(compare_crds(before.root(), before.root()).empty());
    CHECK_FALSE(crd_patch(before.root(), after.root()).is_null());
  }
}

TEST_CASE("breaking changes are summed up in one message") {
  const auto changes =
      compare_crds(with_spec("a: string, b: string, c: string, d: string, e: string").root(), with_spec("f: string").root());
  auto checked = check_breaking_changes("applications.kro.run", changes);
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error().message() ==
        "cannot update CRD applications.kro.run: breaking changes detected: Property a was removed (spec.a); "
        "Property b was removed (spec.b); Property c was removed (spec.c); and 2 more changes");
  CHECK(
      check_breaking_changes("x", compare_crds(with_spec("a: string").root(), with_spec("a: string, b: string").root())).ok());
}

TEST_CASE("a CRD as the server gives it back needs no patch") {
  const Document desired = with_spec("a: string | default=x");
  Draft stored(desired);
  stored.set(stored.member_path(stored.root(), {"spec", "conversion"}), "strategy", "None");
  Value& column = stored.item(
      stored.member(stored.item(stored.member_path(stored.root(), {"spec", "versions"}), 0), "additionalPrinterColumns"), 0);
  stored.remove(column, "priority");
  stored.set(stored.member_path(stored.root(), {"metadata", "labels"}), "added-by", "somebody");
  CHECK(crd_patch(stored.root(), desired.root()).is_null());
  stored.set(column, "type", "integer");
  CHECK_FALSE(crd_patch(stored.root(), desired.root()).is_null());
}

TEST_CASE("who may change a CRD") {
  const DefinitionOwner owner{Dialect::kGraphDefinition, "", "demo", "uid-2"};
  CHECK(check_crd_owner(with_spec("a: string").root(), owner).ok());  // same name, another uid: adopted
  auto other = check_crd_owner(with_spec("a: string").root(), {Dialect::kGraphDefinition, "", "second", "uid-3"});
  REQUIRE_FALSE(other.ok());
  CHECK(other.error().message() ==
        "failed to update CRD applications.kro.run: CRD is owned by another definition: ResourceGraphDefinition demo");
  Draft foreign(with_spec("a: string"));
  foreign.member_path(foreign.root(), {"metadata", "labels"}) = foreign.object();
  auto not_ours = check_crd_owner(foreign.root(), owner);
  REQUIRE_FALSE(not_ours.ok());
  CHECK(not_ours.error().message().find("CRD already exists and is not owned by KRO") != std::string::npos);
}

}  // namespace
}  // namespace plinth::compose
