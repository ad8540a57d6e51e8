#!/usr/bin/env python3
"""Runs the scenarios: text files of commands and the output that a real client must print.

A scenario is a list of steps:

    # a comment
    $ command            and what it prints: see steps.py
    requires NAME        skipped, by name, unless the variable is set (SHARED: the folder with the walk-throughs, beside the checkout;
                         CONTAINERS: root, containerd, CNI plugins, nft, busybox; IMAGES: the folder that ./dev builds images into)
    requires kubectl 1.N the client under test must be that new
    once                 not about kubectl: run with the first client only that it can be run with
    option ARG           the platform is started with ARG too; $NAME is taken from the environment, $TMP is the folder for files
    document PATH        the steps are the blocks of PATH (from this folder) that begin with ```console; times and ages may differ. A block
                         that begins with ```yaml NAME is a file NAME in the folder where the commands run
    attached             the file can also be played with the controllers of composition in a process of their own: run.py --attached FILE...
    attached soak        the same, but only when that is asked for: run.py --attached, ./dev soak attach
    restarted            the file can also be played with a restart of the platform after every step: run.py --restarted FILE...

Each file gets a platform of its own (temporary data directory, port 0). In commands KUBECTL, KUBECONFIG, PLINTH, API (the URL) and TMP
(a folder for files) and SCENARIOS (this folder) are set, kubectl and plinth are on the path; `restart` kills the platform with SIGKILL and starts it again,
`restart SIGTERM` ends it gracefully first. Placeholders of expected lines are matched
against standard output and error together.
"""
import argparse, glob, hashlib, os, re, shutil, signal, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'clients'))
from steps import problem_of, steps_of  # noqa: E402
import csi_mock, csi_sanity, foreign_controllers, foreign_crds, go_client, stock_clients  # noqa: E402

# Options of `plinth up` that `plinth attach` has, too: where the controllers are attached they go there.
COMPOSE_OPTIONS = ('--allow-crd-deletion', '--graph-revisions', '--definitions')
STEP_SECONDS = 60
READY_SECONDS = 30


