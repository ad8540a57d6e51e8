#!/usr/bin/env python3
"""Kills the platform, its storage driver or its container runtime, stops the driver for a while, or takes the node down as before a reboot,
while pods with volumes come and go, again and again:

    volume_kills.py PLINTH KUBECTL [ROUNDS [SEED]]

After each round the platform is started again where it was killed. At the end every pod runs and has what it wrote; when all is deleted
no mount, loop device, directory or volume is left, and `plinth down` leaves nothing at all.
"""
import glob, hashlib, json, os, random, re, shutil, signal, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
WAIT_SECONDS = 180
POD = {'terminationGracePeriodSeconds': 1, 'securityContext': {'fsGroup': 2000}}
WRITER = 'n=$(tail -n 1 /data/log 2>/dev/null); n=${n:-0}; while true; do n=$((n+1)); echo $n >> /data/log; sync; sleep 0.2; done'


def claim(name, size, **more):
    return {'metadata': {'name': name}, 'spec': {'accessModes': ['ReadWriteOnce'], 'resources': {'requests': {'storage': size}}, **more}}


def objects():
    container = {'name': 'c', 'image': 'busybox:1.36', 'command': ['sh', '-c', WRITER], 'volumeMounts': [
        {'name': 'data', 'mountPath': '/data'}, {'name': 'data', 'mountPath': '/part', 'subPath': 'a/b'},
        {'name': 'memory', 'mountPath': '/memory'}, {'name': 'secret', 'mountPath': '/secret'}]}
    labels = {'app': 'writer'}
    yield 'v1', 'Secret', {'metadata': {'name': 'secret'}, 'stringData': {'key': 'value'}}
    yield 'v1', 'PersistentVolumeClaim', claim('raw', '16Mi', volumeMode='Block')
    yield 'apps/v1', 'StatefulSet', {'metadata': {'name': 'writer'}, 'spec': {
        'replicas': 2, 'serviceName': 'writer', 'podManagementPolicy': 'Parallel', 'selector': {'matchLabels': labels},
        'template': {'metadata': {'labels': labels}, 'spec': {**POD, 'containers': [container], 'volumes': [
            {'name': 'memory', 'emptyDir': {'medium': 'Memory'}}, {'name': 'secret', 'secret': {'secretName': 'secret'}}]}},
        'volumeClaimTemplates': [claim('data', '32Mi')]}}
    device = {'name': 'c', 'image': 'busybox:1.36', 'command': ['sleep', '100000'], 'volumeDevices': [{'name': 'raw', 'devicePath': '/dev/raw'}]}
    yield 'apps/v1', 'Deployment', {'metadata': {'name': 'device'}, 'spec': {
        'selector': {'matchLabels': {'app': 'device'}}, 'strategy': {'type': 'Recreate'},
        'template': {'metadata': {'labels': {'app': 'device'}}, 'spec': {
            **POD, 'containers': [device], 'volumes': [{'name': 'raw', 'persistentVolumeClaim': {'claimName': 'raw'}}]}}}}


