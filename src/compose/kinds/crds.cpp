#include "compose/kinds/crds.h"

#include <string>
#include <string_view>

#include "base/yaml.h"

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

constexpr std::string_view kResourcesStatus = R"(
type: array
items:
  type: object
  properties:
    id: {type: string}
    dependencies: {type: array, items: {type: object, properties: {id: {type: string}}}}
)";

// spec of a ResourceGraphDefinition, and the snapshot of it in a GraphRevision.
constexpr std::string_view kDefinitionSpec = R"(
type: object
required: [schema]
properties:
  schema:
    type: object
    description: The API that is made.
    required: [apiVersion, kind, scope]
    properties:
      apiVersion:
        type: string
        description: The version of the API, without its group.
        pattern: ^v[0-9]+(alpha[0-9]+|beta[0-9]+)?$
        x-kubernetes-validations: [{rule: self == oldSelf, message: apiVersion is immutable}]
      kind:
        type: string
        pattern: '^[A-Z][a-zA-Z0-9]{0,62}$'
        x-kubernetes-validations: [{rule: self == oldSelf, message: kind is immutable}]
      group:
        type: string
        default: kro.run
        x-kubernetes-validations: [{rule: self == oldSelf, message: group is immutable}]
      scope:
        type: string
        default: Namespaced
        enum: [Namespaced, Cluster]
        x-kubernetes-validations: [{rule: self == oldSelf, message: scope is immutable}]
      spec: {type: object, x-kubernetes-preserve-unknown-fields: true, description: 'The fields of an instance, as SimpleSchema.'}
      types: {type: object, x-kubernetes-preserve-unknown-fields: true, description: Custom types by name.}
      status: {type: object, x-kubernetes-preserve-unknown-fields: true, description: 'What an instance reports, as expressions.'}
      additionalPrinterColumns:
        type: array
        items:
          type: object
          required: [jsonPath, name, type]
          properties:
            description: {type: string}
            format: {type: string}
            jsonPath: {type: string}
            name: {type: string}
            priority: {type: integer, format: int32}
            type: {type: string}
      shortNames:
        type: array
        maxItems: 32
        x-kubernetes-list-type: set
        items: {type: string, maxLength: 63, pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$'}
      categories:
        type: array
        maxItems: 32
        x-kubernetes-list-type: set
        items: {type: string, maxLength: 63, pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$'}
      metadata:
        type: object
        properties:
          annotations: {type: object, additionalProperties: {type: string}}
          labels: {type: object, additionalProperties: {type: string}}
  resources:
    type: array
    description: What every instance is made of.
    items:
      type: object
      required: [id]
      x-kubernetes-validations:
      - rule: (has(self.template) && !has(self.externalRef)) || (!has(self.template) && has(self.externalRef))
        message: exactly one of template or externalRef must be provided
      properties:
        id: {type: string}
        template: {type: object, x-kubernetes-preserve-unknown-fields: true}
        externalRef:
          type: object
          required: [apiVersion, kind, metadata]
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata:
              type: object
              x-kubernetes-validations:
              - rule: (has(self.name) && !has(self.selector)) || (!has(self.name) && has(self.selector))
                message: exactly one of name or selector must be provided
              properties:
                name: {type: string, minLength: 1}
                namespace: {type: string}
                selector:
                  type: object
                  x-kubernetes-map-type: atomic
                  properties:
                    matchLabels: {type: object, additionalProperties: {type: string}}
                    matchExpressions:
                      type: array
                      x-kubernetes-list-type: atomic
                      items:
                        type: object
                        required: [key, operator]
                        properties:
                          key: {type: string}
                          operator: {type: string}
                          values: {type: array, items: {type: string}, x-kubernetes-list-type: atomic}
        forEach:
          type: array
          items: {type: object, additionalProperties: {type: string}, minProperties: 1, maxProperties: 1}
        includeWhen: {type: array, items: {type: string}}
        readyWhen: {type: array, items: {type: string}}
)";

constexpr std::string_view kResourceGraphDefinition = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: resourcegraphdefinitions.kro.run}
spec:
  group: kro.run
  names:
    kind: ResourceGraphDefinition
    listKind: ResourceGraphDefinitionList
    plural: resourcegraphdefinitions
    singular: resourcegraphdefinition
    shortNames: [rgd]
  scope: Cluster
  versions:
  - name: v1alpha1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: APIVERSION, type: string, jsonPath: .spec.schema.apiVersion}
    - {name: KIND, type: string, jsonPath: .spec.schema.kind}
    - {name: STATE, type: string, jsonPath: .status.state}
    - {name: READY, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    - {name: TOPOLOGICALORDER, type: string, jsonPath: .status.topologicalOrder, priority: 1}
    - {name: AGE, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          status:
            type: object
            properties:
              lastIssuedRevision: {type: integer, format: int64}
              state: {type: string}
              topologicalOrder: {type: array, items: {type: string}}
              instances:
                type: object
                description: How many instances there are and how many of them are not ready.
                properties: {total: {type: integer}, unhealthy: {type: integer}}
)";

constexpr std::string_view kGraphRevision = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: graphrevisions.internal.kro.run}
spec:
  group: internal.kro.run
  names: {kind: GraphRevision, listKind: GraphRevisionList, plural: graphrevisions, singular: graphrevision, shortNames: [gr]}
  scope: Cluster
  versions:
  - name: v1alpha1
    served: true
    storage: true
    subresources: {status: {}}
    selectableFields: [{jsonPath: .spec.snapshot.name}]
    additionalPrinterColumns:
    - {name: RGD, type: string, jsonPath: .spec.snapshot.name, priority: 1}
    - {name: REVISION, type: integer, jsonPath: .spec.revision}
    - {name: HASH, type: string, jsonPath: '.metadata.labels.kro\.run/graph-revision-hash', priority: 1}
    - {name: READY, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    - {name: AGE, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            required: [revision, snapshot]
            x-kubernetes-validations: [{rule: self == oldSelf, message: spec is immutable}]
            properties:
              revision: {type: integer, format: int64, minimum: 1}
              snapshot:
                type: object
                required: [generation, name, spec]
                properties:
                  generation: {type: integer, format: int64}
                  name: {type: string}
          status:
            type: object
            properties:
              topologicalOrder: {type: array, items: {type: string}}
)";

constexpr std::string_view kResourceGroup = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: resourcegroups.kro.run}
spec:
  group: kro.run
  names: {kind: ResourceGroup, listKind: ResourceGroupList, plural: resourcegroups, singular: resourcegroup, shortNames: [rg]}
  scope: Namespaced
  versions:
  - name: v1alpha1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: APIVERSION, type: string, jsonPath: .spec.schema.apiVersion}
    - {name: KIND, type: string, jsonPath: .spec.schema.kind}
    - {name: STATE, type: string, jsonPath: .status.state}
    - {name: TOPOLOGICALORDER, type: string, jsonPath: .status.topologicalOrder, priority: 1}
    - {name: AGE, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            required: [schema]
            properties:
              defaultServiceAccounts:
                type: object
                description: The account to act with, by namespace; "*" stands for every other one.
                additionalProperties: {type: string}
              resources:
                type: array
                items:
                  type: object
                  required: [id, template]
                  properties:
                    id: {type: string}
                    template: {type: object, x-kubernetes-preserve-unknown-fields: true}
                    includeWhen: {type: array, items: {type: string}}
                    readyWhen: {type: array, items: {type: string}}
              schema:
                type: object
                required: [apiVersion, kind]
                properties:
                  apiVersion: {type: string, x-kubernetes-validations: [{rule: self == oldSelf, message: apiVersion is immutable}]}
                  kind: {type: string, x-kubernetes-validations: [{rule: self == oldSelf, message: kind is immutable}]}
                  spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
                  status: {type: object, x-kubernetes-preserve-unknown-fields: true}
                  validation: {type: array, items: {type: string}}
          status:
            type: object
            properties:
              state: {type: string}
              topologicalOrder: {type: array, items: {type: string}}
              lastIssuedRevision: {type: integer, format: int64}
              instances:
                type: object
                description: How many instances there are and how many of them are not ready.
                properties: {total: {type: integer}, unhealthy: {type: integer}}
)";

