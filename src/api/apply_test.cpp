#include "api/apply.h"

#include <doctest/doctest.h>

#include "api/kind.h"
#include "api/scale_managers.h"
#include "api/typed.h"
#include "base/json.h"

using namespace plinth;
using namespace plinth::api;

namespace {

Document doc(std::string_view json) {
  Result<Document> parsed = parse_json(json);
  REQUIRE(parsed.ok());
  return std::move(*parsed);
}

// One object and its managers, written by several.
class Object {
 public:
  explicit Object(std::string_view type = "apps.v1.Deployment", std::string_view api_version = "apps/v1",
                  std::string_view kind = "Deployment") {
    scope_.schema = builtin_type(type);
    scope_.api_version = api_version;
    scope_.kind = kind;
    scope_.now_s = 1700000000;
  }

  OwnershipScope& scope() { return scope_; }

  Result<ApplyOutput> try_apply(std::string_view manager, std::string_view config, bool force = false) {
    config_ = doc(config);
    ApplyInput input;
    input.scope = scope_;
    input.live = live_;
    input.live_managers = &managers_;
    input.config = config_;
    input.manager = manager;
    input.force = force;
    return api::apply(input);
  }

  void apply(std::string_view manager, std::string_view config, bool force = false) {
    Result<ApplyOutput> out = try_apply(manager, config, force);
    if (!out.ok()) MESSAGE(out.error().message());
    REQUIRE(out.ok());
    store(out->object);
    managers_ = std::move(out->managers);
    changed_ = out->changed;
  }

  void update(std::string_view manager, std::string_view next, std::string_view requested = "null") {
    UpdateInput input;
    input.scope = scope_;
    input.live = live_;
    input.live_managers = &managers_;
    input.next = doc(next);
    input.requested_managers = doc(requested);
    input.manager = manager;
    managers_ = track_update(input);
    store(input.next);
  }

  // As if it had been stored so.
  void adopt(std::string_view object, std::string_view managers) {
    store(doc(object));
    managers_ = *ManagedFields::parse_json(managers);
  }

  std::string text() const {
    Draft draft(live_);
    if (Value* metadata = draft.mutable_find(draft.root(), "metadata")) draft.remove(*metadata, "uid");
    return to_json(draft.root());
  }
  std::string managers() const { return managers_.to_json(); }
  // FieldsV1 of a manager's first entry.
  std::string fields(std::string_view manager) const {
    for (const ManagedEntry& e : managers_.entries()) {
      if (e.manager == manager) return e.fields.to_json();
    }
    return "";
  }
  std::size_t count() const { return managers_.entries().size(); }
  bool changed() const { return changed_; }
  ManagedFields& entries() { return managers_; }

 private:
  void store(const Document& object) {
    Draft draft(object);
    draft.member_path(draft.root(), {"metadata", "uid"}) = draft.text("u");
    live_ = std::move(draft).finish();
  }

  OwnershipScope scope_;
  Document live_, config_;
  ManagedFields managers_;
  bool changed_ = false;
};

std::string deployment(std::string_view rest) {
  return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","namespace":"default"})" + std::string(rest) +
         "}";
}

std::string containers(std::string_view list) {
  return deployment(R"(,"spec":{"template":{"spec":{"containers":)" + std::string(list) + "}}}");
}

}  // namespace

TEST_CASE("apply: creates, and owns what the configuration says") {
  Object o;
  o.apply("alice",
          deployment(R"(,"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
    "spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}]}]}}})"));
  CHECK(o.changed());
  CHECK(
      o.managers() ==
      R"([{"manager":"alice","operation":"Apply","apiVersion":"apps/v1","time":"2023-11-14T22:13:20Z","fieldsType":"FieldsV1",)"
      R"("fieldsV1":{"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:containers":)"
      R"({"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},)"
      R"("f:containerPort":{}}}}}}}}}}])");
}

TEST_CASE("apply: applying the same again changes nothing, times included") {
  Object o;
  std::string config = deployment(R"(,"spec":{"replicas":2})");
  o.apply("alice", config);
  std::string before = o.managers();
  o.scope().now_s += 100;
  o.apply("alice", config);
  CHECK_FALSE(o.changed());
  CHECK(o.managers() == before);
}

