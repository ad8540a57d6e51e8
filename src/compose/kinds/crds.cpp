#include "compose/kinds/crds.h"

#include <string>
#include <string_view>

#include "base/text.h"
#include "base/yaml.h"
#include "compose/kinds/schemas.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kConditions = R"(
type: array
items:
  type: object
  required: [status, type]
  properties:
    lastTransitionTime: {type: string, format: date-time}
    message: {type: string}
    observedGeneration: {type: integer, format: int64, minimum: 0}
    reason: {type: string}
    status: {type: string}
    type: {type: string}
)";

// What a definition and its revisions tell of their graph.
constexpr std::string_view kGraphStatus = R"(
topologicalOrder: {type: array, items: {type: string}}
resources:
  type: array
  items:
    type: object
    properties:
      id: {type: string}
      dependencies: {type: array, items: {type: object, properties: {id: {type: string}}}}
)";

constexpr std::string_view kDefinitionStatus = R"(
state: {type: string}
lastIssuedRevision: {type: integer, format: int64}
instances:
  type: object
  description: How many instances there are and how many of them are not ready.
  properties: {total: {type: integer}, unhealthy: {type: integer}}
)";

constexpr std::string_view kDefinitionColumns = R"(
- {name: APIVERSION, type: string, jsonPath: .spec.schema.apiVersion}
- {name: KIND, type: string, jsonPath: .spec.schema.kind}
- {name: STATE, type: string, jsonPath: .status.state}
- {name: READY, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
- {name: TOPOLOGICALORDER, type: string, jsonPath: .status.topologicalOrder, priority: 1}
)";

constexpr std::string_view kGroupColumns = R"(
- {name: APIVERSION, type: string, jsonPath: .spec.schema.apiVersion}
- {name: KIND, type: string, jsonPath: .spec.schema.kind}
- {name: STATE, type: string, jsonPath: .status.state}
- {name: TOPOLOGICALORDER, type: string, jsonPath: .status.topologicalOrder, priority: 1}
)";

constexpr std::string_view kRevisionColumns = R"(
- {name: RGD, type: string, jsonPath: .spec.snapshot.name, priority: 1}
- {name: REVISION, type: integer, jsonPath: .spec.revision}
- {name: HASH, type: string, jsonPath: '.metadata.labels.kro\.run/graph-revision-hash', priority: 1}
- {name: READY, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
)";

constexpr std::string_view kSettingsColumns = R"(
- {name: DEFINITION, type: string, jsonPath: .spec.definition.name}
- {name: STRATEGY, type: string, jsonPath: .spec.rollout.strategy}
- {name: PHASE, type: string, jsonPath: .status.rollout.phase}
- {name: REVISION, type: integer, jsonPath: .status.rollout.targetRevision}
- {name: INSTANCES, type: integer, jsonPath: .status.rollout.instances}
- {name: UPDATED, type: integer, jsonPath: .status.rollout.updated}
- {name: READY, type: integer, jsonPath: .status.rollout.ready}
- {name: PINNED, type: integer, jsonPath: .spec.rollout.pinnedRevision, priority: 1}
)";

struct KindRow {
  std::string_view group, kind, plural, short_name;
  bool namespaced;
  std::string_view columns;              // AGE follows
  std::string_view spec;                 // schema
  std::vector<std::string_view> status;  // properties, besides the conditions
  bool spec_required = false;
};

// The text is ours: it parses.
Document parsed(std::string_view yaml) { return std::move(parse_yaml(yaml).value()); }

Value names_value(Draft& crd, const KindRow& row) {
  Value names = crd.object();
  crd.set(names, "kind", row.kind);
  crd.set(names, "listKind", std::string(row.kind) + "List");
  crd.set(names, "plural", row.plural);
  crd.set(names, "singular", to_lower(row.kind));
  crd.push(crd.member(names, "shortNames"), crd.text(row.short_name));
  return names;
}