constexpr std::string_view kDefinitionSettings = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: definitionsettings.plinth.dev}
spec:
  group: plinth.dev
  names:
    kind: DefinitionSettings
    listKind: DefinitionSettingsList
    plural: definitionsettings
    singular: definitionsettings
    shortNames: [defset]
  scope: Cluster
  versions:
  - name: v1alpha1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: DEFINITION, type: string, jsonPath: .spec.definition.name}
    - {name: STRATEGY, type: string, jsonPath: .spec.rollout.strategy}
    - {name: PINNED, type: integer, jsonPath: .spec.rollout.pinnedRevision}
    - {name: AGE, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            required: [definition]
            properties:
              definition:
                type: object
                description: The definition that these settings are for. Of several settings for one definition the oldest counts.
                required: [name]
                properties:
                  kind: {type: string, enum: [ResourceGraphDefinition, ResourceGroup], default: ResourceGraphDefinition}
                  name: {type: string, minLength: 1}
                  namespace: {type: string, description: Of a ResourceGroup.}
              serviceAccount:
                type: object
                description: Children are written with the rights of this account; without it with those of the controller.
                required: [name, namespace]
                properties:
                  name: {type: string, minLength: 1}
                  namespace: {type: string, minLength: 1}
              rollout:
                type: object
                description: How a new revision of the definition reaches the instances.
                default: {}
                properties:
                  strategy:
                    type: string
                    description: AllAtOnce is what kro does. Pinned keeps every instance at pinnedRevision.
                    enum: [AllAtOnce, Pinned]
                    default: AllAtOnce
                  pinnedRevision: {type: integer, format: int64, minimum: 1}
          status:
            type: object
            properties:
              observedGeneration: {type: integer, format: int64}
)";

// The text is ours: it parses.
Document parsed(std::string_view yaml) { return std::move(parse_yaml(yaml).value()); }

Value& schema_at(Draft& crd) {
  Value& versions = crd.member_path(crd.root(), {"spec", "versions"});
  return crd.member_path(crd.item(versions, 0), {"schema", "openAPIV3Schema", "properties"});
}

Document with_status(std::string_view yaml, bool resources, const std::initializer_list<std::string_view>& spec_at) {
  Draft crd(parsed(yaml));
  Value& properties = schema_at(crd);
  Value& status = crd.member_path(properties, {"status", "properties"});
  crd.member(status, "conditions") = crd.clone(parsed(kConditions).root());
  if (resources) crd.member(status, "resources") = crd.clone(parsed(kResourcesStatus).root());
  if (spec_at.size() > 0) crd.member_path(properties, spec_at) = crd.clone(parsed(kDefinitionSpec).root());
  return std::move(crd).finish();
}

}  // namespace

std::vector<Document> composition_crds() {
  std::vector<Document> out;
  out.push_back(with_status(kResourceGraphDefinition, true, {"spec"}));
  out.push_back(with_status(kGraphRevision, true, {"spec", "properties", "snapshot", "properties", "spec"}));
  out.push_back(with_status(kResourceGroup, true, {}));
  out.push_back(with_status(kDefinitionSettings, false, {}));
  return out;
}

}  // namespace plinth::compose
