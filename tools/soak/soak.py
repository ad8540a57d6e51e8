#!/usr/bin/env python3
"""Kills the real program under load, again and again, and checks what it kept.

Several writers and watchers talk to it over TLS, each on a connection of its own. At a random moment the process gets SIGKILL and is
started again on the same directory. After every start:
  - whatever was acknowledged is there, or what a later request of the same writer that was under way has made of it;
  - no revision is before one that anybody was told, and none is handed out twice;
  - each watcher goes on from its last event, and has then seen every acknowledged change once and in order (a 410 is only
    right where the history was cut, and is counted).

    PLINTH=build/release/plinth tools/soak/soak.py --rounds 300 [--writers 8] [--watchers 3] [--seed N]
"""
import argparse, base64, http.client, json, os, random, re, shutil, signal, ssl, subprocess, sys, tempfile, threading, time

COLLECTION = '/api/v1/namespaces/default/configmaps'
NAMES_PER_WRITER = 5
STOP_GRACE_SECONDS = 5
CATCH_UP_SECONDS = 20
JOIN_SECONDS = 30


class Failure(Exception):
    pass


class Platform:
    def __init__(self, plinth, root):
        self.plinth, self.root, self.api, self.process, self.context = plinth, root, '127.0.0.1:0', None, None

    def start(self):
        kubeconfig = os.path.join(self.root, 'kubeconfig')
        self.process = subprocess.Popen([self.plinth, 'up', '--data-dir', os.path.join(self.root, 'data'), '--api', self.api, '--node', 'none',
                                         '--write-kubeconfig', kubeconfig], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            found = re.match(r'API +https://(\S+)', line)
            if found:
                self.api = found[1]
            if line.startswith('ready'):
                break
        else:
            raise Failure('it does not start:\n' + ''.join(lines))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        if self.context is None:
            self.context = self.make_context(kubeconfig)

    def make_context(self, kubeconfig):
        text = open(kubeconfig).read()
        def field(name):
            return base64.b64decode(re.search(name + r': (\S+)', text)[1])
        context = ssl.create_default_context(cadata=field('certificate-authority-data').decode())
        identity = os.path.join(self.root, 'identity.pem')
        with open(identity, 'wb') as out:
            out.write(field('client-certificate-data') + field('client-key-data'))
        context.load_cert_chain(identity)
        return context

    def connect(self, timeout=20):
        host, port = self.api.rsplit(':', 1)
        return http.client.HTTPSConnection(host, int(port), context=self.context, timeout=timeout)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=STOP_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure('SIGTERM did not end it')
        if status != 0:
            raise Failure(f'it ended with status {status}')


def request(connection, method, path, body=None):
    connection.request(method, path, body=json.dumps(body) if body is not None else None, headers={'Content-Type': 'application/json'})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


class Writer(threading.Thread):
    """Owns its names: nobody else writes them, so what it was told is what there is."""

    def __init__(self, platform, number, seed):
        super().__init__(daemon=True)
        self.platform, self.number = platform, number
        self.random = random.Random(seed)
        self.known = {}       # name -> (revision, value), or absent
        self.pending = None   # (name, value or None): what was under way when the answer was lost
        self.told = []        # (revision, name, value or None) acknowledged, in order
        self.count = 0
        self.failure = None
        self.stopping = False

    def body(self, name, value):
        return {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': name}, 'data': {'v': value, 'fill': 'x' * self.random.choice([0, 100, 3000])}}

    def step(self, connection):
        name = f'w{self.number}-{self.random.randrange(NAMES_PER_WRITER)}'
        self.count += 1
        value = f'{self.number}.{self.count}'
        exists = name in self.known
        if exists and self.random.random() < 0.2:
            self.pending = (name, None)
            status, answer = request(connection, 'DELETE', f'{COLLECTION}/{name}')
            if status != 200:
                raise Failure(f'DELETE {name}: {status} {answer}')
            del self.known[name]
            self.told.append((None, name, None))
        else:
            self.pending = (name, value)
            method, path = ('PUT', f'{COLLECTION}/{name}') if exists else ('POST', COLLECTION)
            status, answer = request(connection, method, path, self.body(name, value))
            if status not in (200, 201):
                raise Failure(f'{method} {name}: {status} {answer}')
            revision = int(answer['metadata']['resourceVersion'])
            if self.known.get(name, (0,))[0] >= revision:
                raise Failure(f'{name}: revision {revision} after {self.known[name][0]}')
            self.known[name] = (revision, value)
            self.told.append((revision, name, value))
        self.pending = None

    def run(self):
        try:
            connection = self.platform.connect()
            while not self.stopping:
                self.step(connection)
        except Failure as failure:
            self.failure = failure
        except (OSError, http.client.HTTPException, ValueError):
            pass  # killed

    def settle(self, stored):
        """After a start: the state against what was told; what was under way may have happened."""
        mine = {n: v for n, v in stored.items() if n.startswith(f'w{self.number}-')}
        expected = {n: v[1] for n, v in self.known.items()}
        if self.pending is not None:
            name, value = self.pending
            found = mine.get(name)
            happened = (found is None) if value is None else (found is not None and found[1] == value)
            if happened and value is None:
                expected.pop(name, None)
            elif happened:
                expected[name] = value
        actual = {n: v[1] for n, v in mine.items()}
        if actual != expected:
            raise Failure(f'writer {self.number}: told {expected}, found {actual} (under way: {self.pending})')
        for name, (revision, _) in self.known.items():
            if name in mine and mine[name][1] == self.known[name][1] and mine[name][0] != revision:
                raise Failure(f'{name}: told revision {revision}, found {mine[name][0]}')
        self.known = mine
        self.pending = None


class Watcher(threading.Thread):
    """One life of a watch; the position and the events go on over lives."""

    def __init__(self, platform, shared):
        super().__init__(daemon=True)
        self.platform, self.shared = platform, shared

    def run(self):
        try:
            connection = self.platform.connect(timeout=None)
            connection.request('GET', f'{COLLECTION}?watch=1&allowWatchBookmarks=true&resourceVersion={self.shared.position}')
            response = connection.getresponse()
            if response.status == 410:
                self.shared.expired = True
                return
            if response.status != 200:
                self.shared.failure = Failure(f'watch: {response.status} {response.read()}')
                return
            for line in response:
                if not line.endswith(b'\n'):
                    return  # cut in the middle of an event
                self.shared.take(json.loads(line))
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass


class Stream:
    def __init__(self, position):
        self.position, self.expired, self.failure, self.gaps = position, False, None, 0
        self.events = []  # (revision, name, value or None)

    def take(self, event):
        if event['type'] == 'ERROR':
            self.expired = event['object'].get('code') == 410
            return
        metadata = event['object']['metadata']
        revision = int(metadata['resourceVersion'])
        if event['type'] == 'BOOKMARK':
            self.position = max(self.position, revision)
            return
        if revision <= self.position:
            self.failure = Failure(f'watch: revision {revision} after {self.position}')
        self.position = revision
        deleted = event['type'] == 'DELETED'
        self.events.append((revision, metadata['name'], None if deleted else event['object'].get('data', {}).get('v')))


def list_all(platform):
    connection = platform.connect()
    out, token = {}, ''
    while True:
        status, page = request(connection, 'GET', f'{COLLECTION}?limit=500' + (f'&continue={token}' if token else ''))
        if status != 200:
            raise Failure(f'list: {status} {page}')
        for item in page['items']:
            out[item['metadata']['name']] = (int(item['metadata']['resourceVersion']), item.get('data', {}).get('v'))
        token = page['metadata'].get('continue', '')
        if not token:
            return out, int(page['metadata']['resourceVersion'])


def check_streams(streams, writers, stored):
    """Each watcher has every acknowledged change of each writer once, in order, and nothing that contradicts the state."""
    for stream in streams:
        if stream.failure:
            raise stream.failure
        by_name = {}
        for event_revision, name, value in stream.events:
            by_name.setdefault(name, []).append((event_revision, value))
        for writer in writers:
            for told_revision, name, value in writer.told:
                events = by_name.get(name, [])
                found = any((r == told_revision if told_revision else True) and v == value for r, v in events)
                if not found:
                    raise Failure(f'a watcher has missed {name}={value} at {told_revision}')
        for name, events in by_name.items():
            if not name.startswith('w'):
                continue
            values = [v for _, v in events if v is not None]
            if len(values) != len(set(values)):
                raise Failure(f'a watcher was told a change of {name} twice: {values}')
            last = events[-1]
            if name in stored and last[1] is not None and stored[name][0] != last[0]:
                raise Failure(f'a watcher ends with {name} at {last[0]}, stored is {stored[name][0]}')
            if (name in stored) != (last[1] is not None):
                raise Failure(f'a watcher ends with {name}={last[1]}, stored is {stored.get(name)}')
        stream.events.clear()
    for writer in writers:
        writer.told.clear()


def write_mark(platform, revision):
    """A change made now: who has seen it has seen everything before it. The first revision after a start is a new one."""
    connection = platform.connect()
    status, answer = request(connection, 'POST', COLLECTION, {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'generateName': 'mark-'}})
    if status != 201:
        raise Failure(f'POST mark: {status} {answer}')
    mark = int(answer['metadata']['resourceVersion'])
    if mark <= revision:
        raise Failure(f'revision {mark} is handed out after {revision}')
    request(connection, 'DELETE', f"{COLLECTION}/{answer['metadata']['name']}")
    return mark


def wait_for(streams, mark):
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while any(s.position < mark and not s.expired and not s.failure for s in streams):
        if time.monotonic() > deadline:
            raise Failure(f'watchers stay behind: at {[s.position for s in streams]}, written {mark}')
        time.sleep(0.01)


def start_watchers(platform, streams):
    threads = [Watcher(platform, stream) for stream in streams]
    for thread in threads:
        thread.start()
    return threads


class Soak:
    def __init__(self, arguments, platform, chance):
        self.arguments, self.platform, self.chance = arguments, platform, chance
        self.writers = [Writer(platform, n, chance.random()) for n in range(arguments.writers)]
        self.told = self.gaps = 0
        platform.start()
        _, self.newest = list_all(platform)
        self.streams = [Stream(self.newest) for _ in range(arguments.watchers)]
        self.watching = start_watchers(platform, self.streams)

    def load(self):
        """Everybody writes until the process is killed."""
        before = self.writers
        self.writers = [Writer(self.platform, old.number, self.chance.random()) for old in before]
        for old, new in zip(before, self.writers):
            new.known, new.count = old.known, old.count
            new.start()
        time.sleep(self.chance.uniform(0.02, self.arguments.seconds))
        self.platform.kill()
        for thread in self.writers + self.watching:
            thread.stopping = True
            thread.join(JOIN_SECONDS)
        for writer in self.writers:
            if writer.failure:
                raise writer.failure
        self.told += sum(len(w.told) for w in self.writers)
        told = [r for w in self.writers for r, _, _ in w.told if r]
        self.newest = max([self.newest] + told + [s.position for s in self.streams])

    def check(self):
        stored, revision = list_all(self.platform)
        if revision < self.newest:
            raise Failure(f'the revision went back from {self.newest} to {revision}')
        for writer in self.writers:
            writer.settle(stored)
        self.watching = start_watchers(self.platform, self.streams)
        wait_for(self.streams, write_mark(self.platform, self.newest))
        expired = [s for s in self.streams if s.expired]
        check_streams([s for s in self.streams if not s.expired], self.writers, stored)
        for stream in expired:
            self.gaps += 1
            stream.expired, stream.position = False, revision
            stream.events.clear()
        self.watching += start_watchers(self.platform, expired)

    def round(self):
        self.load()
        self.platform.start()
        self.check()


def run(arguments):
    seed = arguments.seed or random.SystemRandom().randrange(1 << 32)
    root = tempfile.mkdtemp(prefix='plinth-soak-')
    platform = Platform(os.environ['PLINTH'], root)
    print(f'{arguments.rounds} rounds, {arguments.writers} writers, {arguments.watchers} watchers, seed of the times {seed}', flush=True)
    started = time.monotonic()
    try:
        soak = Soak(arguments, platform, random.Random(seed))
        for number in range(1, arguments.rounds + 1):
            soak.round()
            if number % 25 == 0 or number == arguments.rounds:
                print(f'round {number}: {soak.told} acknowledged writes kept, {soak.gaps} watches expired, {time.monotonic() - started:.0f} s', flush=True)
        platform.stop()
        if soak.gaps > arguments.rounds * arguments.watchers // 10:
            raise Failure(f'{soak.gaps} watches were told that their place is gone; a kill in the middle of a write may cut the history, not every kill')
        print('ok')
        return 0
    except Failure as failure:
        print(f'FAILED (data in {root}): {failure}')
        root = None
        return 1
    finally:
        if platform.process and platform.process.poll() is None:
            platform.kill()
        if root:
            shutil.rmtree(root, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--rounds', type=int, default=300)
    parser.add_argument('--writers', type=int, default=8)
    parser.add_argument('--watchers', type=int, default=3)
    parser.add_argument('--seconds', type=float, default=0.4, help='of load before a kill, at most')
    parser.add_argument('--seed', type=int, default=0)
    return run(parser.parse_args())


if __name__ == '__main__':
    sys.exit(main())