class Platform:
    def __init__(self, plinth, kubectl, root):
        self.plinth, self.kubectl_path, self.root = plinth, kubectl, root
        self.data, self.config, self.process = root + '/data', root + '/kubeconfig', None
        self.api = '127.0.0.1:0'

    def start(self):
        self.process = subprocess.Popen(
            [self.plinth, 'up', '--data-dir', self.data, '--api', self.api, '--node=cri', '--node-name=machine', '--pod-cidr=10.252.65.0/24',
             '--write-kubeconfig', self.config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if found := re.match(r'API +https://(\S+)', line):
                self.api = found[1]
            if line.startswith('ready'):
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        raise RuntimeError('the platform did not start:\n' + ''.join(lines))

    def children(self, matches):
        """Processes of this platform by their command lines."""
        out = []
        for path in glob.glob('/proc/[0-9]*/cmdline'):
            try:
                command = open(path).read().split('\0')
            except OSError:
                continue
            if matches(command):
                out.append(int(path.split('/')[2]))
        return out

    def kill(self, what):
        if what == 'driver':
            found = self.driver()
        elif what == 'runtime':
            found = self.children(lambda command: os.path.basename(command[0]) == 'containerd' and any(self.run_dir() in word for word in command))
        else:
            found = [self.process.pid]
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if what == 'platform':
            self.process.wait()

    def driver(self):
        return self.children(lambda command: 'csi-driver' in command and any(self.data in word for word in command))

    def hang(self, seconds):
        """The driver answers nothing for a while."""
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in self.driver():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            if number == signal.SIGSTOP:
                time.sleep(seconds)

    def reboot(self):
        """What a restart of the machine leaves: containers, mounts and devices are gone, files are there."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        down = subprocess.run([self.plinth, 'down', '--data-dir', self.data, '--grace', '0'], capture_output=True, text=True)
        left = [one for one in self.leftovers(whole=True) if not str(one).startswith(self.data)]
        if down.returncode != 0 or left:
            raise RuntimeError(f'down: {down.stderr} left: {left}')
        self.start()

    def run_dir(self):
        return '/run/plinth/' + hashlib.sha256(self.data.encode()).hexdigest()[:8]

    def kubectl(self, *arguments, text=None, check=False):
        out = subprocess.run([self.kubectl_path, '--request-timeout=20s', *arguments], env={**os.environ, 'KUBECONFIG': self.config}, input=text,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90)
        if check and out.returncode != 0:
            raise RuntimeError(f'kubectl {arguments}: {out.stdout}')
        return out.stdout

    def leftovers(self, whole=False):
        """What of volumes is on the machine."""
        node = self.data + '/node/'
        found = [line.split()[4] for line in open('/proc/self/mountinfo')
                 if line.split()[4].startswith(node + 'kubelet/') or whole and line.split()[4].startswith(self.data)]
        for path in glob.glob('/sys/block/loop*/loop/backing_file'):
            try:
                file = open(path).read().strip()
            except OSError:
                continue
            found += [path + ' ' + file] if file.startswith(self.data) else []
        for folder in ('kubelet/pods/*', 'volumes/volumes/*', 'kubelet/plugins/kubernetes.io/csi/*/*'):
            found += [path for path in glob.glob(node + folder) if not path.endswith(('/staging', '/publish'))]
        found += [f'shim {pid}' for pid in self.children(lambda command: command[0].endswith('-shim-runc-v2') and any(self.run_dir() in word for word in command))]
        if whole:
            found += self.children(lambda command: any(self.run_dir() in word for word in command))
            found += glob.glob('/sys/fs/cgroup/*/plinth-' + self.run_dir()[-8:])
        return found


def wait_for(what, condition):
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.3)
    raise RuntimeError(f'not within {WAIT_SECONDS} s: {what}')


def churn(platform, chance):
    for _ in range(chance.randint(1, 3)):
        action = chance.choice(('writer-0', 'writer-1', 'device', 'scale'))
        if action == 'scale':
            platform.kubectl('scale', 'statefulset/writer', f'--replicas={chance.choice((0, 1, 2, 3))}')
        elif action == 'device':
            platform.kubectl('delete', 'pod', '-l', 'app=device', '--wait=false')
        else:
            platform.kubectl('delete', 'pod', action, '--wait=false')


def ready(platform, replicas):
    pods = json.loads(platform.kubectl('get', 'pods', '-o', 'json'))['items']
    good = [pod for pod in pods if 'deletionTimestamp' not in pod['metadata'] and
            any(c['type'] == 'Ready' and c['status'] == 'True' for c in pod.get('status', {}).get('conditions', []))]
    return len(pods) == len(good) == replicas + 1


def check_data(platform):
    """Every line that was written is there, once, in order."""
    for pod in ('writer-0', 'writer-1'):
        lines = platform.kubectl('exec', pod, '--', 'cat', '/data/log').split()
        if not lines or lines != [str(n) for n in range(1, len(lines) + 1)]:
            raise RuntimeError(f'{pod} has lost what it wrote: {lines[:3]} ... {lines[-3:]}')


def run(platform, rounds, chance):
    busybox = platform.root + '/busybox.tar'
    subprocess.run([sys.executable, HERE + '/../scenarios/data/busybox_image.py', busybox, 'docker.io/library/busybox:1.36'], check=True)
    platform.start()
    subprocess.run([platform.plinth, 'image', 'import', busybox, '--data-dir', platform.data], check=True, stdout=subprocess.DEVNULL)
    wait_for('the classes', lambda: 'managed' in platform.kubectl('get', 'storageclass', 'managed', '-o', 'name'))
    for version, kind, rest in objects():
        platform.kubectl('apply', '-f', '-', text=json.dumps({'apiVersion': version, 'kind': kind, **rest}), check=True)
    for number in range(rounds):
        churn(platform, chance)
        time.sleep(chance.uniform(0, 1.5))
        victims = chance.choice((['platform'], ['platform'], ['driver'], ['driver', 'platform'], ['runtime'], ['platform', 'runtime'], ['hang'], ['reboot']))
        print(f'round {number}: {" and ".join(victims)}', file=sys.stderr)
        if victims == ['hang']:
            platform.hang(chance.uniform(0.5, 4))
        elif victims == ['reboot']:
            platform.reboot()
        else:
            for victim in victims:
                platform.kill(victim)
        if 'platform' in victims:
            platform.start()
        if chance.random() < 0.3:
            time.sleep(chance.uniform(0, 3))
    platform.kubectl('scale', 'statefulset/writer', '--replicas=2')
    wait_for('all pods are ready', lambda: ready(platform, 2))
    check_data(platform)
    platform.kubectl('delete', 'statefulset,deployment', '--all')
    wait_for('all pods are gone', lambda: 'No resources' in platform.kubectl('get', 'pods'))
    platform.kubectl('delete', 'pvc', '--all', '--wait=false')
    wait_for('all volumes are gone', lambda: 'No resources' in platform.kubectl('get', 'pv'))
    wait_for('nothing is left', lambda: not platform.leftovers())


def main():
    plinth, kubectl = os.path.abspath(sys.argv[1]), sys.argv[2]
    rounds, seed = int(sys.argv[3]) if len(sys.argv) > 3 else 30, int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(10**6)
    root = tempfile.mkdtemp(prefix='plinth-kills-')
    platform = Platform(plinth, kubectl, root)
    problem = ''
    try:
        run(platform, rounds, random.Random(seed))
    except (RuntimeError, subprocess.SubprocessError) as error:
        events = platform.kubectl('get', 'events', '--sort-by=.lastTimestamp')[-3000:]
        problem = f'{events}\n{platform.kubectl("get", "pods,pvc,pv")}\n{error}; left: {platform.leftovers()}'
    finally:
        if platform.process:
            platform.process.send_signal(signal.SIGTERM)
            platform.process.wait()
        down = subprocess.run([plinth, 'down', '--data-dir', platform.data, '--grace', '1'], capture_output=True, text=True)
    problem = problem or down.stderr or ' '.join(str(left) for left in platform.leftovers(whole=True))
    print(f'seed {seed}: {problem}' if problem else f'{rounds} kills: all data is there, nothing is left')
    shutil.rmtree(root, ignore_errors=True)
    return 1 if problem else 0


if __name__ == '__main__':
    sys.exit(main())
