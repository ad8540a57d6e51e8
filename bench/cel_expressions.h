// The expressions that cel_bench measures: what schemas, policies and compositions are made of, and every kind of operation.
#pragma once

namespace plinth::bench {

inline constexpr const char* kCelExpressions[] = {
    // rules of schemas
    "self.replicas <= self.maxReplicas && self.replicas >= self.minReplicas",
    "has(self.strategy) || self.paused",
    "self.name.startsWith('app-') && self.name.size() <= 63",
    "self.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    "self.ports.all(p, p.port > 0 && p.port < 65536)",
    "self.ports.exists(p, p.name == 'https')",
    "self.ports.exists_one(p, p.protocol == 'UDP')",
    "self.containers.all(c, has(c.image) && c.image.contains(':'))",
    "self.type in ['ClusterIP', 'NodePort', 'LoadBalancer']",
    "self.labels.all(k, k.size() < 64)",
    "!has(self.ttl) || self.ttl > duration('1m')",
    "self.replicas == oldSelf.replicas || self.paused",
    "self.containers.map(c, c.name) == oldSelf.containers.map(c, c.name)",
    "quantityText == '500m' ? true : quantityText.endsWith('Mi')",
    // compositions
    "schema.metadata.name + '-' + schema.spec.env",
    "schema.spec.ingress.enabled ? schema.spec.ingress.host : schema.spec.name + '.local'",
    "'http://' + schema.metadata.name + '.' + schema.metadata.namespace + '.svc:' + string(schema.spec.port)",
    "schema.spec.?database.?version.orValue('15')",
    "schema.spec.containers.filter(c, c.name != 'sidecar').map(c, c.image)",
    "deployment.status.availableReplicas == deployment.spec.replicas",
    "deployment.status.conditions.exists(c, c.type == 'Available' && c.status == 'True')",
    "{'app': schema.metadata.name, 'tier': 'web'}",
    "[schema.spec.name, schema.spec.env, 'fixed']",
    "schema.spec.env == 'prod' ? 3 : schema.spec.env == 'stage' ? 2 : 1",
    "cel.bind(n, schema.spec.replicas, n * 2 + n % 3)",
    "schema.metadata.labels.transformList(k, v, k + '=' + v)",
    "optional.of(schema.spec.replicas).hasValue()",
    // the language itself
    "1 + 2 * x - 7 / 2",
    "x > 3 && y < 10.0 || z == 'no'",
    "double(x) * 1.5 >= y",
    "'a,b,c,d'.split(',').size() == 4",
    "z.lowerAscii().replace('e', 'E')",
    "[1, 2, 3, 4, 5].map(i, i * x)",
    "[3, 1, 2].exists(i, i == x)",
    "{'k': x}['k'] + {'k': 1}.k",
    "timestamp('2026-11-22T10:00:00Z') + duration('1h') > now",
    "now.getFullYear() == 2026",
    "size(z) + size(self.labels) + size(self.ports)",
    "type(x) == int && x in [1, 2, 3, 5, 8]",
    "math.greatest(x, 3, 7) + math.abs(-x)",
};

}  // namespace plinth::bench
