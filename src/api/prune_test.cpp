#include "api/prune.h"

#include <doctest/doctest.h>

#include "api/decode.h"
#include "base/json.h"

namespace plinth::api {
namespace {

// type: object, properties: spec{a: string, list: [{b: integer}], map: {*: {c}}, open: preserve-unknown {d}, child: embedded
// resource}
struct Fixture {
  Schema text{.type = SchemaType::kString};
  Schema number{.type = SchemaType::kInteger};
  Field item_fields[1] = {{.name = "b", .schema = &number}};
  Schema item{.type = SchemaType::kObject, .fields = item_fields};
  Schema list{.type = SchemaType::kArray, .items = &item};
  Field value_fields[1] = {{.name = "c", .schema = &text}};
  Schema value{.type = SchemaType::kObject, .fields = value_fields};
  Schema map{.type = SchemaType::kObject, .additional = &value};
  Field open_fields[1] = {{.name = "d", .schema = &item}};
  Schema open{.type = SchemaType::kObject, .preserve_unknown = true, .fields = open_fields};
  Schema child{.type = SchemaType::kObject, .embedded_resource = true, .fields = value_fields};
  Field spec_fields[5] = {{.name = "a", .schema = &text},
                          {.name = "child", .schema = &child},
                          {.name = "list", .schema = &list},
                          {.name = "map", .schema = &map},
                          {.name = "open", .schema = &open}};
  Schema spec{.type = SchemaType::kObject, .fields = spec_fields};
  Field root_fields[1] = {{.name = "spec", .schema = &spec}};
  Schema root{.type = SchemaType::kObject, .fields = root_fields};

  std::string run(std::string_view json) {
    Draft draft(parse_json(json).value());
    std::vector<std::string> unknown;
    const auto done = decode_custom(draft, draft.root(), root, &unknown);
    if (!done.ok()) return "error: " + std::move(const_cast<Result<void>&>(done)).error().message();
    std::string out = to_json(draft.root());
    for (const std::string& path : unknown) out += " // " + path;
    return out;
  }
};

}  // namespace

TEST_CASE("what a custom schema does not declare is removed and reported") {
  Fixture f;
  CHECK(f.run(R"({"apiVersion":"a/v1","kind":"K","metadata":{"name":"n"},"spec":{"a":"x"}})") ==
        R"({"apiVersion":"a/v1","kind":"K","metadata":{"name":"n"},"spec":{"a":"x"}})");
  CHECK(f.run(R"({"spec":{"a":"x","z":{"y":1},"list":[{"b":1,"q":2},3],"map":{"k":{"c":"x","q":1}}},"other":1})") ==
        R"({"spec":{"a":"x","list":[{"b":1},3],"map":{"k":{"c":"x"}}}} // other // spec.list[0].q // spec.map.k.q // spec.z)");
  CHECK(f.run(R"({"spec":{"open":{"x":{"y":[{"z":1}]},"d":{"b":1,"q":1}}}})") ==
        R"({"spec":{"open":{"x":{"y":[{"z":1}]},"d":{"b":1}}}} // spec.open.d.q)");
  CHECK(
      f.run(R"({"spec":{"child":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","foo":1},"c":"1","q":2}}})") ==
      R"({"spec":{"child":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"c":"1"}}} // spec.child.metadata.foo // spec.child.q)");
}

TEST_CASE("metadata of a custom resource has the form of ObjectMeta") {
  Fixture f;
  CHECK(f.run(R"({"metadata":{"name":"n","labels":null,"creationTimestamp":null,"bogus":1}})") ==
        R"({"metadata":{"name":"n"}} // metadata.bogus)");
  CHECK(
      f.run(R"({"metadata":{"labels":{"a":1}}})") ==
      R"(error: metadata: Invalid value: {"labels":{"a":1}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string)");
  CHECK(f.run(R"({"kind":1})") == "error: kind: Invalid value: 1: must be a string");
}

}  // namespace plinth::api
