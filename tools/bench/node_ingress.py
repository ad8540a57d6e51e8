"""The part of ./dev bench node about ingress."""
import os, re, statistics, subprocess, time

METHOD = ("The router of the platform and Debian's nginx, in turn, in front of one backend (an nginx too, 256 bytes an answer), wrk as the "
          'client. All of it shares the processors; X-Forwarded-* are set and connections to the backend kept by both.')
ROUNDS = 5
GOAL = 1.3
CONNECTIONS = (1, 16, 64)
COMMON = '''
daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.log; worker_processes {workers};
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{servers}
}}
'''
BACKEND = 'server {{ listen {address}; default_type text/plain; location / {{ return 200 "{body}"; }} }}'
PROXY = '''
upstream backend {{ server {backend}; keepalive 128; keepalive_requests 1000000000; }}
server {{
  listen {address};
  location / {{
    proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host;
  }}
}}
'''


class Nginx:
    def __init__(self, program, folder, name, servers, workers):
        os.makedirs(folder, exist_ok=True)
        path = f'{folder}/{name}.conf'
        with open(path, 'w') as out:
            out.write(COMMON.format(folder=folder, name=name, servers=servers, workers=workers))
        self.process = subprocess.Popen([program, '-c', path, '-p', folder, '-e', f'{folder}/{name}.log'])

    def stop(self):
        self.process.terminate()
        self.process.wait()


def free_port(address):
    import socket
    with socket.create_server((address, 0)) as s:
        return s.getsockname()[1]


def answers(address, host, seconds=30):
    import http.client
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection(address, timeout=2)
            connection.request('GET', '/', headers={'Host': host})
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f'{address} does not answer for {host}')


def load(wrk, address, host, connections, seconds):
    """Requests a second, and the 50th and 99th percentile in microseconds."""
    done = subprocess.run([wrk, '-t', '1', '-c', str(connections), '-d', f'{seconds}s', '--latency', '-H', f'Host: {host}', f'http://{address}/'],
                          capture_output=True, text=True, check=True).stdout
    if 'Non-2xx' in done or 'Socket errors' in done:
        raise SystemExit(done)
    unit = {'us': 1, 'ms': 1000, 's': 1000000}
    times = [float(value) * unit[name] for value, name in re.findall(r'(?:50|99)%\s+([\d.]+)(us|ms|s)', done)]
    return (float(re.search(r'Requests/sec:\s+([\d.]+)', done)[1]), *times)


def route(platform, client, backend):
    address, port = backend.rsplit(':', 1)
    base = '/api/v1/namespaces/default/services'
    client.call('POST', base, {'apiVersion': 'v1', 'kind': 'Service', 'metadata': {'name': 'backend'},
                               'spec': {'ports': [{'name': 'http', 'port': 80, 'targetPort': int(port)}]}})
    client.call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
        'apiVersion': 'discovery.k8s.io/v1', 'kind': 'EndpointSlice', 'addressType': 'IPv4',
        'metadata': {'name': 'backend', 'labels': {'kubernetes.io/service-name': 'backend'}},
        'ports': [{'name': 'http', 'port': int(port), 'protocol': 'TCP'}], 'endpoints': [{'addresses': [address], 'conditions': {'ready': True}}]})
    client.call('POST', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
        'apiVersion': 'networking.k8s.io/v1', 'kind': 'Ingress', 'metadata': {'name': 'bench'},
        'spec': {'rules': [{'host': 'bench.example', 'http': {'paths': [
            {'path': '/', 'pathType': 'Prefix', 'backend': {'service': {'name': 'backend', 'port': {'number': 80}}}}]}}]}})


def router_address(client):
    import json
    kind = json.loads(client.call('GET', '/apis/networking.k8s.io/v1/ingressclasses/plinth'))
    return kind['metadata']['annotations']['plinth.dev/http']


def bench(platform, client, nginx, wrk, seconds):
    print('\n## Ingress\n\n' + METHOD + f'\n\nMedians of {ROUNDS} runs of {seconds} s; the goal is {GOAL} x in both.\n')
    print('| connections | | a second | ratio | p50 us | ratio | p99 us |\n|---|---|---|---|---|---|---|', flush=True)
    folder = platform.root + '/nginx'
    gateway = '10.253.77.1'
    backend = f'{gateway}:{free_port(gateway)}'
    proxy = f'127.0.0.1:{free_port("127.0.0.1")}'
    servers = [Nginx(nginx, folder, 'backend', BACKEND.format(address=backend, body='x' * 256), 1),
               Nginx(nginx, folder, 'proxy', PROXY.format(address=proxy, backend=backend), os.cpu_count())]
    try:
        route(platform, client, backend)
        own = router_address(client)
        answers(own, 'bench.example')
        answers(proxy, 'bench.example')
        for connections in CONNECTIONS:
            ours, theirs = [], []
            for i in range(ROUNDS):
                for address, runs in ((own, ours), (proxy, theirs))[::1 if i % 2 else -1]:
                    runs.append(load(wrk, address, 'bench.example', connections, seconds))
            mine, peer = ([statistics.median(column) for column in zip(*runs)] for runs in (ours, theirs))
            rate, wait = peer[0] / mine[0], mine[1] / peer[1]
            mark = lambda value: f'{value:.2f}' + ('' if value <= GOAL else ' (**missed**)')
            print(f'| {connections} | plinth ingress | {mine[0]:.0f} | {mark(rate)} | {mine[1]:.0f} | {mark(wait)} | {mine[2]:.0f} |')
            print(f'| {connections} | nginx | {peer[0]:.0f} | 1 | {peer[1]:.0f} | 1 | {peer[2]:.0f} |', flush=True)
    finally:
        for server in servers:
            server.stop()