TEST_CASE("apply: what the manager drops goes, unless others own it") {
  Object o;
  o.apply("alice", deployment(R"(,"spec":{"replicas":2,"paused":true,"minReadySeconds":5})"));
  o.apply("bob", deployment(R"(,"spec":{"paused":true})"));
  o.apply("alice", deployment(R"(,"spec":{"minReadySeconds":5})"));
  CHECK(o.text() == deployment(R"(,"spec":{"paused":true,"minReadySeconds":5})"));
  CHECK(o.fields("alice") == R"({"f:spec":{"f:minReadySeconds":{}}})");
  CHECK(o.fields("bob") == R"({"f:spec":{"f:paused":{}}})");
}

TEST_CASE("apply: conflicts") {
  Object o;
  o.apply("alice", containers(R"([{"name":"a","image":"one"},{"name":"b","image":"one"}])"));
  Result<ApplyOutput> one = o.try_apply("bob", containers(R"([{"name":"a","image":"two"}])"));
  REQUIRE_FALSE(one.ok());
  CHECK(one.error().code() == 409);
  CHECK(one.error().message() ==
        "Apply failed with 1 conflict: conflict with \"alice\": .spec.template.spec.containers[name=\"a\"].image");
  REQUIRE(one.error().details().causes.size() == 1);
  CHECK(one.error().details().causes[0].type == "FieldManagerConflict");
  CHECK(one.error().details().causes[0].message == "conflict with \"alice\"");
  CHECK(one.error().details().causes[0].field == ".spec.template.spec.containers[name=\"a\"].image");

  o.update("kubectl-scale", containers(R"([{"name":"a","image":"one"},{"name":"b","image":"three"}])"));
  Result<ApplyOutput> two = o.try_apply("bob", containers(R"([{"name":"a","image":"two"},{"name":"b","image":"two"}])"));
  REQUIRE_FALSE(two.ok());
  CHECK(two.error().message() ==
        "Apply failed with 2 conflicts: conflicts with \"alice\":\n- .spec.template.spec.containers[name=\"a\"].image\n"
        "conflicts with \"kubectl-scale\" using apps/v1:\n- .spec.template.spec.containers[name=\"b\"].image");

  o.apply("bob", containers(R"([{"name":"a","image":"two"}])"), true);
  CHECK(
      o.fields("alice") ==
      R"({"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:name":{}},"k:{\"name\":\"b\"}":{".":{},"f:name":{}}}}}}})");
  // The same value is shared, no conflict.
  o.apply("carol", containers(R"([{"name":"a","image":"two"}])"));
  CHECK(o.fields("carol") == o.fields("bob"));
}

TEST_CASE("apply: the order of merged lists") {
  struct Case {
    std::string_view live, config, merged;
  };
  const Case cases[] = {
      {"ab", "ab", "ab"},    {"ab", "ba", "ba"},      {"abc", "ca", "bca"}, {"abc", "d", "abcd"},   {"abc", "da", "dabc"},
      {"abc", "bd", "abcd"}, {"abc", "dbe", "adbce"}, {"", "ba", "ba"},     {"abcd", "db", "acdb"}, {"ab", "xaybz", "xaybz"},
  };
  auto list = [](std::string_view names) {
    std::string out = "[";
    for (char c : names) out += std::string(out.size() > 1 ? "," : "") + R"({"name":")" + c + "\"}";
    return out + "]";
  };
  TypeRef type = object_type(*builtin_type("core.v1.PodSpec"));
  for (const Case& c : cases) {
    CAPTURE(c.live);
    CAPTURE(c.config);
    Document live = doc(R"({"containers":)" + list(c.live) + "}"), config = doc(R"({"containers":)" + list(c.config) + "}");
    Draft draft(live);
    draft.adopt(config);
    CHECK(to_json(merge_typed(type, live.root(), config.root(), draft)) == R"({"containers":)" + list(c.merged) + "}");
  }
}

TEST_CASE("apply: bodies that are refused") {
  struct Case {
    std::string config, message;
  };
  const Case cases[] = {
      {R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}})", "invalid object type: /v1, Kind=Pod"},
      {R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","managedFields":[]}})",
       "metadata.managedFields must be nil"},
      {deployment(R"(,"spec":{"foo":1})"),
       "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema"},
      {deployment(R"(,"spec":{"replicas":"two"})"),
       "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or "
       "float), got string"},
      {deployment(R"(,"spec":{"paused":1})"),
       "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): .spec.paused: expected boolean, got &{1}"},
      {deployment(R"(,"spec":{"template":[]})"),
       "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): .spec.template: expected map, got &{[]}"},
      {containers(R"({"a":1})"),
       "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): .spec.template.spec.containers: expected "
       "list, got &{map[a:1]}"},
      {containers(R"([{"image":"x"}])"),
       "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): .spec.template.spec.containers: element 0: "
       "associative "
       "list with keys has an element that omits all key fields [\"name\"] (and doesn't have default values for any key "
       "fields)"},
      {containers(R"([{"name":"a"},{"name":"a"}])"),
       "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate "
       "entries for "
       "key [name=\"a\"]"},
      {containers(R"([{"name":7}])"),
       "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): "
       ".spec.template.spec.containers[name=7].name: expected "
       "string, got &value.valueUnstructured{Value:7}"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.message);
    Object o;
    Result<ApplyOutput> out = o.try_apply("alice", c.config);
    REQUIRE_FALSE(out.ok());
    CHECK(out.error().code() == 400);
    CHECK(out.error().message() == c.message);
  }
}

