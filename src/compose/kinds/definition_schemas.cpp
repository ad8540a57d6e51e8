#include "compose/kinds/schemas.h"

namespace plinth::compose {

const std::string_view kDefinitionSpecSchema = R"(
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
              properties:
                name: {type: string, minLength: 1}
                namespace: {type: string}
                selector:
                  description: A LabelSelector, or an expression that gives one.
                  x-kubernetes-preserve-unknown-fields: true
        forEach:
          type: array
          items: {type: object, additionalProperties: {type: string}, minProperties: 1, maxProperties: 1}
        includeWhen: {type: array, items: {type: string}}
        readyWhen: {type: array, items: {type: string}}
)";

const std::string_view kResourceGroupSpecSchema = R"(
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
)";

const std::string_view kRevisionSpecSchema = R"(
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
)";

}  // namespace plinth::compose
