#!/usr/bin/env python3
"""silly-demo against the servers that it is a client of: PostgreSQL and nats-server of Debian, where they are installed.

SILLY_DEMO is the executable. Prints what was skipped, and unittest's closing line.
"""
import glob, json, os, shutil, signal, socket, subprocess, tempfile, time, unittest, urllib.error, urllib.parse, urllib.request

WAIT_SECONDS = 20


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_for(what, condition):
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f'{what}: not within {WAIT_SECONDS} s')


def connects(port):
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
        return True
    except OSError:
        return False


class App:
    def __init__(self, folder, **environment):
        self.port = free_port()
        self.log_path = os.path.join(folder, f'app-{self.port}.log')
        with open(self.log_path, 'w') as log:
            self.process = subprocess.Popen([os.environ['SILLY_DEMO']], stderr=log,
                                            env=dict(environment, PORT=str(self.port), PATH=os.environ['PATH']))
        wait_for('the application answers', lambda: connects(self.port))

    def call(self, method, path, **query):
        url = f'http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(query)}'
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=WAIT_SECONDS)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='silly-demo-', dir='/tmp')  # where another user can reach it
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def app(self, **environment):
        app = App(self.folder, **environment)
        self.addCleanup(app.process.wait)
        self.addCleanup(app.process.kill)
        return app


class Answers(Case):
    def test_greets(self):
        self.assertEqual(self.app(DB='fs').call('GET', '/'), (200, 'This is a silly demo\n'))
        self.assertEqual(self.app(DB='fs', VERSION='1.4.305').call('GET', '/'), (200, 'This is a silly demo version 1.4.305\n'))
        self.assertEqual(self.app(MESSAGE='Hello').call('GET', '/'), (200, 'Hello\n'))

    def test_fibonacci(self):
        app = self.app(DB='fs')
        self.assertEqual(app.call('GET', '/fibonacci', number='20'), (200, '6765'))
        self.assertEqual(app.call('GET', '/fibonacci', number='x')[0], 400)

    def test_keeps_videos_in_a_file(self):
        app = self.app(DB='fs', FS_DIR=self.folder)
        self.assertEqual(app.call('GET', '/videos'), (500, f'open {self.folder}/videos.yaml: no such file or directory'))
        titles = ['something', 'true', '"quoted": # and\nmore', 'Ünïcode']
        for i, title in enumerate(titles):
            self.assertEqual(app.call('POST', '/video', id=i, title=title), (200, ''))
        expected = [{'id': str(i), 'title': title} for i, title in enumerate(titles)]
        self.assertEqual(json.loads(app.call('GET', '/videos')[1]), expected)
        self.assertEqual(app.call('POST', '/video', id='1'), (400, 'title is empty'))
        self.assertEqual(app.stop(), 0)
        again = self.app(DB='fs', FS_DIR=self.folder)
        self.assertEqual(json.loads(again.call('GET', '/videos')[1]), expected)

    def test_reads_a_file_that_a_person_wrote(self):
        with open(os.path.join(self.folder, 'videos.yaml'), 'w') as f:
            f.write('- id: "1"\n  title: something\n- {title: else, id: 2}\n')
        self.assertEqual(json.loads(self.app(DB='fs', FS_DIR=self.folder).call('GET', '/videos')[1]),
                         [{'id': '1', 'title': 'something'}, {'id': '2', 'title': 'else'}])

    def test_a_broken_file_is_not_overwritten(self):
        path = os.path.join(self.folder, 'videos.yaml')
        with open(path, 'w') as f:
            f.write('- id: "1\n')
        app = self.app(DB='fs', FS_DIR=self.folder)
        self.assertEqual(app.call('GET', '/videos')[0], 500)
        self.assertEqual(app.call('POST', '/video', id=1, title='a')[0], 500)
        with open(path) as f:
            self.assertEqual(f.read(), '- id: "1\n')

    def test_names_the_setting_that_is_missing(self):
        self.assertEqual(self.app(DB_ENDPOINT='x').call('GET', '/videos'), (400, 'Environment variable `DB_PORT` is empty'))


def postgres_folder():
    found = sorted(glob.glob('/usr/lib/postgresql/*/bin/initdb'))
    return os.path.dirname(found[-1]) if found and os.getuid() == 0 else None


