"""What the parts of ./dev bench node share: the platform, its pods, what they are measured against, the rows of the page."""
import http.client, json, os, re, shutil, signal, statistics, subprocess, sys, tempfile, time

from compose import Platform as ComposePlatform  # the connection and its certificate

IMAGE = 'docker.io/library/busybox:1.36'
PODS = '/api/v1/namespaces/default/pods'
SETTLE_SECONDS = 0.5  # what is left of a pod in the runtime goes meanwhile


class Platform(ComposePlatform):
    def __init__(self, plinth, folder):
        self.plinth = plinth
        self.root = tempfile.mkdtemp(prefix='node-bench-', dir=os.path.abspath(folder))  # paths go to the runtime
        kubeconfig = os.path.join(self.root, 'kubeconfig')
        self.data = os.path.realpath(self.root) + '/data'
        self.process = subprocess.Popen([plinth, 'up', '--data-dir', self.data, '--api', '127.0.0.1:0', '--node', 'cri', '--node-name', 'bench',
                                         '--pod-cidr', '10.253.77.0/24', '--service-cidr', '10.253.78.0/24', '--ingress-http', '127.0.0.1:0',
                                         '--ingress-https', '127.0.0.1:0', '--write-kubeconfig', kubeconfig], stdout=subprocess.PIPE, text=True)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith('ready'):
                break
        else:
            sys.exit('the platform did not start:\n' + ''.join(lines))
        self.read_kubeconfig(kubeconfig)
        with open(self.data + '/node/containerd.toml') as f:
            self.socket = re.search(r'address = "([^"]+)"', f.read())[1]
        self.run_folder = os.path.dirname(self.socket)
        self.cgroup_root = '/plinth-' + os.path.basename(self.run_folder)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        down = subprocess.run([self.plinth, 'down', '--data-dir', self.data, '--grace', '1'], capture_output=True, text=True)
        if down.returncode != 0:
            print(down.stderr, file=sys.stderr)
        shutil.rmtree(self.root, ignore_errors=True)


class Watch:
    """Pods as they become ready, and as they go."""
    def __init__(self, platform):
        self.connection = http.client.HTTPSConnection(platform.host, platform.port, context=platform.context)
        self.connection.request('GET', PODS + '?watch=true')
        self.stream = self.connection.getresponse()

    def until(self, names, reached):
        names = set(names)
        while names:
            event = json.loads(self.stream.readline())
            name = event['object']['metadata']['name']
            if name in names and reached(event):
                names.discard(name)
        return time.monotonic()


def is_ready(event):
    return any(c['type'] == 'Ready' and c['status'] == 'True' for c in event['object'].get('status', {}).get('conditions', []))


def pod(name, **more):
    return {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': name},
            'spec': {'terminationGracePeriodSeconds': 0, 'enableServiceLinks': False, 'automountServiceAccountToken': False,
                     'containers': [{'name': 'c', 'image': IMAGE, 'command': ['sleep', '1000'], **more.pop('container', {})}], **more}}


def make(client, watch, names):
    begun = time.monotonic()
    for name in names:
        client.call('POST', PODS, pod(name))
    return (watch.until(names, is_ready) - begun) * 1000


def remove(client, watch, names):
    for name in names:
        client.call('DELETE', f'{PODS}/{name}?gracePeriodSeconds=0', {})
    watch.until(names, lambda event: event['type'] == 'DELETED')


class Bare:
    """A program that answers each line with milliseconds."""
    def __init__(self, *arguments):
        self.name = os.path.basename(arguments[0])
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f'{self.name} failed')
        return float(answer)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def in_turn(pairs, ours, theirs):
    """Both measured `pairs` times, now the one first, now the other."""
    own, other = [], []
    for i in range(pairs):
        for measure, times in ((ours, own), (theirs, other))[::1 if i % 2 else -1]:
            times.append(measure(i))
            time.sleep(SETTLE_SECONDS)
    return own, other


def section(title):
    print(f'\n## {title}\n\n| figure | measured | goal | |\n|---|---|---|---|', flush=True)


def row(figure, measured, goal='', held=None):
    print(f'| {figure} | {measured} | {goal} | {"" if held is None else "held" if held else "**missed**"} |', flush=True)


def quartiles(times):
    low, middle, high = statistics.quantiles(times, n=4)
    return f'{middle:.1f} ms ({low:.1f} to {high:.1f})'
