#!/usr/bin/env python3
"""Plays the walk-throughs against a throw-away platform, with the real clients: each step shows its command, what came back, and
whether that was expected. ./dev demo calls it, with PLINTH and KUBECTL set, and IMAGES where pods run in containers.

The steps are text files beside this one, in the form of tests/scenarios/steps.py; a line of # begins a part, `only cri` leaves a step (or,
below a heading, the part) out where there are no containers, and three commands are the player's own: `restart` (kill -9 and start),
`move` (end everything, copy the data, start there).
"""
import argparse, os, re, shutil, signal, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, '..', '..'))
sys.path.append(os.path.join(TOP, 'tests', 'scenarios'))
import steps as step_files  # noqa: E402

READY_SECONDS = 60
STEP_SECONDS = 150
TELL_SECONDS = 5  # a wait that is longer says so

BOLD, GREEN, RED, DIM, PLAIN = ('\033[1m', '\033[32m', '\033[31m', '\033[2m', '\033[0m') if sys.stdout.isatty() else ('',) * 5


def say(text=''):
    print(text, flush=True)


class Interrupted(Exception):
    pass


def interrupt(*_):
    raise Interrupted


def free_range(first, length):
    """10.<first or above>.0.0/<length> such that no route of this machine leads there."""
    routes = subprocess.run(['ip', '-o', 'route'], capture_output=True, text=True).stdout if shutil.which('ip') else ''
    number = next(n for n in range(first, 256) if f'10.{n}.' not in routes)
    return f'10.{number}.0.0/{length}'


