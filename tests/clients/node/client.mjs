// What programs do with @kubernetes/client-node: typed calls, every kind of patch, custom objects, watches, an informer, errors.
import * as k8s from '@kubernetes/client-node';

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const custom = config.makeApiClient(k8s.CustomObjectsApi);
const extensions = config.makeApiClient(k8s.ApiextensionsV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const namespace = 'default';

const until = async (what, condition) => {
  for (let i = 0; i < 400; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('did not happen: ' + what);
};
const refused = async (call) => {
  try {
    await call();
    return 'not refused';
  } catch (e) {
    const status = typeof e.body === 'string' ? JSON.parse(e.body) : e.body;
    return `${e.code} ${status.reason} ${status.message}`;
  }
};

// Lists in pages, and what belongs to them.
for (let i = 0; i < 5; i++) {
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: `page-${i}`, labels: { set: 'page' } }, data: { i: `${i}` } } });
}
const names = [];
let more;
do {
  const page = await core.listNamespacedConfigMap({ namespace, labelSelector: 'set=page', limit: 2, _continue: more });
  names.push(...page.items.map((c) => c.metadata.name));
  more = page.metadata._continue;
} while (more);
console.log('list', names.join(' '));

// An informer: what is there, then what happens; its cache follows.
const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`,
  () => core.listNamespacedConfigMap({ namespace, labelSelector: 'set=page' }), 'set=page');
const seen = [];
for (const verb of ['add', 'update', 'delete']) informer.on(verb, (o) => seen.push(`${verb} ${o.metadata.name}`));
informer.on('error', (e) => e.type === 'aborted' || console.log('informer error', e));
await informer.start();
await until('the first state', () => seen.length >= 5);
await core.patchNamespacedConfigMap({ namespace, name: 'page-1', body: { data: { i: 'x' } } }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
await core.deleteNamespacedConfigMap({ namespace, name: 'page-2' });
await until('the changes', () => seen.includes('delete page-2'));
console.log('informer', seen.slice(5).join(', '), '| cached', informer.list().length, informer.get('page-1', namespace).data.i);
await informer.stop();

// A watch from a revision on.
const start = (await core.listNamespacedConfigMap({ namespace })).metadata.resourceVersion;
await core.patchNamespacedConfigMap({ namespace, name: 'page-3', body: [{ op: 'test', path: '/data/i', value: '3' }, { op: 'add', path: '/data/j', value: 'new' }] },
  k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.JsonPatch));
const events = [];
const ended = new Promise((resolve) => {
  new k8s.Watch(config).watch(`/api/v1/namespaces/${namespace}/configmaps`, { resourceVersion: start, timeoutSeconds: 1 },
    (type, object) => events.push(`${type} ${object.metadata.name}`), resolve);
});
const end = await ended;
console.log('watch', events.join(', '), '| ended', end === undefined || end === null ? 'cleanly' : end.message ?? end);

// The other kinds of patch.
await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: 'web' }, spec: { selector: { matchLabels: { a: 'b' } },
  template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } } } } });
const strategic = await apps.patchNamespacedDeployment({ namespace, name: 'web', body: { spec: { template: { spec: { containers: [{ name: 'd', image: 'busybox' }] } } } } },
  k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.StrategicMergePatch));
console.log('strategic', strategic.spec.template.spec.containers.map((c) => c.name).sort().join(' '), strategic.spec.strategy.type);
const applied = await objects.patch({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied', namespace }, data: { a: '1' } },
  undefined, undefined, 'node-client', true, k8s.PatchStrategy.ServerSideApply);
console.log('apply', applied.metadata.managedFields[0].manager, applied.metadata.managedFields[0].operation);
console.log('apply conflict', await refused(() => objects.patch({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied', namespace }, data: { a: '2' } },
  undefined, undefined, 'another', false, k8s.PatchStrategy.ServerSideApply)));

// A custom resource, as soon as its definition is there.
await extensions.createCustomResourceDefinition({ body: { metadata: { name: 'gadgets.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'gadgets', kind: 'Gadget' },
  versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', properties: {
    spec: { type: 'object', properties: { size: { type: 'integer', minimum: 1, _default: 3 } } }, status: { type: 'object', x_kubernetes_preserve_unknown_fields: true } } } } }] } } });
const gadgets = { group: 'example.com', version: 'v1', namespace, plural: 'gadgets' };
const gadget = await custom.createNamespacedCustomObject({ ...gadgets, body: { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'g' }, spec: {} } });
console.log('custom', gadget.spec.size, gadget.metadata.generation);
const patched = await custom.patchNamespacedCustomObjectStatus({ ...gadgets, name: 'g', body: { status: { phase: 'Fine' } } }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
console.log('custom status', patched.status.phase, (await custom.listNamespacedCustomObject(gadgets)).items.length);
console.log('custom refused', await refused(() => custom.patchNamespacedCustomObject({ ...gadgets, name: 'g', body: { spec: { size: 0 } } }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch))));
console.log('custom strategic', (await refused(() => custom.patchNamespacedCustomObject({ ...gadgets, name: 'g', body: {} }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.StrategicMergePatch)))).slice(0, 24));
await custom.deleteNamespacedCustomObject({ ...gadgets, name: 'g' });
console.log('custom gone', (await refused(() => custom.getNamespacedCustomObject({ ...gadgets, name: 'g' }))));

// Errors in Kubernetes' own form.
console.log('missing', await refused(() => core.readNamespacedPod({ namespace, name: 'none' })));
console.log('exists', await refused(() => core.createNamespace({ body: { metadata: { name: 'default' } } })));
console.log('invalid', await refused(() => core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'Bad' } } })));
console.log('conflict', await refused(() => core.replaceNamespacedConfigMap({ namespace, name: 'page-0', body: { metadata: { name: 'page-0', resourceVersion: '1' } } })));
console.log('expired', await refused(() => core.listNamespacedConfigMap({ namespace, _continue: 'nonsense' })));
await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'set=page' });
console.log('left', (await core.listNamespacedConfigMap({ namespace, labelSelector: 'set=page' })).items.length);
