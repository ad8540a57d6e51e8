#include "workloads/snapshots/snapshot_kinds.h"

#include "base/yaml.h"
#include "client/kind_keeper.h"

namespace plinth::workloads {
namespace {

constexpr std::string_view kSnapshot = R"yaml(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: volumesnapshots.snapshot.storage.k8s.io
  annotations: {api-approved.kubernetes.io: "https://github.com/kubernetes-csi/external-snapshotter/pull/814"}
spec:
  group: snapshot.storage.k8s.io
  scope: Namespaced
  names: {kind: VolumeSnapshot, listKind: VolumeSnapshotList, plural: volumesnapshots, singular: volumesnapshot, shortNames: [vs]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: ReadyToUse, type: boolean, jsonPath: .status.readyToUse, description: Whether a volume can be made of it.}
    - {name: SourcePVC, type: string, jsonPath: .spec.source.persistentVolumeClaimName, description: The claim it was taken of.}
    - {name: SourceSnapshotContent, type: string, jsonPath: .spec.source.volumeSnapshotContentName, description: The content it was made for.}
    - {name: RestoreSize, type: string, jsonPath: .status.restoreSize, description: The least size of a volume made of it.}
    - {name: SnapshotClass, type: string, jsonPath: .spec.volumeSnapshotClassName, description: Its class.}
    - {name: SnapshotContent, type: string, jsonPath: .status.boundVolumeSnapshotContentName, description: The content that it is bound to.}
    - {name: CreationTime, type: date, jsonPath: .status.creationTime, description: When the data is from.}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        description: A request for a snapshot of a volume, or for one that is there.
        required: [spec]
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            description: What is wanted.
            required: [source]
            properties:
              source:
                type: object
                description: What the snapshot is of. Immutable.
                properties:
                  persistentVolumeClaimName:
                    type: string
                    description: A claim of the same namespace, whose volume is copied.
                    x-kubernetes-validations: [{message: persistentVolumeClaimName is immutable, rule: self == oldSelf}]
                  volumeSnapshotContentName:
                    type: string
                    description: A content that is there already.
                    x-kubernetes-validations: [{message: volumeSnapshotContentName is immutable, rule: self == oldSelf}]
                x-kubernetes-validations:
                - message: persistentVolumeClaimName is required once set
                  rule: "!has(oldSelf.persistentVolumeClaimName) || has(self.persistentVolumeClaimName)"
                - message: volumeSnapshotContentName is required once set
                  rule: "!has(oldSelf.volumeSnapshotContentName) || has(self.volumeSnapshotContentName)"
                - message: exactly one of volumeSnapshotContentName and persistentVolumeClaimName must be set
                  rule: "(has(self.volumeSnapshotContentName) && !has(self.persistentVolumeClaimName)) || (!has(self.volumeSnapshotContentName) && has(self.persistentVolumeClaimName))"
              volumeSnapshotClassName:
                type: string
                description: The class; without one the default class of the volume's driver.
                x-kubernetes-validations: [{message: volumeSnapshotClassName must not be the empty string when set, rule: size(self) > 0}]
          status:
            type: object
            description: What has become of it.
            properties:
              boundVolumeSnapshotContentName: {type: string, description: The content that holds the snapshot.}
              creationTime: {type: string, format: date-time, description: When the data is from.}
              error:
                type: object
                description: The last failure.
                properties:
                  message: {type: string}
                  time: {type: string, format: date-time}
              readyToUse: {type: boolean, description: Whether a volume can be made of it.}
              restoreSize:
                type: string
                description: The least size of a volume made of it.
                pattern: '^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$'
                x-kubernetes-int-or-string: true
              volumeGroupSnapshotName: {type: string, description: The group that it was taken with.}
)yaml";

constexpr std::string_view kContent = R"yaml(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: volumesnapshotcontents.snapshot.storage.k8s.io
  annotations: {api-approved.kubernetes.io: "https://github.com/kubernetes-csi/external-snapshotter/pull/955"}
spec:
  group: snapshot.storage.k8s.io
  scope: Cluster
  names: {kind: VolumeSnapshotContent, listKind: VolumeSnapshotContentList, plural: volumesnapshotcontents, singular: volumesnapshotcontent, shortNames: [vsc, vscs]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: ReadyToUse, type: boolean, jsonPath: .status.readyToUse, description: Whether a volume can be made of it.}
    - {name: RestoreSize, type: integer, jsonPath: .status.restoreSize, description: The least size of a volume made of it in bytes.}
    - {name: DeletionPolicy, type: string, jsonPath: .spec.deletionPolicy, description: What becomes of the snapshot when its VolumeSnapshot goes.}
    - {name: Driver, type: string, jsonPath: .spec.driver, description: The CSI driver.}
    - {name: VolumeSnapshotClass, type: string, jsonPath: .spec.volumeSnapshotClassName, description: The class.}
    - {name: VolumeSnapshot, type: string, jsonPath: .spec.volumeSnapshotRef.name, description: The VolumeSnapshot that it is bound to.}
    - {name: VolumeSnapshotNamespace, type: string, jsonPath: .spec.volumeSnapshotRef.namespace, description: And its namespace.}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        description: A snapshot in a storage system.
        required: [spec]
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            description: What it is.
            required: [deletionPolicy, driver, source, volumeSnapshotRef]
            properties:
              deletionPolicy: {type: string, enum: [Delete, Retain], description: What becomes of the snapshot when its VolumeSnapshot goes.}
              driver: {type: string, description: The CSI driver.}
              source:
                type: object
                description: What the snapshot is of. Immutable.
                properties:
                  snapshotHandle:
                    type: string
                    description: A snapshot that is there already, as the driver names it.
                    x-kubernetes-validations: [{message: snapshotHandle is immutable, rule: self == oldSelf}]
                  volumeHandle:
                    type: string
                    description: A volume to take a snapshot of, as the driver names it.
                    x-kubernetes-validations: [{message: volumeHandle is immutable, rule: self == oldSelf}]
                x-kubernetes-validations:
                - {message: volumeHandle is required once set, rule: "!has(oldSelf.volumeHandle) || has(self.volumeHandle)"}
                - {message: snapshotHandle is required once set, rule: "!has(oldSelf.snapshotHandle) || has(self.snapshotHandle)"}
                - message: exactly one of volumeHandle and snapshotHandle must be set
                  rule: "(has(self.volumeHandle) && !has(self.snapshotHandle)) || (!has(self.volumeHandle) && has(self.snapshotHandle))"
              sourceVolumeMode:
                type: string
                description: The mode of the volume that it was taken of.
                x-kubernetes-validations: [{message: sourceVolumeMode is immutable, rule: self == oldSelf}]
              volumeSnapshotClassName: {type: string, description: The class that it was made by.}
              volumeSnapshotRef:
                type: object
                description: The VolumeSnapshot that it is bound to.
                x-kubernetes-map-type: atomic
                properties:
                  apiVersion: {type: string}
                  fieldPath: {type: string}
                  kind: {type: string}
                  name: {type: string}
                  namespace: {type: string}
                  resourceVersion: {type: string}
                  uid: {type: string}
                x-kubernetes-validations:
                - message: both spec.volumeSnapshotRef.name and spec.volumeSnapshotRef.namespace must be set
                  rule: has(self.name) && has(self.__namespace__)
            x-kubernetes-validations:
            - {message: sourceVolumeMode is required once set, rule: "!has(oldSelf.sourceVolumeMode) || has(self.sourceVolumeMode)"}
          status:
            type: object
            description: What has become of it.
            properties:
              creationTime: {type: integer, format: int64, description: When the data is from, in nanoseconds since 1970.}
              error:
                type: object
                description: The last failure.
                properties:
                  message: {type: string}
                  time: {type: string, format: date-time}
              readyToUse: {type: boolean, description: Whether a volume can be made of it.}
              restoreSize: {type: integer, format: int64, minimum: 0, description: The least size of a volume made of it in bytes.}
              snapshotHandle: {type: string, description: The snapshot as the driver names it.}
              volumeGroupSnapshotHandle: {type: string, description: The group that it was taken with.}
)yaml";

