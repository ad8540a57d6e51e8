#include "compose/kinds/schemas.h"

namespace plinth::compose {

const std::string_view kSettingsSpecSchema = R"(
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
    x-kubernetes-validations:
    - rule: (self.kind == 'ResourceGroup') == has(self.__namespace__)
      message: a ResourceGroup is named with its namespace, a ResourceGraphDefinition without
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
        description: >-
          AllAtOnce is what kro does. Pinned keeps every instance at pinnedRevision. OneByOne moves an instance when the one
          before is ready. Canary moves the instances that its selector matches, and the others when those are ready.
        enum: [AllAtOnce, Pinned, OneByOne, Canary]
        default: AllAtOnce
      pinnedRevision: {type: integer, format: int64, minimum: 1}
      canary:
        type: object
        required: [selector]
        properties:
          selector:
            type: object
            description: Labels of the instances that go first.
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
                    operator: {type: string, enum: [In, NotIn, Exists, DoesNotExist]}
                    values: {type: array, items: {type: string}, x-kubernetes-list-type: atomic}
          promotion:
            type: string
            description: Manual waits for promotedRevision once the canaries are ready.
            enum: [Automatic, Manual]
            default: Automatic
          promotedRevision: {type: integer, format: int64, minimum: 1, description: The revision that may reach all instances.}
      onUnhealthy:
        type: string
        description: >-
          When an instance of the new revision reports an error, or is not ready in time. Stop moves no further instance until
          it is ready. RollBack takes those that were moved back to the revision before.
        enum: [Stop, RollBack]
        default: Stop
      progressDeadlineSeconds:
        type: integer
        format: int64
        description: Time that an instance has to become ready after it was moved.
        minimum: 1
        default: 600
    x-kubernetes-validations:
    - rule: self.strategy != 'Pinned' || has(self.pinnedRevision)
      message: pinnedRevision is required with the strategy Pinned
    - rule: self.strategy != 'Canary' || has(self.canary)
      message: canary is required with the strategy Canary
)";

const std::string_view kSettingsStatusSchema = R"(
observedGeneration: {type: integer, format: int64}
rollout:
  type: object
  description: Where the rollout stands. Absent with the strategy AllAtOnce.
  properties:
    strategy: {type: string}
    phase:
      type: string
      description: Progressing, AwaitingPromotion, Stopped, RollingBack, RolledBack or Complete.
    stableRevision: {type: integer, format: int64, description: Of instances that were not moved.}
    targetRevision: {type: integer, format: int64, description: Of instances that were.}
    failedRevision: {type: integer, format: int64, description: That was rolled back; it is not tried again.}
    instances: {type: integer, format: int64}
    updated: {type: integer, format: int64, description: Instances that were moved to targetRevision.}
    ready: {type: integer, format: int64, description: Those of them that are ready.}
    unhealthy: {type: array, items: {type: string}, description: The first of them that are not.}
    message: {type: string}
    movedAt: {type: string, format: date-time, description: When an instance was last moved.}
)";

}  // namespace plinth::compose
