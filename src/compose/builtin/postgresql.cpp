#include "base/yaml.h"
#include "compose/builtin/definitions.h"

namespace plinth::compose {
namespace {

// Names, labels, keys and texts are those of CloudNativePG, so that what was written for it works. What is not done is refused
// by the API (fields that are not listed), keeps the database from being made (another bootstrap), or is named by the condition
// FieldsFollowed.
constexpr std::string_view kPostgresql = R"(
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: clusters.postgresql.cnpg.io
  annotations: {plinth.dev/definition-version: "1"}
spec:
  schema:
    group: postgresql.cnpg.io
    apiVersion: v1
    kind: Cluster
    types:
      Storage:
        size: string | required=true description="Size of the claim for the data."
        storageClass: string | description="Class of the claim; the default class without it."
        resizeInUseVolumes: boolean
        pvcTemplate: object
      SecretName:
        name: string | required=true
      InitDb:
        database: string | default="app" pattern="^[a-zA-Z_][-a-zA-Z0-9_.]*$" description="The database that is made."
        owner: string | pattern="^[a-zA-Z_][-a-zA-Z0-9_.]*$" description="Its owner; by default called like it."
        secret: SecretName | description="A Secret with username and password of the owner; without it NAME-app is made."
        builtinLocale: string
        dataChecksums: boolean
        encoding: string
        icuLocale: string
        icuRules: string
        import: object
        locale: string
        localeCType: string
        localeCollate: string
        localeProvider: string
        options: "[]string"
        postInitApplicationSQL: "[]string"
        postInitApplicationSQLRefs: object
        postInitSQL: "[]string"
        postInitSQLRefs: object
        postInitTemplateSQL: "[]string"
        postInitTemplateSQLRefs: object
        walSegmentSize: integer
    spec:
      instances: integer | default=1 minimum=1
      imageName: string | default="localhost/plinth/postgresql:15"
      imagePullPolicy: string
      imagePullSecrets: "[]object"
      description: string
      storage: Storage | required=true
      bootstrap:
        initdb: InitDb
        recovery: object
        pg_basebackup: object
      resources: object
      priorityClassName: string
      schedulerName: string
      topologySpreadConstraints: "[]object"
      affinity: object
      backup: object
      certificates: object
      enablePDB: boolean
      enableSuperuserAccess: boolean
      env: "[]object"
      envFrom: "[]object"
      ephemeralVolumeSource: object
      ephemeralVolumesSizeLimit: object
      externalClusters: "[]object"
      failoverDelay: integer
      imageCatalogRef: object
      inheritedMetadata: object
      livenessProbeTimeout: integer
      logLevel: string
      managed: object
      maxSyncReplicas: integer
      minSyncReplicas: integer
      monitoring: object
      nodeMaintenanceWindow: object
      plugins: "[]object"
      postgresGID: integer
      postgresUID: integer
      postgresql: object
      primaryUpdateMethod: string
      primaryUpdateStrategy: string
      probes: object
      projectedVolumeTemplate: object
      replica: object
      replicationSlots: object
      seccompProfile: object
      serviceAccountTemplate: object
      smartShutdownTimeout: integer
      startDelay: integer
      stopDelay: integer
      superuserSecret: object
      switchoverDelay: integer
      tablespaces: "[]object"
      walStorage: object
    status:
      phase: "${postgresql.?status.?readyReplicas.orValue(0) >= 1 ? 'Cluster in healthy state' : 'Setting up primary'}"
      instances: ${postgresql.spec.replicas}
      readyInstances: ${postgresql.?status.?readyReplicas.orValue(0)}
      currentPrimary: ${postgresql.metadata.name + '-0'}
      image: ${postgresql.spec.template.spec.containers[0].image}
      writeService: ${readWrite.metadata.name}
      readService: ${read.metadata.name}
      conditions:
      - >-
        ${cel.bind(supported,
          !has(schema.spec.bootstrap.recovery) && !has(schema.spec.bootstrap.pg_basebackup) && !has(schema.spec.replica),
          cel.bind(ready, supported && runtime.condition(schema, 'ResourcesReady').status == 'True',
            runtime.newCondition({
              type: 'Ready',
              status: ready ? 'True' : 'False',
              reason: ready ? 'ClusterIsReady' : 'ClusterIsNotReady',
              message: ready ? 'Cluster is Ready' : !supported ?
                'no database is made: of spec.bootstrap only initdb is done here, and spec.replica is not' :
                runtime.condition(schema, 'ResourcesReady').message})))}
      - >-
        ${cel.bind(ignored,
          ['affinity', 'backup', 'certificates', 'enablePDB', 'enableSuperuserAccess', 'env', 'envFrom', 'ephemeralVolumeSource',
           'ephemeralVolumesSizeLimit', 'externalClusters', 'failoverDelay', 'imageCatalogRef', 'inheritedMetadata',
           'livenessProbeTimeout', 'logLevel', 'managed', 'maxSyncReplicas', 'minSyncReplicas', 'monitoring',
           'nodeMaintenanceWindow', 'plugins', 'postgresGID', 'postgresUID', 'postgresql', 'primaryUpdateMethod',
           'primaryUpdateStrategy', 'probes', 'projectedVolumeTemplate', 'replica', 'replicationSlots', 'seccompProfile',
           'serviceAccountTemplate', 'smartShutdownTimeout', 'startDelay', 'stopDelay', 'superuserSecret', 'switchoverDelay',
           'tablespaces', 'walStorage'].filter(f, f in dyn(schema.spec)).map(f, 'spec.' + f)
          + ['resizeInUseVolumes', 'pvcTemplate'].filter(f, f in dyn(schema.spec.storage)).map(f, 'spec.storage.' + f)
          + ['recovery', 'pg_basebackup'].filter(f, f in dyn(schema.spec.bootstrap)).map(f, 'spec.bootstrap.' + f)
          + ['builtinLocale', 'dataChecksums', 'encoding', 'icuLocale', 'icuRules', 'import', 'locale', 'localeCType',
             'localeCollate', 'localeProvider', 'options', 'postInitApplicationSQL', 'postInitApplicationSQLRefs', 'postInitSQL',
             'postInitSQLRefs', 'postInitTemplateSQL', 'postInitTemplateSQLRefs', 'walSegmentSize']
            .filter(f, f in dyn(schema.spec.bootstrap.initdb)).map(f, 'spec.bootstrap.initdb.' + f)
          + (schema.spec.instances > 1 ? ['spec.instances (one instance runs)'] : []),
          runtime.newCondition({
            type: 'FieldsFollowed',
            status: size(ignored) == 0 ? 'True' : 'False',
            reason: size(ignored) == 0 ? 'AllFollowed' : 'NotDone',
            message: size(ignored) == 0 ? '' : 'not done here: ' + ignored.join(', ')}))}
    additionalPrinterColumns:
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    - {name: Instances, type: integer, description: Number of instances, jsonPath: .status.instances}
    - {name: Ready, type: integer, description: Number of ready instances, jsonPath: .status.readyInstances}
    - {name: Status, type: string, description: Cluster current status, jsonPath: .status.phase}
    - {name: Primary, type: string, description: Primary pod, jsonPath: .status.currentPrimary}
  resources:
  - id: password
    includeWhen: ["${!has(schema.spec.bootstrap.initdb.secret)}"]
    template:
      apiVersion: v1
      kind: Secret
      metadata:
        name: ${schema.metadata.name}-password
        labels: {cnpg.io/cluster: "${schema.metadata.name}"}
      data:
        password: ${base64.encode(bytes(random.alphanumeric(32)))}
  - id: app
    includeWhen: ["${!has(schema.spec.bootstrap.initdb.secret)}"]
    template:
      apiVersion: v1
      kind: Secret
      metadata:
        name: ${schema.metadata.name}-app
        labels: {cnpg.io/cluster: "${schema.metadata.name}", cnpg.io/userType: app, cnpg.io/reload: "true"}
      type: kubernetes.io/basic-auth
      data:
        username: "${base64.encode(bytes(schema.spec.bootstrap.initdb.?owner.orValue(schema.spec.bootstrap.initdb.database)))}"
        user: "${base64.encode(bytes(schema.spec.bootstrap.initdb.?owner.orValue(schema.spec.bootstrap.initdb.database)))}"
        password: ${base64.encode(password.data.password)}
        dbname: ${base64.encode(bytes(schema.spec.bootstrap.initdb.database))}
        host: ${base64.encode(bytes(schema.metadata.name + '-rw'))}
        port: ${base64.encode(bytes('5432'))}
        pgpass: >-
          ${base64.encode(bytes(schema.metadata.name + '-rw:5432:' + schema.spec.bootstrap.initdb.database + ':'
            + schema.spec.bootstrap.initdb.?owner.orValue(schema.spec.bootstrap.initdb.database) + ':'
            + string(password.data.password) + '\n'))}
        uri: >-
          ${base64.encode(bytes('postgresql://'
            + schema.spec.bootstrap.initdb.?owner.orValue(schema.spec.bootstrap.initdb.database) + ':'
            + string(password.data.password) + '@' + schema.metadata.name + '-rw.' + schema.metadata.namespace + ':5432/'
            + schema.spec.bootstrap.initdb.database))}
        jdbc-uri: >-
          ${base64.encode(bytes('jdbc:postgresql://' + schema.metadata.name + '-rw.' + schema.metadata.namespace + ':5432/'
            + schema.spec.bootstrap.initdb.database + '?password=' + string(password.data.password) + '&user='
            + schema.spec.bootstrap.initdb.?owner.orValue(schema.spec.bootstrap.initdb.database)))}
        fqdn-uri: >-
          ${base64.encode(bytes('postgresql://'
            + schema.spec.bootstrap.initdb.?owner.orValue(schema.spec.bootstrap.initdb.database) + ':'
            + string(password.data.password) + '@' + schema.metadata.name + '-rw.' + schema.metadata.namespace
            + '.svc.cluster.local:5432/' + schema.spec.bootstrap.initdb.database))}
        fqdn-jdbc-uri: >-
          ${base64.encode(bytes('jdbc:postgresql://' + schema.metadata.name + '-rw.' + schema.metadata.namespace
            + '.svc.cluster.local:5432/' + schema.spec.bootstrap.initdb.database + '?password='
            + string(password.data.password) + '&user='
            + schema.spec.bootstrap.initdb.?owner.orValue(schema.spec.bootstrap.initdb.database)))}
  - id: readWrite
    template:
      apiVersion: v1
      kind: Service
      metadata:
        name: ${schema.metadata.name}-rw
        labels: {cnpg.io/cluster: "${schema.metadata.name}"}
      spec:
        selector: {cnpg.io/cluster: "${schema.metadata.name}", cnpg.io/instanceRole: primary}
        ports: [{name: postgres, port: 5432, targetPort: 5432, protocol: TCP}]
  - id: readOnly
    template:
      apiVersion: v1
      kind: Service
      metadata:
        name: ${schema.metadata.name}-ro
        labels: {cnpg.io/cluster: "${schema.metadata.name}"}
      spec:
        selector: {cnpg.io/cluster: "${schema.metadata.name}", cnpg.io/instanceRole: replica}
        ports: [{name: postgres, port: 5432, targetPort: 5432, protocol: TCP}]
  - id: read
    template:
      apiVersion: v1
      kind: Service
      metadata:
        name: ${schema.metadata.name}-r
        labels: {cnpg.io/cluster: "${schema.metadata.name}"}
      spec:
        selector: {cnpg.io/cluster: "${schema.metadata.name}", cnpg.io/podRole: instance}
        ports: [{name: postgres, port: 5432, targetPort: 5432, protocol: TCP}]
  - id: postgresql
    includeWhen:
    - ${!has(schema.spec.bootstrap.recovery)}
    - ${!has(schema.spec.bootstrap.pg_basebackup)}
    - ${!has(schema.spec.replica)}
    readyWhen: ["${postgresql.?status.?readyReplicas.orValue(0) >= 1}"]
    template:
      apiVersion: apps/v1
      kind: StatefulSet
      metadata:
        name: ${schema.metadata.name}
        labels: {cnpg.io/cluster: "${schema.metadata.name}"}
      spec:
        replicas: 1
        serviceName: ${schema.metadata.name}-rw
        selector:
          matchLabels: {cnpg.io/cluster: "${schema.metadata.name}", cnpg.io/podRole: instance}
        persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
        template:
          metadata:
            labels:
              cnpg.io/cluster: ${schema.metadata.name}
              cnpg.io/podRole: instance
              cnpg.io/instanceRole: primary
          spec:
            securityContext: {fsGroup: 26}
            imagePullSecrets: ${schema.spec.imagePullSecrets}
            priorityClassName: ${schema.spec.priorityClassName}
            schedulerName: ${schema.spec.schedulerName}
            topologySpreadConstraints: ${schema.spec.topologySpreadConstraints}
            containers:
            - name: postgres
              image: ${schema.spec.imageName}
              imagePullPolicy: ${schema.spec.imagePullPolicy}
              resources: ${schema.spec.resources}
              env:
              - name: POSTGRES_DB
                value: ${schema.spec.bootstrap.initdb.database}
              - name: POSTGRES_USER
                valueFrom:
                  secretKeyRef:
                    name: "${schema.spec.bootstrap.initdb.?secret.?name.orValue(schema.metadata.name + '-app')}"
                    key: username
              - name: POSTGRES_PASSWORD
                valueFrom:
                  secretKeyRef:
                    name: "${schema.spec.bootstrap.initdb.?secret.?name.orValue(schema.metadata.name + '-app')}"
                    key: password
              - name: PGDATA
                value: /var/lib/postgresql/data/pgdata
              ports: [{name: postgresql, containerPort: 5432, protocol: TCP}]
              readinessProbe:
                tcpSocket: {port: 5432}
              volumeMounts:
              - {name: pgdata, mountPath: /var/lib/postgresql/data}
        volumeClaimTemplates:
        - metadata:
            name: pgdata
            labels: {cnpg.io/cluster: "${schema.metadata.name}"}
          spec:
            accessModes: [ReadWriteOnce]
            storageClassName: ${schema.spec.storage.storageClass}
            resources: {requests: {storage: "${schema.spec.storage.size}"}}
)";

}  // namespace

// The text is ours: it parses.
Document postgresql_definition() { return std::move(parse_yaml(kPostgresql).value()); }

}  // namespace plinth::compose