TEST_CASE("apply: an object that nobody tracked gets an owner for what it had") {
  Object o;
  o.update("someone", deployment(R"(,"spec":{"replicas":1})"));
  o.update("someone", deployment(R"(,"spec":{"replicas":1})"), "[]");
  CHECK(o.count() == 0);  // reset
  o.update("someone", deployment(R"(,"spec":{"replicas":2})"));
  CHECK(o.count() == 0);  // and untracked from then on
  Result<ApplyOutput> out = o.try_apply("alice", deployment(R"(,"spec":{"replicas":3})"));
  REQUIRE_FALSE(out.ok());
  CHECK(out.error().message() ==
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using apps/v1: .spec.replicas");
  o.apply("alice", deployment(R"(,"spec":{"minReadySeconds":1})"));
  CHECK(o.fields("before-first-apply") == R"({"f:spec":{"f:replicas":{}}})");
}

TEST_CASE("apply: kubectl takes over from client-side apply and keeps its annotation") {
  auto with_annotation = [](std::string_view replicas, std::string_view annotation) {
    std::string text;
    append_json_string(text, annotation);
    return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","namespace":"default","annotations":)"
           R"({"kubectl.kubernetes.io/last-applied-configuration":)" +
           text + R"(}},"spec":{"replicas":)" + std::string(replicas) + "}}";
  };
  std::string last = deployment(R"(,"spec":{"replicas":1})");
  Object o;
  o.update("kubectl-client-side-apply", with_annotation("1", last));
  CHECK_FALSE(o.try_apply("other", deployment(R"(,"spec":{"replicas":2})")).ok());
  o.apply("kubectl", deployment(R"(,"spec":{"replicas":2})"));
  CHECK(
      o.text() ==
      with_annotation(
          "2",
          R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","namespace":"default"},"spec":{"replicas":2}})"
          "\n"));
  // A field that somebody changed since is not taken over.
  Object changed;
  changed.update("kubectl-client-side-apply", with_annotation("1", last));
  changed.update("autoscaler", with_annotation("5", last));
  Result<ApplyOutput> out = changed.try_apply("kubectl", deployment(R"(,"spec":{"replicas":2})"));
  REQUIRE_FALSE(out.ok());
  CHECK(out.error().message() == "Apply failed with 1 conflict: conflict with \"autoscaler\" using apps/v1: .spec.replicas");
}

TEST_CASE("apply: endpoints reset what is not theirs") {
  Object o;
  FieldFilter no_status = FieldFilter::without({{"status"}}), no_spec = FieldFilter::without({{"spec"}});
  o.scope().reset = &no_status;
  o.apply("alice", deployment(R"(,"spec":{"replicas":1},"status":{"replicas":7})"));
  CHECK(o.fields("alice") == R"({"f:spec":{"f:replicas":{}}})");
  o.scope().reset = &no_spec;
  o.scope().subresource = "status";
  o.update("controller", deployment(R"(,"spec":{"replicas":1},"status":{"replicas":1})"));
  CHECK(o.fields("controller") == R"({"f:status":{"f:replicas":{}}})");
  CHECK(o.managers().find(R"("subresource":"status")") != std::string::npos);
  FieldFilter resize = FieldFilter::only({{"spec", "containers", "*", "resources"}});
  FieldSet set = FieldSet::of(
      {{"spec", "containers", "x", "resources", "limits"}, {"spec", "containers", "x", "image"}, {"metadata", "labels"}});
  CHECK(resize.filter(set).to_json() == R"({"f:spec":{"f:containers":{"f:x":{"f:resources":{"f:limits":{}}}}}})");
}

TEST_CASE("update: fields move to the writer; nothing changed, nothing written") {
  Object o;
  o.update("alice", deployment(R"(,"spec":{"replicas":1,"paused":true})"));
  CHECK(o.fields("alice") == R"({"f:spec":{"f:paused":{},"f:replicas":{}}})");
  o.scope().now_s += 60;
  o.update("bob", deployment(R"(,"spec":{"replicas":2,"paused":true})"));
  CHECK(o.fields("alice") == R"({"f:spec":{"f:paused":{}}})");
  CHECK(o.fields("bob") == R"({"f:spec":{"f:replicas":{}}})");
  std::string before = o.managers();
  o.scope().now_s += 60;
  o.update("carol", deployment(R"(,"spec":{"replicas":2,"paused":true})"));
  CHECK(o.managers() == before);
  o.update("carol", deployment(R"(,"spec":{"replicas":2})"));
  CHECK(o.fields("alice").empty());  // removed fields have no owner
  CHECK(o.count() == 1);
  // Managed fields sent along replace those that are stored, on the main endpoint only.
  o.update(
      "dave", deployment(R"(,"spec":{"replicas":2})"),
      R"([{"manager":"eve","operation":"Apply","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}}}])");
  CHECK(o.fields("eve") == R"({"f:spec":{"f:replicas":{}}})");
}

