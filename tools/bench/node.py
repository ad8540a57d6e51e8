#!/usr/bin/env python3
"""What a node adds to its container runtime; called by ./dev bench node (root, containerd, CNI plugins).

A platform with --node cri, and beside it bare CRI calls to the same containerd (build/release/bare_pods), taken in turn: pairs of one pod,
created to Ready against sandbox and container created and started; a group of pods at once; resident memory with that group running. The
image is there, pods have one container, the bridge network and no probe. Times of the platform go from before the request is sent until the
event with the condition Ready has been read.
"""
import argparse, http.client, json, os, re, shutil, signal, statistics, subprocess, sys, tempfile, time

from compose import Platform as ComposePlatform  # the connection and its certificate

IMAGE = 'docker.io/library/busybox:1.36'
PODS = '/api/v1/namespaces/default/pods'


class Platform(ComposePlatform):
    def __init__(self, plinth, folder):
        self.plinth = plinth
        self.root = tempfile.mkdtemp(prefix='node-bench-', dir=folder)
        kubeconfig = os.path.join(self.root, 'kubeconfig')
        self.data = self.root + '/data'
        self.process = subprocess.Popen([plinth, 'up', '--data-dir', self.data, '--api', '127.0.0.1:0', '--node', 'cri', '--node-name', 'bench',
                                         '--pod-cidr', '10.253.77.0/24', '--write-kubeconfig', kubeconfig], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith('ready'):
                break
        self.read_kubeconfig(kubeconfig)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        down = subprocess.run([self.plinth, 'down', '--data-dir', self.data, '--grace', '1'], capture_output=True, text=True)
        if down.returncode != 0:
            print(down.stderr, file=sys.stderr)
        shutil.rmtree(self.root, ignore_errors=True)

    def socket(self):
        with open(self.data + '/node/containerd.toml') as f:
            return re.search(r'address = "([^"]+)"', f.read())[1]


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


def pod(name):
    return {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': name},
            'spec': {'terminationGracePeriodSeconds': 0, 'enableServiceLinks': False, 'automountServiceAccountToken': False,
                     'containers': [{'name': 'c', 'image': IMAGE, 'command': ['sleep', '1000']}]}}


def make(client, watch, names):
    begun = time.monotonic()
    for name in names:
        client.call('POST', PODS, pod(name))
    return (watch.until(names, is_ready) - begun) * 1000


def remove(client, watch, names):
    for name in names:
        client.call('DELETE', f'{PODS}/{name}?gracePeriodSeconds=0', {})
    watch.until(names, lambda event: event['type'] == 'DELETED')
    time.sleep(0.5)  # what is left of it in the runtime goes meanwhile


class Bare:
    def __init__(self, program, platform):
        self.process = subprocess.Popen([program, platform.socket(), IMAGE, '/plinth-bench', platform.root + '/logs'], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def pods(self, count):
        self.process.stdin.write(f'pods {count}\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit('bare_pods failed')
        return float(line)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def resident_mb(pids):
    total = 0
    for pid in pids:
        try:
            with open(f'/proc/{pid}/smaps_rollup') as f:
                total += int(re.search(r'Pss:\s+(\d+)', f.read())[1])
        except OSError:
            pass
    return total / 1024


def processes(name, marker):
    """Whose command line has `marker`, by the name of the program."""
    out = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline') as f:
                words = f.read().split('\0')
        except OSError:
            continue
        if os.path.basename(words[0]) == name and any(marker in word for word in words):
            out.append(pid)
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--plinth', required=True)
    parser.add_argument('--bare', required=True)
    parser.add_argument('--pairs', type=int, default=30)
    parser.add_argument('--group', type=int, default=50)
    parser.add_argument('--folder', default=None)
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit('./dev bench node needs root and containerd')
    here = os.path.dirname(os.path.abspath(__file__))
    platform = Platform(options.plinth, options.folder)
    try:
        archive = platform.root + '/busybox.tar'
        subprocess.run([sys.executable, os.path.join(here, '../../tests/scenarios/data/busybox_image.py'), archive, IMAGE], check=True)
        subprocess.run([options.plinth, 'image', 'import', archive, '--data-dir', platform.data], check=True, stdout=subprocess.DEVNULL)
        client, watch, bare = platform.connect(), Watch(platform), Bare(options.bare, platform)
        make(client, watch, ['warm'])  # the image is pulled
        bare.pods(1)
        own, theirs = [], []
        for i in range(options.pairs):
            theirs.append(bare.pods(1))
            own.append(make(client, watch, [f'one-{i}']))
            remove(client, watch, [f'one-{i}'])
        more = statistics.median(a - b for a, b in zip(own, theirs))
        print(f'pod created to Ready          {statistics.median(own):7.1f} ms   bare CRI {statistics.median(theirs):7.1f} ms   '
              f'median difference {more:6.1f} ms of {options.pairs} pairs')
        group_theirs = bare.pods(options.group)
        names = [f'group-{i}' for i in range(options.group)]
        group_own = make(client, watch, names)
        print(f'{options.group} pods at once             {group_own:7.0f} ms   bare CRI {group_theirs:7.0f} ms   ratio {group_own / group_theirs:.2f}')
        time.sleep(2)
        shims = processes('containerd-shim-runc-v2', os.path.dirname(platform.socket()))
        print(f'resident with {options.group + 1} pods         {platform.resident_mb():7.1f} MB   containerd '
              f'{resident_mb(processes("containerd", platform.data)):.0f} MB, {len(shims)} shims {resident_mb(shims):.0f} MB (proportional)')
        busy = platform.processor_seconds()
        time.sleep(10)
        print(f'idle with {options.group + 1} pods             {(platform.processor_seconds() - busy) * 100:7.1f} ms of processor time a second')
        remove(client, watch, names + ['warm'])
        bare.stop()
    finally:
        platform.stop()


if __name__ == '__main__':
    main()
