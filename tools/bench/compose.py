#!/usr/bin/env python3
"""What composition costs, as a client sees it; called by ./dev bench compose.

A platform of its own on the loopback interface, its data on disk; one HTTPS connection writes (eight where a thousand objects are made),
another watches. A time goes from before the request is sent until the event that ends it has been read. Medians unless said otherwise;
the generator is Python and shares the machine's processors.
"""
import argparse, base64, http.client, json, os, re, shutil, signal, ssl, statistics, subprocess, sys, tempfile, threading, time

GRAPHS = '/apis/kro.run/v1alpha1/resourcegraphdefinitions'
CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'


class Platform:
    def __init__(self, plinth, folder, node='none'):
        self.root = tempfile.mkdtemp(prefix='compose-', dir=folder)
        kubeconfig = os.path.join(self.root, 'kubeconfig')
        self.process = subprocess.Popen([plinth, 'up', '--data-dir', self.root + '/data', '--api', '127.0.0.1:0', '--node', node,
                                         '--write-kubeconfig', kubeconfig], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith('ready'):
                break
        self.read_kubeconfig(kubeconfig)

    def read_kubeconfig(self, kubeconfig):
        with open(kubeconfig) as f:
            text = f.read()
        self.host, port = re.search(r'server: https://([^:\s]+):(\d+)', text).groups()
        self.port = int(port)
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        pem = os.path.join(self.root, 'client.pem')
        with open(pem, 'wb') as out:
            for name in ('client-certificate-data', 'client-key-data'):
                out.write(base64.b64decode(re.search(name + r': (\S+)', text)[1]))
        self.context.load_cert_chain(pem)

    def resident_mb(self):
        with open(f'/proc/{self.process.pid}/status') as f:
            return int(re.search(r'VmRSS:\s+(\d+)', f.read())[1]) / 1024

    def processor_seconds(self):
        with open(f'/proc/{self.process.pid}/stat') as f:
            fields = f.read().rsplit(') ', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def connect(self):
        return Client(http.client.HTTPSConnection(self.host, self.port, context=self.context))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)


class Client:
    def __init__(self, connection):
        self.connection = connection

    def call(self, method, path, body=None, content_type='application/json'):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, {'Content-Type': content_type})
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise SystemExit(f'{method} {path}: {answer.status} {data.decode()[:400]}')
        return data


class Watch:
    """Calls `seen` with each line of a watch until told to stop; begins with what is there."""

    def __init__(self, platform, path, seen):
        self.connection = platform.connect().connection
        self.connection.request('GET', path + ('&' if '?' in path else '?') + 'watch=true')
        self.answer = self.connection.getresponse()
        self.seen = seen
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for line in self.answer:
                self.seen(line)
        except (OSError, ValueError, AttributeError):
            pass


class Awaited:
    """Names of objects of which an event was read that has `mark` in it, and when."""

    def __init__(self, platform, path, mark):
        self.mark, self.times, self.changed = mark, {}, threading.Condition()
        self.watch = Watch(platform, path, self.see)

    def see(self, line):
        if self.mark not in line:
            return
        name = json.loads(line)['object']['metadata']['name']
        with self.changed:
            self.times.setdefault(name, time.perf_counter())
            self.changed.notify_all()

    def wait(self, name=None, count=None, seconds=120):
        with self.changed:
            done = self.changed.wait_for(lambda: name in self.times if name else len(self.times) >= count, seconds)
            if not done:
                raise SystemExit(f'waited for {name or count} in vain: {len(self.times)} came')
            return self.times[name] if name else max(self.times.values())


def template(kind, name, **more):
    return {'apiVersion': 'v1', 'kind': kind, 'metadata': {'name': '${schema.metadata.name}-' + name}, **more}


def deployment():
    """One pod; ready when the Deployment says that it is available."""
    labels = {'app': '${schema.metadata.name}'}
    pod = {'metadata': {'labels': labels}, 'spec': {'containers': [{'name': 'c', 'image': 'registry.example/app:1'}]}}
    made = template('Deployment', 'd', spec={'replicas': 1, 'selector': {'matchLabels': labels}, 'template': pod})
    made['apiVersion'] = 'apps/v1'
    return {'id': 'deployment', 'template': made, 'readyWhen': ['${deployment.status.?availableReplicas.orValue(0) == 1}']}


def definition(kind, config_maps, version='one', more=()):
    resources = [{'id': f'map{i}', 'template': template('ConfigMap', f'm{i}', data={'value': '${schema.spec.value}', 'version': version})}
                 for i in range(config_maps)]
    resources += [{'id': 'service', 'template': template('Service', 's', spec={'selector': {'app': '${schema.metadata.name}'}, 'ports': [{'port': 80}]})},
                  {'id': 'account', 'template': template('ServiceAccount', 'a')}]
    resources += more
    return {'apiVersion': 'kro.run/v1alpha1', 'kind': 'ResourceGraphDefinition', 'metadata': {'name': kind.lower()},
            'spec': {'schema': {'apiVersion': 'v1alpha1', 'kind': kind, 'spec': {'value': 'string | default=x'}}, 'resources': resources}}


def instance(kind, name):
    return {'apiVersion': 'kro.run/v1alpha1', 'kind': kind, 'metadata': {'name': name}, 'spec': {'value': 'v'}}


def path_of(kind):
    return f'/apis/kro.run/v1alpha1/namespaces/default/{kind.lower()}s'