TEST_CASE("update: old updaters are merged") {
  Object o;
  std::string labels;
  for (int i = 0; i < 14; ++i) {
    labels += std::string(i > 0 ? "," : "") + "\"l" + std::to_string(i) + "\":\"v\"";
    o.scope().now_s += 10;
    o.update("m" + std::to_string(i),
             R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","labels":{)" + labels + "}}}");
  }
  CHECK(o.count() == kUpdateManagersMax);
  CHECK(o.fields("ancient-changes") ==
        R"({"f:metadata":{"f:labels":{".":{},"f:l0":{},"f:l1":{},"f:l2":{},"f:l3":{},"f:l4":{}}}})");
}

namespace {

// Two versions; in v2 the replicas are called size.
class TwoVersions final : public ObjectVersions {
 public:
  TwoVersions(const Schema& v1, const Schema& v2) : v1_(v1), v2_(v2) {}
  const Schema* schema(std::string_view version) const override {
    return version == "example.com/v1" ? &v1_ : version == "example.com/v2" ? &v2_ : nullptr;
  }
  const FieldFilter* reset(std::string_view) const override { return nullptr; }
  Result<Document> convert(const Document& object, std::string_view version) const override {
    Draft draft(object);
    draft.set(draft.root(), "apiVersion", version);
    bool to_v2 = version == "example.com/v2";
    Value& spec = draft.member(draft.root(), "spec");
    if (const Value* old = spec.find(to_v2 ? "replicas" : "size")) {
      Value kept = *old;
      draft.remove(spec, to_v2 ? "replicas" : "size");
      draft.set(spec, to_v2 ? "size" : "replicas", kept);
    }
    return std::move(draft).finish();
  }

 private:
  const Schema &v1_, &v2_;
};

}  // namespace

TEST_CASE("apply: entries of other versions") {
  Schema number, text;
  number.type = SchemaType::kInteger;
  text.type = SchemaType::kString;
  auto kind = [](Schema& spec, Schema& root, std::span<const Field> spec_fields, std::span<const Field> root_fields) {
    spec.type = root.type = SchemaType::kObject;
    spec.fields = spec_fields;
    root.fields = root_fields;
  };
  Schema spec1, root1, spec2, root2;
  Field fields1[] = {{"note", &text}, {"replicas", &number}}, fields2[] = {{"note", &text}, {"size", &number}};
  Field roots1[] = {{"spec", &spec1}}, roots2[] = {{"spec", &spec2}};
  kind(spec1, root1, fields1, roots1);
  kind(spec2, root2, fields2, roots2);
  TwoVersions versions(root1, root2);
  Object o;
  o.scope() = {&root1, "example.com/v1", "Thing", "", nullptr, &versions, 1700000000};
  o.apply("alice",
          R"({"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"x"},"spec":{"replicas":1,"note":"a"}})");
  // Another version of the same object: alice's replicas are bob's size.
  o.scope().schema = &root2;
  o.scope().api_version = "example.com/v2";
  Document v2 = *versions.convert(doc(o.text()), "example.com/v2");
  Object two;
  two.scope() = o.scope();
  two.adopt(to_json(v2.root()), o.managers());
  Result<ApplyOutput> conflict =
      two.try_apply("bob", R"({"apiVersion":"example.com/v2","kind":"Thing","metadata":{"name":"x"},"spec":{"size":2}})");
  REQUIRE_FALSE(conflict.ok());
  CHECK(conflict.error().message() == "Apply failed with 1 conflict: conflict with \"alice\": .spec.replicas");
  // Entries of a version that is gone are dropped.
  two.adopt(
      to_json(v2.root()),
      R"([{"manager":"old","operation":"Apply","apiVersion":"example.com/v0","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:size":{}}}}])");
  two.apply("bob", R"({"apiVersion":"example.com/v2","kind":"Thing","metadata":{"name":"x"},"spec":{"size":2}})");
  CHECK(two.fields("old").empty());
}