Value schema_value(Draft& crd, const KindRow& row) {
  Value schema = crd.object();
  crd.set(schema, "type", "object");
  if (row.spec_required) crd.push(crd.member(schema, "required"), crd.text("spec"));
  Value properties = crd.clone(parsed("{apiVersion: {type: string}, kind: {type: string}, metadata: {type: object}}").root());
  crd.member(properties, "spec") = crd.clone(parsed(row.spec).root());
  Value status = crd.object();
  for (std::string_view part : row.status) {
    const Document fields = parsed(part);
    for (const Member& field : fields.root().members()) crd.member(status, field.key()) = crd.clone(field.value);
  }
  crd.member(status, "conditions") = crd.clone(parsed(kConditions).root());
  crd.set(crd.member_path(properties, {"status"}) = crd.object(), "type", "object");
  crd.member_path(properties, {"status", "properties"}) = status;
  crd.member(schema, "properties") = properties;
  return schema;
}

Draft definition_of_kind(const KindRow& row) {
  Draft crd;
  crd.root() = crd.object();
  crd.set(crd.root(), "apiVersion", "apiextensions.k8s.io/v1");
  crd.set(crd.root(), "kind", "CustomResourceDefinition");
  crd.set(crd.member(crd.root(), "metadata") = crd.object(), "name", std::string(row.plural) + "." + std::string(row.group));
  Value spec = crd.object();
  crd.set(spec, "group", row.group);
  crd.member(spec, "names") = names_value(crd, row);
  crd.set(spec, "scope", row.namespaced ? "Namespaced" : "Cluster");
  Value version = crd.clone(parsed("{name: v1alpha1, served: true, storage: true, subresources: {status: {}}}").root());
  Value& columns = crd.member(version, "additionalPrinterColumns");
  columns = crd.clone(parsed(row.columns).root());
  crd.push(columns, crd.clone(parsed("{name: AGE, type: date, jsonPath: .metadata.creationTimestamp}").root()));
  crd.member_path(version, {"schema", "openAPIV3Schema"}) = schema_value(crd, row);
  crd.push(crd.member(spec, "versions"), version);
  crd.member(crd.root(), "spec") = spec;
  return crd;
}

Document revision_definition() {
  Draft crd = definition_of_kind({"internal.kro.run",
                                  "GraphRevision",
                                  "graphrevisions",
                                  "gr",
                                  false,
                                  kRevisionColumns,
                                  kRevisionSpecSchema,
                                  {kGraphStatus}});
  Value& version = crd.item(crd.member_path(crd.root(), {"spec", "versions"}), 0);
  crd.member(version, "selectableFields") = crd.clone(parsed("[{jsonPath: .spec.snapshot.name}]").root());
  crd.member_path(version, {"schema", "openAPIV3Schema", "properties", "spec", "properties", "snapshot", "properties",
                            "spec"}) = crd.clone(parsed(kDefinitionSpecSchema).root());
  return std::move(crd).finish();
}

}  // namespace

std::vector<Document> composition_crds() {
  std::vector<Document> out;
  out.push_back(definition_of_kind({"kro.run",
                                    "ResourceGraphDefinition",
                                    "resourcegraphdefinitions",
                                    "rgd",
                                    false,
                                    kDefinitionColumns,
                                    kDefinitionSpecSchema,
                                    {kDefinitionStatus, kGraphStatus}})
                    .finish());
  out.push_back(revision_definition());
  out.push_back(definition_of_kind({"kro.run",
                                    "ResourceGroup",
                                    "resourcegroups",
                                    "rg",
                                    true,
                                    kGroupColumns,
                                    kResourceGroupSpecSchema,
                                    {kDefinitionStatus, kGraphStatus}})
                    .finish());
  out.push_back(definition_of_kind({"plinth.dev",
                                    "DefinitionSettings",
                                    "definitionsettings",
                                    "defset",
                                    false,
                                    kSettingsColumns,
                                    kSettingsSpecSchema,
                                    {kSettingsStatusSchema},
                                    true})
                    .finish());
  return out;
}

}  // namespace plinth::compose