def make_active(platform, client, kind, config_maps, more=()):
    active = Awaited(platform, GRAPHS, b'"state":"Active"')
    client.call('POST', GRAPHS, definition(kind, config_maps, more=more))
    active.wait(kind.lower())


def bench_established(platform, client, rounds):
    established, times = Awaited(platform, CRDS, b'"type":"Established"'), []
    for i in range(rounds):
        start = time.perf_counter()
        client.call('POST', GRAPHS, definition(f'Est{i}a', 1))
        times.append(established.wait(f'est{i}as.kro.run') - start)
    return times


def bench_instances(platform, client, rounds):
    make_active(platform, client, 'Three', 1)
    ready, times = Awaited(platform, path_of('Three'), b'"state":"ACTIVE"'), []
    for i in range(rounds):
        start = time.perf_counter()
        client.call('POST', path_of('Three'), instance('Three', f'i{i}'))
        times.append(ready.wait(f'i{i}') - start)
    return times


def bench_many(platform, client, count, config_maps=3, more=()):
    """(when the last was written, when all were ready)"""
    make_active(platform, client, 'Five', config_maps, more)
    ready = Awaited(platform, path_of('Five'), b'"state":"ACTIVE"')
    start = time.perf_counter()

    def write(share):
        writer = platform.connect()
        for i in range(share, count, 8):
            writer.call('POST', path_of('Five'), instance('Five', f'five{i}'))

    writers = [threading.Thread(target=write, args=(share,)) for share in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    written = time.perf_counter() - start
    return written, ready.wait(count=count) - start


def bench_change(platform, client, count):
    changed = Awaited(platform, '/api/v1/namespaces/default/configmaps?labelSelector=kro.run/node-id=map1', b'"version":"two"')
    time.sleep(2)
    resources = definition('Five', 3)['spec']['resources']
    resources[1]['template']['data']['version'] = 'two'
    start = time.perf_counter()
    client.call('PATCH', GRAPHS + '/five', {'spec': {'resources': resources}}, 'application/merge-patch+json')
    return changed.wait(count=count) - start


def bench_deployments(plinth, folder, count):
    """(seconds, processor seconds) until all are ready; each has a pod on the virtual node."""
    platform = Platform(plinth, folder, node='sim')
    try:
        client = platform.connect()
        before = platform.processor_seconds()
        _, ready = bench_many(platform, client, count, 2, [deployment()])
        return ready, platform.processor_seconds() - before
    finally:
        platform.stop()


def bench_definitions(plinth, folder, count):
    platform = Platform(plinth, folder)
    try:
        client, before = platform.connect(), platform.resident_mb()
        active = Awaited(platform, GRAPHS, b'"state":"Active"')
        for i in range(count):
            client.call('POST', GRAPHS, definition(f'Mem{i}a', 3))
        active.wait(count=count)
        time.sleep(3)
        return before, platform.resident_mb()
    finally:
        platform.stop()


def row(what, measured, goal, held):
    print(f'| {what} | {measured} | {goal} | {"held" if held else "missed"} |', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--plinth', required=True)
    parser.add_argument('--cel', help='the program cel_bench')
    parser.add_argument('--dir', default='build', help='where the data goes')
    parser.add_argument('--instances', type=int, default=1000)
    parser.add_argument('--definitions', type=int, default=200)
    arguments = parser.parse_args()
    print(__doc__)
    print(f'{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before the run (other work makes every figure worse)\n')
    print('| figure | measured | goal | |\n|---|---|---|---|')
    platform = Platform(arguments.plinth, arguments.dir)
    try:
        client = platform.connect()
        times = bench_established(platform, client, 20)
        row('definition applied until its CRD is Established', f'{statistics.median(times) * 1e3:.1f} ms (best {min(times) * 1e3:.1f})', '20 ms',
            statistics.median(times) < 0.020)
        times = bench_instances(platform, client, 50)
        row('instance of a ConfigMap, a Service and a ServiceAccount, until it is ready', f'{statistics.median(times) * 1e3:.1f} ms (best {min(times) * 1e3:.1f})',
            '10 ms', statistics.median(times) < 0.010)
        before = platform.processor_seconds()
        written, ready = bench_many(platform, client, arguments.instances)
        between = platform.processor_seconds()
        row(f'{arguments.instances} instances of five children, until all are ready', f'{ready:.2f} s (the last was written after {written:.2f}; the platform\'s own processor time {between - before:.2f})', '3 s', ready < 3)
        changed = bench_change(platform, client, arguments.instances)
        row('a change of their definition, until every child has it',
            f'{changed:.2f} s (processor time {platform.processor_seconds() - between:.2f})', '3 s', changed < 3)
    finally:
        platform.stop()
    ready, used = bench_deployments(arguments.plinth, arguments.dir, arguments.instances)
    row(f'{arguments.instances} instances of five children, one of them a Deployment, on a virtual node (--node sim)',
        f'{ready:.2f} s (processor time {used:.2f})', '15 s', ready < 15)
    before, after = bench_definitions(arguments.plinth, arguments.dir, arguments.definitions)
    row(f'resident memory with {arguments.definitions} definitions', f'{after:.0f} MB (without: {before:.0f})', '150 MB', after < 150)
    if arguments.cel:
        print()
        sys.stdout.flush()
        subprocess.run([arguments.cel], check=True)


if __name__ == '__main__':
    main()