constexpr std::string_view kClass = R"yaml(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: volumesnapshotclasses.snapshot.storage.k8s.io
  annotations: {api-approved.kubernetes.io: "https://github.com/kubernetes-csi/external-snapshotter/pull/814"}
spec:
  group: snapshot.storage.k8s.io
  scope: Cluster
  names: {kind: VolumeSnapshotClass, listKind: VolumeSnapshotClassList, plural: volumesnapshotclasses, singular: volumesnapshotclass, shortNames: [vsclass, vsclasses]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {}
    additionalPrinterColumns:
    - {name: Driver, type: string, jsonPath: .driver}
    - {name: DeletionPolicy, type: string, jsonPath: .deletionPolicy, description: What becomes of a snapshot when its VolumeSnapshot goes.}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        description: How snapshots are taken.
        required: [deletionPolicy, driver]
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          deletionPolicy: {type: string, enum: [Delete, Retain], description: What becomes of a snapshot when its VolumeSnapshot goes.}
          driver: {type: string, description: The CSI driver.}
          parameters:
            type: object
            description: What the driver is told.
            additionalProperties: {type: string}
)yaml";

}  // namespace

std::vector<Document> snapshot_definitions() {
  std::vector<Document> out;
  for (const std::string_view text : {kSnapshot, kContent, kClass}) {
    auto parsed = parse_yaml(text);
    if (parsed.ok()) out.push_back(std::move(*parsed));
  }
  return out;
}

std::unique_ptr<client::Controller> make_snapshot_kinds() {
  return client::make_kind_keeper("snapshot-kinds", snapshot_definitions());
}

}  // namespace plinth::workloads
