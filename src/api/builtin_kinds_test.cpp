#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "api/kind.h"

namespace plinth::api {
namespace {

const KindRow* row(std::string_view group, std::string_view plural) {
  for (const KindRow& one : builtin_kinds()) {
    if (one.group == group && one.plural == plural) return &one;
  }
  return nullptr;
}

void check_schema(const Schema& schema, std::set<const Schema*>& seen) {
  if (!seen.insert(&schema).second) return;
  CHECK(schema.builtin);
  CHECK(std::is_sorted(schema.fields.begin(), schema.fields.end(),
                       [](const Field& a, const Field& b) { return a.name < b.name; }));
  for (const Field& field : schema.fields) {
    CAPTURE(field.name);
    REQUIRE(field.schema != nullptr);
    CHECK(schema.field(field.name) == &field);
    check_schema(*field.schema, seen);
  }
  if (schema.items != nullptr) check_schema(*schema.items, seen);
  if (schema.additional != nullptr) check_schema(*schema.additional, seen);
}

}  // namespace

TEST_CASE("rows of the built-in kinds") {
  const KindRow* deployments = row("apps", "deployments");
  REQUIRE(deployments != nullptr);
  CHECK(deployments->kind == "Deployment");
  CHECK(deployments->list_kind == "DeploymentList");
  CHECK(deployments->scope == Scope::kNamespaced);
  CHECK(deployments->verbs == kVerbAll);
  CHECK(deployments->keeps_generation);
  CHECK(deployments->short_names.size() == 1);
  REQUIRE(deployments->versions.size() == 1);
  CHECK(deployments->versions[0].has_status);
  CHECK(deployments->versions[0].scale.spec_replicas == ".spec.replicas");
  REQUIRE(deployments->versions[0].subresources.size() == 2);
  CHECK(deployments->versions[0].subresources[0].name == "scale");
  CHECK(deployments->versions[0].subresources[0].kind.kind == "Scale");

  // A property that is called like a keyword keeps its type under an overlay.
  const Field* limit = builtin_type("core.v1.LimitRangeItem")->field("default");
  REQUIRE(limit != nullptr);
  CHECK(limit->schema->type == SchemaType::kObject);
  REQUIRE(row("", "nodes")->short_names.size() == 1);
  CHECK(row("", "nodes")->short_names[0] == "no");
  CHECK_FALSE(row("authentication.k8s.io", "tokenreviews")->stored);
  CHECK(row("authentication.k8s.io", "tokenreviews")->verbs == kVerbCreate);
  CHECK(row("events.k8s.io", "events")->storage_plural == "events");
  CHECK(row("", "pods")->versions[0].selectable_fields.size() == 9);
  const KindRow* hpa = row("autoscaling", "horizontalpodautoscalers");
  REQUIRE(hpa->versions.size() == 2);
  CHECK(hpa->versions[0].name == "v2");
  CHECK(hpa->versions[1].conversion == "horizontalPodAutoscalerV1");
  // A version without parts of its own has those of the first.
  const KindRow* cron_jobs = row("batch", "cronjobs");
  REQUIRE(cron_jobs->versions.size() == 2);
  CHECK(cron_jobs->versions[1].subresources.size() == cron_jobs->versions[0].subresources.size());
  CHECK(builtin_kinds()[0].group.empty());
}

TEST_CASE("each schema that a row reaches is well formed") {
  std::set<const Schema*> seen;
  std::set<std::uint64_t> stamps;
  for (const KindRow& one : builtin_kinds()) {
    CAPTURE(one.kind);
    CHECK(one.stamp != 0);
    stamps.insert(one.stamp);
    for (const KindVersion& version : one.versions) {
      REQUIRE(version.schema != nullptr);
      CHECK(version.schema->field("metadata") != nullptr);
      check_schema(*version.schema, seen);
    }
  }
  CHECK(seen.size() > 500);
  CHECK(stamps.size() == builtin_kinds().size());
}

TEST_CASE("what Go types say is in the schemas") {
  const Schema* spec = builtin_type("apps.v1.DeploymentSpec");
  REQUIRE(spec != nullptr);
  CHECK(builtin_type("apps.v1.Nothing") == nullptr);
  const Field* replicas = spec->field("replicas");
  REQUIRE(replicas != nullptr);
  CHECK(replicas->pointer);
  CHECK(replicas->pb_path.size() == 1);
  CHECK(replicas->schema->format == "int32");
  CHECK(replicas->default_value != nullptr);
  CHECK(replicas->default_value->as_int() == 1);
  // Go's omitempty never leaves a struct out; omitzero does.
  CHECK_FALSE(spec->field("strategy")->omit_empty);
  CHECK(spec->field("strategy")->patch_strategy == kPatchRetainKeys);
  CHECK(builtin_type("meta.v1.ObjectMeta")->field("creationTimestamp")->omit_empty);

  const Field* ports = builtin_type("core.v1.Container")->field("ports");
  CHECK(ports->patch_strategy == kPatchMerge);
  CHECK(ports->patch_merge_key == "containerPort");
  CHECK(ports->schema->list_type == ListType::kMap);
  CHECK(ports->schema->list_map_keys.size() == 2);
  CHECK(builtin_type("core.v1.Secret")->field("data")->schema->additional->wire == Wire::kBytes);
  CHECK(builtin_type("core.v1.Volume")->field("emptyDir")->pb_path.size() == 2);
  CHECK(builtin_type("core.v1.ResourceRequirements")->field("limits")->schema->additional->wire == Wire::kQuantity);
  CHECK(builtin_type("core.v1.LocalObjectReference")->map_type == MapType::kAtomic);
  CHECK(builtin_type("apiextensions.v1.JSONSchemaProps")->field("additionalProperties")->schema->additional ==
        builtin_type("apiextensions.v1.JSONSchemaProps"));
}

}  // namespace plinth::api