class Platform:
    def __init__(self, plinth, root, node):
        self.plinth, self.root, self.node = plinth, root, node
        self.data = os.path.join(root, 'data')
        self.kubeconfig = os.path.join(root, 'kubeconfig')
        self.api, self.ingress = '127.0.0.1:0', ''
        self.process = None
        self.options = ['--node', node]
        if node == 'cri':
            self.options += ['--node-name', 'demo', '--pod-cidr', free_range(244, 24), '--service-cidr', free_range(96, 16)]
            if os.environ.get('IMAGES'):
                self.options += ['--images', os.environ['IMAGES']]

    def start(self):
        command = [self.plinth, 'up', '--data-dir', self.data, '--api', self.api, '--write-kubeconfig', self.kubeconfig, *self.options]
        say(f'{DIM}$ plinth {" ".join(command[1:])}{PLAIN}')
        # Ctrl-C is this program's to hear: it ends the platform in order.
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        for line in self.process.stdout:
            sys.stdout.write(line)
            for name, pattern in (('api', r'API +https://(\S+)'), ('ingress', r'ingress +(http://\S+)')):
                m = re.match(pattern, line)
                if m:
                    setattr(self, name, m[1])
            if line.startswith('ready'):
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        raise RuntimeError('the platform did not start')

    def end(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait()

    def restart(self):
        say(f'{DIM}# kill -9 {self.process.pid}{PLAIN}')
        self.end(signal.SIGKILL)
        self.start()

    def down(self):
        """Ends what outlives the process."""
        self.end()
        if self.node == 'cri':
            ended = subprocess.run([self.plinth, 'down', '--data-dir', self.data, '--grace', '10'], capture_output=True, text=True)
            say((ended.stdout + ended.stderr).strip())

    def move(self):
        self.down()
        place = os.path.join(self.root, 'moved')
        say(f'{DIM}$ cp -a {self.data} {place}; rm -r {self.data}{PLAIN}')
        subprocess.run(['cp', '-a', '--sparse=always', self.data, place], check=True)
        shutil.rmtree(self.data)
        self.data = place
        self.start()


class Player:
    def __init__(self, platform, kubectl):
        self.platform = platform
        self.passed = self.failed = self.left_out = 0
        os.mkdir(os.path.join(platform.root, 'bin'))
        for name, program in (('kubectl', kubectl), ('plinth', platform.plinth)):
            os.symlink(os.path.abspath(program), os.path.join(platform.root, 'bin', name))

    def environment(self):
        p = self.platform
        return dict(os.environ, PATH=os.path.join(p.root, 'bin') + ':' + os.environ['PATH'], KUBECONFIG=p.kubeconfig, INGRESS=p.ingress, DATA=p.data)

    def run(self, command):
        done = subprocess.run(['bash', '-c', command], env=self.environment(), cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, stdin=subprocess.DEVNULL, timeout=STEP_SECONDS)
        return done.returncode, done.stdout

    def attempt(self, step):
        """The output, and what is wrong with it; again and again where the step gives it time."""
        start = told = time.monotonic()
        while True:
            try:
                status, output = self.run(step['command'])
                problem = step_files.problem_of(step, status, output)
            except subprocess.TimeoutExpired:
                return '', f'it took longer than {STEP_SECONDS} s'
            now = time.monotonic()
            if not problem or now - start > step['within']:
                return output, problem
            if now - told > TELL_SECONDS:
                told = now
                say(f'{DIM}  ... {now - start:.0f} s{PLAIN}')
            threading.Event().wait(0.2)

    def play_step(self, step):
        own = {'restart': self.platform.restart, 'move': self.platform.move}.get(step['command'])
        if own:
            own()
            return
        say(f'\n{BOLD}$ {step["command"]}{PLAIN}')
        output, problem = self.attempt(step)
        sys.stdout.write(output if not output or output.endswith('\n') else output + '\n')
        if not problem:
            self.passed += 1
            say(f'{GREEN}✓{PLAIN}')
            return
        self.failed += 1
        say(f'{RED}✗ {problem.split("got:")[0].strip()}{PLAIN}')

    def play(self, name):
        with open(os.path.join(HERE, name)) as f:
            parts = re.split(r'(?m)^# ', f.read())[1:]
        for part in parts:
            title, *lines = part.split('\n')
            found = step_files.steps_of(lines)
            # Which steps, or the whole part, need containers.
            needs, current = {-1: False}, -1
            for line in lines:
                current += line.startswith('$ ')
                needs.setdefault(current, False)
                needs[current] |= line == 'only cri'
            if self.platform.node != 'cri' and needs[-1]:
                self.left_out += len(found)
                continue
            say(f'\n{BOLD}== {title}{PLAIN}')
            for number, step in enumerate(found):
                if self.platform.node != 'cri' and needs.get(number):
                    self.left_out += 1
                else:
                    self.play_step(step)


def show(player):
    say(f'\n{BOLD}== What runs now{PLAIN}')
    say(player.run('plinth status')[1])
    say(player.run('plinth tree application silly-demo -n a-team')[1])


def how_to_go_on(p, kept):
    if not kept:
        say(f'./dev demo --keep leaves it running; ./dev up --node {p.node} --write-kubeconfig kubeconfig starts one to keep.')
        return
    say(f'It goes on running, as process {p.process.pid}:')
    say(f'  export KUBECONFIG={p.kubeconfig} PATH={os.path.join(p.root, "bin")}:$PATH')
    say('  kubectl get all -A; plinth status; plinth explain-instance application silly-demo -n a-team')
    if p.node == 'cri':
        say(f"  curl -H 'Host: silly-demo.127.0.0.1.nip.io' {p.ingress}")
    say(f'To end it: kill {p.process.pid}' + (f'; plinth down --data-dir {p.data}' if p.node == 'cri' else '') + f'; rm -r {p.root}')


def main():
    parser = argparse.ArgumentParser(prog='./dev demo')
    parser.add_argument('--keep', action='store_true', help='leave the platform running at the end')
    parser.add_argument('--node', choices=['cri', 'sim'], required=True, help='cri: pods in containers (root); sim: pods that only play')
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    start = time.monotonic()
    platform = Platform(os.environ['PLINTH'], tempfile.mkdtemp(prefix='plinth-demo-'), arguments.node)
    player, kept = Player(platform, os.environ['KUBECTL']), False
    try:
        platform.start()
        for story in ('volumes.txt', 'compose.txt'):
            player.play(story)
        show(player)
        kept = arguments.keep
        if not kept:
            player.play('compose_end.txt')
    except Interrupted:
        say('\ninterrupted')
        player.failed += 1
    except RuntimeError as error:
        say(f'{RED}{error}{PLAIN}')
        player.failed += 1
    finally:
        if not kept:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            platform.down()
            shutil.rmtree(platform.root, ignore_errors=True)
    left = f', {player.left_out} left out, which need containers' if player.left_out else ''
    say(f'\n{BOLD}{player.passed + player.failed} steps in {time.monotonic() - start:.0f} s: {player.passed} as expected, {player.failed} not{left}{PLAIN}')
    how_to_go_on(platform, kept)
    return 1 if player.failed else 0


if __name__ == '__main__':
    sys.exit(main())