@unittest.skipUnless(postgres_folder(), 'no PostgreSQL server (or not root, who can become the user postgres)')
class Database(Case):
    def as_postgres(self, *command, **more):
        return subprocess.run(['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', *command], check=True,
                              capture_output=True, **more)

    def start(self, method, port):
        data = os.path.join(self.folder, 'data')
        password = os.path.join(self.folder, 'password')
        with open(password, 'w') as f:
            f.write('a "good" one')
        os.chmod(password, 0o644)
        os.chmod(self.folder, 0o777)
        self.as_postgres(postgres_folder() + '/initdb', '-D', data, '-U', 'app', '--auth=' + method, '--pwfile=' + password, '--no-sync')
        self.data = data
        self.run_server(port)

    def run_server(self, port):
        server = subprocess.Popen(['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', postgres_folder() + '/postgres',
                                   '-D', self.data, '-p', str(port), '-k', self.folder, '-c', 'listen_addresses=127.0.0.1'],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_for('PostgreSQL answers', lambda: subprocess.run(
            [postgres_folder() + '/pg_isready', '-h', '127.0.0.1', '-p', str(port)], capture_output=True).returncode == 0)
        return server

    def settings(self, port, **more):
        return {'DB_ENDPOINT': '127.0.0.1', 'DB_PORT': str(port), 'DB_USER': 'app', 'DB_PASS': 'a "good" one', 'DB_NAME': 'postgres', **more}

    def play(self, app):
        self.assertEqual(app.call('GET', '/videos'), (200, 'null'))
        self.assertEqual(app.call('POST', '/video', id=1, title="it's"), (200, ''))
        self.assertEqual(app.call('POST', '/video', id=2, title='else'), (200, ''))
        status, text = app.call('POST', '/video', id=2, title='again')
        self.assertEqual(status, 500)
        self.assertIn('ERROR #23505 duplicate key', text)
        self.assertEqual(json.loads(app.call('GET', '/videos')[1]), [{'id': '1', 'title': "it's"}, {'id': '2', 'title': 'else'}])

    def test_scram_and_a_database_that_is_restarted(self):
        port = free_port()
        self.start('scram-sha-256', port)
        app = self.app(**self.settings(port))
        self.play(app)
        refused = self.app(**self.settings(port, DB_PASS='wrong')).call('GET', '/videos')
        self.assertEqual(refused, (500, 'FATAL #28P01 password authentication failed for user "app"'))
        self.as_postgres(postgres_folder() + '/pg_ctl', '-D', self.data, '-m', 'fast', 'stop')
        self.assertEqual(app.call('GET', '/videos')[0], 500)
        self.run_server(port)
        self.assertEqual(app.call('GET', '/videos')[0], 200)

    def test_md5(self):
        port = free_port()
        self.start('md5', port)
        self.play(self.app(**self.settings(port)))


class NatsPeer:
    """A client of the fewest lines, so that the other side is judged by the server."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), WAIT_SECONDS)
        self.lines = self.socket.makefile('rb')
        self.lines.readline()
        self.send('CONNECT {"verbose":false,"headers":true,"no_responders":true}')

    def send(self, line, payload=None):
        self.socket.sendall(line.encode() + b'\r\n' + (b'' if payload is None else payload.encode() + b'\r\n'))

    def request(self, subject, payload):
        self.send('SUB answers 1')
        self.send(f'PUB {subject} answers {len(payload.encode())}', payload)
        head = self.lines.readline().split()
        text = self.lines.read(int(head[-1]) + 2)[:-2].decode()
        return 'no responders' if head[0] == b'HMSG' else text

    def close(self):
        self.lines.close()
        self.socket.close()


@unittest.skipUnless(shutil.which('nats-server'), 'no nats-server')
class Nats(Case):
    def server(self, port):
        process = subprocess.Popen(['nats-server', '-a', '127.0.0.1', '-p', str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_for('nats-server answers', lambda: connects(port))
        return process

    def test_answers_and_logs_and_comes_back(self):
        port = free_port()
        server = self.server(port)
        app = self.app(DB='fs', NATS_URL=f'127.0.0.1:{port}', NATS_SUBSCRIBE='true')
        peer = NatsPeer(port)
        self.addCleanup(peer.close)
        wait_for('the application subscribes', lambda: peer.request('fibonacci.request', '20') == '6765')
        self.assertEqual(peer.request('fibonacci.request', 'Something'), 'Something is not a number')
        peer.send('PUB silly-demo.hello 2', 'hi')
        peer.send('PUB ci.serious-demo 4', 'mute')
        peer.send('PUB ci.silly-demo 5', 'build')
        wait_for('messages in the log', lambda: 'received message: build' in app.log())
        self.assertIn('received message: hi', app.log())
        self.assertNotIn('mute', app.log())
        server.kill()
        server.wait()
        self.server(port)
        again = NatsPeer(port)
        self.addCleanup(again.close)
        wait_for('the application is back', lambda: again.request('fibonacci.request', '7') == '13')
        self.assertEqual(app.stop(), 0)


if __name__ == '__main__':
    unittest.main()