class Platform:
    def __init__(self, plinth, root, options=(), attached=False):
        self.plinth, self.root, self.options, self.attached = plinth, root, list(options), attached
        self.kubeconfig = os.path.join(root, 'kubeconfig')
        self.api = '127.0.0.1:0'
        self.process = self.controllers = None

    def start(self):
        bare = ['--controllers=-compose'] if self.attached else []
        theirs = [o for o in self.options if self.attached and o.split('=')[0] in COMPOSE_OPTIONS]
        self.process = subprocess.Popen(
            [self.plinth, 'up', '--data-dir', os.path.join(self.root, 'data'), '--api', self.api,
             *([] if any(o.startswith('--node') for o in self.options) else ['--node', 'none']),
             '--write-kubeconfig', self.kubeconfig, *bare, *[o for o in self.options if o not in theirs]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.wait_for_ready(self.process)
        # The attached controllers live through a restart of the platform.
        if self.attached and self.controllers is None:
            self.controllers = subprocess.Popen([self.plinth, 'attach', '--kubeconfig', self.kubeconfig, '--install', '--qps', '1000',
                                                 '--burst', '1000', *(theirs if any('--definitions' in o for o in theirs) else
                                                                      ['--definitions', 'postgresql', *theirs])], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.wait_for_ready(self.controllers)

    def wait_for_ready(self, process):
        lines = []
        for line in process.stdout:
            lines.append(line)
            m = re.match(r'API +https://(\S+)', line)
            if m:
                self.api = m[1]
            if line.startswith('ready'):
                # What is told later is not in the way.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return
        raise RuntimeError('the platform did not start:\n' + ''.join(lines))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        for process, what in ((self.controllers, 'the attached controllers'), (self.process, 'the platform')):
            if process is None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                status = process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                return f'SIGTERM did not end {what} within 5 s'
            if status != 0:
                return f'{what} ended with status {status}'
        return None

    def take_down(self):
        """Ends the pods of a real node, which outlive the platform. None, or what is left."""
        if '--node=cri' not in self.options:
            return None
        data = os.path.join(self.root, 'data')
        down = subprocess.run([self.plinth, 'down', '--data-dir', data, '--grace', '1'], capture_output=True, text=True)
        left = [line for line in open('/proc/self/mountinfo') if data in line]
        left += [path + '\n' for path in glob.glob('/sys/block/loop*/loop/backing_file') if open(path).read().startswith(data)]
        mark = hashlib.sha256(data.encode()).hexdigest()[:8]  # in the names of its bridge and tables
        for command in (['nft', 'list', 'tables'], ['ip', '-brief', 'link'], ['ip', 'route']):
            left += [line for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines(True) if mark in line]
        return down.stderr if down.returncode else ('still there:\n' + ''.join(left) if left else None)

    def kill_all(self):
        for process in (self.controllers, self.process):
            if process and process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()


def varying(line):
    """Ages, times and ports become placeholders."""
    return re.sub(r'(?<![\w.])\d+m?s\b|(?<=127\.0\.0\.1:)\d+', '[..]', line)


def document_steps(path):
    """What stands in the console blocks of a document, and the files in its yaml blocks."""
    steps, block, first = [], None, 0
    with open(path) as f:
        lines = f.read().split('\n')
    for number, line in enumerate(lines, 1):
        if not line.startswith('```'):
            if block is not None:
                block[1].append(line)
        elif block is None:
            block, first = (line, []), number
        else:
            opening, content = block
            words = opening.split()
            if words == ['```console']:
                found = steps_of(content, first)
                for step in found:
                    step['expected'] = [varying(expected) for expected in step['expected']]
                steps += found
            elif len(words) == 2 and words[0] == '```yaml':
                steps.append({'line': first, 'file': words[1], 'text': '\n'.join(content) + '\n'})
            block = None
    return steps


def document_of(path):
    with open(path) as f:
        return next((os.path.join(HERE, line.split()[1]) for line in f if line.startswith('document ')), None)


def parse(path):
    document = document_of(path)
    if document:
        return document_steps(document)
    with open(path) as f:
        return steps_of(f.read().split('\n'))


def group_lives(group):
    try:
        os.killpg(group, 0)
        return True
    except ProcessLookupError:
        return False


def kill_groups(groups):
    """What steps left running in the background, and what they started."""
    for group in groups:
        if group_lives(group):
            os.killpg(group, signal.SIGKILL)


def attempt(step, env, groups, folder):
    process = subprocess.Popen(['bash', '-c', step['command']], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               stdin=subprocess.DEVNULL, start_new_session=True, cwd=folder)
    try:
        output, _ = process.communicate(timeout=STEP_SECONDS)
    finally:
        if process.returncode is None or group_lives(process.pid):
            groups.append(process.pid)
    return problem_of(step, process.returncode, output)


def run_step(step, env, platform, groups, folder):
    if 'file' in step:
        with open(os.path.join(env['TMP'], step['file']), 'w') as out:
            out.write(step['text'])
        return None
    if step['command'] in ('restart', 'restart SIGTERM'):
        problem = platform.kill() if step['command'] == 'restart' else platform.stop()
        platform.start()
        return problem
    # What is not as expected yet gets the time that the step gives it.
    end = time.monotonic() + step['within']
    while True:
        problem = attempt(step, env, groups, folder)
        if not problem or time.monotonic() > end:
            return problem
        threading.Event().wait(0.1)


def options_of(path, tmp):
    with open(path) as f:
        return [os.path.expandvars(line.split(maxsplit=1)[1].strip().replace('$TMP', tmp)) for line in f if line.startswith('option ')]


def run_file(path, plinth, kubectl, keep_going, mode=''):
    """None, or what went wrong: the first problem, or with keep_going all of them."""
    root = tempfile.mkdtemp(prefix='plinth-scenario-')
    platform = Platform(plinth, root, options_of(path, os.path.join(root, 'tmp')), mode == 'attached')
    groups = []  # of processes that steps left in the background
    try:
        platform.start()
        tmp = os.path.join(root, 'tmp')
        os.mkdir(tmp)
        os.mkdir(os.path.join(root, 'bin'))
        for name, program in (('kubectl', kubectl), ('plinth', plinth)):
            os.symlink(os.path.abspath(program), os.path.join(root, 'bin', name))
        env = dict(os.environ, KUBECTL=kubectl, KUBECONFIG=platform.kubeconfig, PLINTH=plinth, API='https://' + platform.api, TMP=tmp,
                   PATH=os.path.join(root, 'bin') + ':' + os.environ['PATH'], HOME=root, DATA=os.path.join(root, 'data'), SCENARIOS=HERE)
        folder = tmp if document_of(path) else None
        problems, steps = [], parse(path)
        if mode == 'restarted':
            steps = [s for step in steps for s in (step, {'line': step['line'], 'command': 'restart', 'status': 0, 'expected': []})]
        for step in steps:
            try:
                problem = run_step(step, env, platform, groups, folder)
            except subprocess.TimeoutExpired:
                problem = f'took longer than {STEP_SECONDS} s'
            if problem:
                problems.append(f"{os.path.basename(path)}:{step['line']}: $ {step['command']}\n{problem}")
                if not keep_going:
                    break
        return '\n'.join(problems) or platform.stop() or platform.take_down()
    finally:
        kill_groups(groups)
        platform.kill_all()
        platform.take_down()
        shutil.rmtree(root, ignore_errors=True)


def requirements(files):
    """The variables that these scenarios ask for."""
    found = set()
    for path in files:
        with open(path) as f:
            found.update(line.split()[1] for line in f if line.startswith('requires '))
    return found


def missing_requirement(path, version):
    """What the scenario asks for and is not here, in words; None when it can run."""
    with open(path) as f:
        for line in f:
            words = line.split()
            if line.startswith('requires kubectl '):
                minor = re.search(r'v1\.(\d+)', version)
                if minor and int(minor[1]) < int(words[2].split('.')[1]):
                    return f'needs kubectl {words[2]}'
            elif line.startswith('requires ') and not os.environ.get(words[1]):
                return f'no {words[1]} here'
    return None


def requires(path, name):
    with open(path) as f:
        return any(line.split() == ['requires', name] for line in f)


def has_mark(path, mark):
    with open(path) as f:
        return any(line.strip() == mark for line in f)


def can_play(path, mode):
    return has_mark(path, mode) or has_mark(path, mode + ' soak')


def clients():
    """Each real client that is here, by the version that it says it has."""
    found = []
    for name, path in (('kubectl 1.20 of Debian', os.environ.get('KUBECTL', '')),
                       ('a current kubectl', os.environ.get('KUBECTL_CURRENT') or shutil.which('kubectl') or '')):
        if path and os.access(path, os.X_OK) and path not in [p for _, p in found]:
            version = subprocess.run([path, 'version', '--client', '--short'], capture_output=True, text=True)
            text = version.stdout.strip() or subprocess.run([path, 'version', '--client'], capture_output=True, text=True).stdout.split('\n')[0]
            found.append((text or name, path))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--counts')
    parser.add_argument('--keep-going', action='store_true', help='play a scenario to its end after a step that failed')
    parser.add_argument('--attached', action='store_true', help='with the controllers of composition attached from outside; the files that say so')
    parser.add_argument('--restarted', action='store_true', help='with a restart of the platform after every step; the files that say so')
    parser.add_argument('--soak', action='store_true', help='tests/soak: controllers that others wrote and that take long to build')
    parser.add_argument('--first-client', action='store_true', help='with the first kubectl only')
    parser.add_argument('files', nargs='*')
    arguments = parser.parse_args()
    plinth = os.environ['PLINTH']
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    shared = os.path.normpath(os.path.join(HERE, '..', '..', '..', 'shared'))
    if os.path.isdir(os.path.join(shared, 'walkthroughs')):
        os.environ.setdefault('SHARED', shared)
    if os.geteuid() == 0 and all(os.path.exists(p) for p in ('/usr/bin/containerd', '/usr/lib/cni/bridge', '/usr/sbin/nft', '/bin/busybox')):
        os.environ.setdefault('CONTAINERS', '1')
    if shutil.which('skopeo'):
        os.environ.setdefault('SKOPEO', shutil.which('skopeo'))
    if subprocess.run(['/usr/bin/python3', '-c', 'import kubernetes'], capture_output=True).returncode == 0:
        os.environ.setdefault('PYTHON_KUBERNETES', '/usr/bin/python3')
    if subprocess.run(['unshare', '-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt'], capture_output=True).returncode == 0:
        os.environ.setdefault('TMPFS', '/mnt')
    prepared = [('GO_CLIENTS', go_client.prepare), ('CSI_SANITY', csi_sanity.prepare), ('CSI_MOCK', csi_mock.prepare), ('KUBECTL_CURRENT', stock_clients.kubectl), ('HELM', stock_clients.helm), ('KUBECTL_TREE', stock_clients.kubectl_tree),
                ('NODE_CLIENT', stock_clients.node_client), ('SAMPLE_CONTROLLER', foreign_controllers.sample_controller),
                ('FOREIGN_CRDS', foreign_crds.foreign_crds)]
    if arguments.soak:
        prepared = [('KUBECTL_CURRENT', stock_clients.kubectl), *foreign_controllers.HEAVY]
    folder = os.path.join(HERE, '..', 'soak') if arguments.soak else HERE
    files = arguments.files or sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith('.txt'))
    needed = requirements(files) | (set() if arguments.first_client else {'KUBECTL_CURRENT'})
    for variable, prepare in prepared:
        if variable in needed and not os.environ.get(variable):
            path, about = prepare()
            print(f'{variable}: {about}' if path else f'no {variable}: {about}')
            os.environ.update({variable: path} if path else {})
    only = 'attached' if arguments.attached else 'restarted' if arguments.restarted else ''
    if only:
        files = [f for f in files if can_play(f, only)]
    passed = failed = skipped = 0
    given = bool(arguments.files or arguments.soak or only)  # whether a scenario with the given manifests was played
    kubectls = clients()[:1] if arguments.first_client else clients()
    if not kubectls:
        skipped = len(files)
        print('skipped: no kubectl here')
    for number, (version, kubectl) in enumerate(kubectls):
        print(version)
        for path in files:
            if has_mark(path, 'once') and any(not missing_requirement(path, before) for before, _ in kubectls[:number]):
                continue
            missing = missing_requirement(path, version)
            if missing:
                print(f'skipped {os.path.basename(path)}: {missing}')
                skipped += 1
                continue
            # The other ways to play it, with the first client, where everything is played.
            modes = [only]
            given = given or requires(path, 'SHARED')
            if not arguments.files and number == 0 and not only:
                modes += [mode for mode in ('attached', 'restarted') if has_mark(path, mode)]
            problem = ''
            for mode in modes:
                problem = run_file(path, plinth, kubectl, arguments.keep_going, mode)
                print(('FAILED ' if problem else 'ok     ') + os.path.basename(path) + (f' ({mode})' if mode else ''), flush=True)
                if problem:
                    break
            if problem:
                failed += 1
                print(problem)
            else:
                passed += 1
    if os.environ.get('SHARED') and not given:
        failed += 1
        print('FAILED the walk-throughs are here, and no scenario with their manifests was played')
    if arguments.counts:
        with open(arguments.counts, 'a') as out:
            out.write(f'{passed} passed | {failed} failed | {skipped} skipped\n')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