TEST_CASE("managed fields: parsing") {
  CHECK(ManagedFields::parse_json("")->empty());
  CHECK(ManagedFields::parse_json("null")->empty());
  CHECK(ManagedFields::is_reset(doc("[]").root()));
  CHECK(ManagedFields::is_reset(doc("[{}]").root()));
  CHECK_FALSE(ManagedFields::is_reset(doc("null").root()));
  CHECK_FALSE(ManagedFields::is_reset(doc("[{},{}]").root()));
  struct Case {
    std::string_view json, message;
  };
  const Case cases[] = {
      {R"([{"manager":"m","operation":"Grow"}])", "operation must be `Apply` or `Update`"},
      {R"([{"manager":"m","operation":"Apply"}])", "apiVersion must not be empty"},
      {R"([{"manager":"m","operation":"Apply","apiVersion":"v1"}])", "missing fieldsType in managed fields entry 0"},
      {R"([{"manager":"m","operation":"Apply","apiVersion":"v1","fieldsType":"F2"}])",
       "invalid fieldsType \"F2\" in managed fields entry 0"},
  };
  for (const Case& c : cases) {
    Result<ManagedFields> parsed = ManagedFields::parse_json(c.json);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message() == c.message);
  }
}

TEST_CASE("scale: its writes are tracked on the parent") {
  const ReplicasPath paths[] = {{"apps/v1", {"spec", "replicas"}}};
  ManagedFields parent = *ManagedFields::parse_json(
      R"([{"manager":"alice","operation":"Apply","apiVersion":"apps/v1","time":"2023-11-14T22:13:20Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:paused":{},"f:replicas":{}}}}])");
  CHECK(
      managers_of_scale(parent, paths).to_json() ==
      R"([{"manager":"alice","operation":"Apply","apiVersion":"autoscaling/v1","time":"2023-11-14T22:13:20Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}}}])");
  ManagedFields scale = *ManagedFields::parse_json(
      R"([{"manager":"hpa","operation":"Update","apiVersion":"autoscaling/v1","time":"2023-11-15T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}},"subresource":"scale"}])");
  CHECK(
      managers_of_parent(parent, scale, paths, "apps/v1").to_json() ==
      R"([{"manager":"alice","operation":"Apply","apiVersion":"apps/v1","time":"2023-11-14T22:13:20Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:paused":{}}}},)"
      R"({"manager":"hpa","operation":"Update","apiVersion":"apps/v1","time":"2023-11-15T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}},"subresource":"scale"}])");
  CHECK(managers_of_parent(parent, managers_of_scale(parent, paths), paths, "apps/v1").to_json() == parent.to_json());
}

TEST_CASE("apply: a schema in a custom resource definition may be an object, a list or a boolean wherever it stands") {
  Object o("apiextensions.v1.CustomResourceDefinition", "apiextensions.k8s.io/v1", "CustomResourceDefinition");
  const char* crd =
      R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"as.b.c"},"spec":{"group":"b.c","versions":[{"name":"v1",
          "schema":{"openAPIV3Schema":{"type":"object","properties":{
            "list":{"type":"array","items":{"type":"object","required":["a"],"properties":{"a":{"type":"string","default":"x","enum":["x",1]}}}},
            "map":{"type":"object","additionalProperties":{"anyOf":[{"type":"integer"}],"x-kubernetes-int-or-string":true}},
            "open":{"type":"object","additionalProperties":true,"default":{"a":{"b":[1]}}}}}}}]}})";
  o.apply("m", crd);
  CHECK(doc(o.text())["spec"]["versions"]
            .items()[0]["schema"]["openAPIV3Schema"]["properties"]["list"]["items"]["type"]
            .as_string() == "object");
  CHECK(o.fields("m") == R"({"f:spec":{"f:group":{},"f:versions":{}}})");
  o.apply("m", crd);
  CHECK_FALSE(o.changed());
}
