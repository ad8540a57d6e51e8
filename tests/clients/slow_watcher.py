"""A client that opens a watch and does not read it, while others write: they notice nothing, the server's memory does not grow with what
was not read, and when the client reads again it gets every event in order, or is told that it is too late."""
import base64, http.client, json, os, re, socket, ssl, tempfile, urllib.parse

text = open(os.environ['KUBECONFIG']).read()
field = lambda name: re.search(name + r': (\S+)', text)[1]
server = urllib.parse.urlparse(field('server'))


def kept(data):
    f = tempfile.NamedTemporaryFile(delete=False)
    f.write(base64.b64decode(data))
    f.close()
    return f.name


context = ssl._create_unverified_context()
certificate, key = kept(field('client-certificate-data')), kept(field('client-key-data'))
context.load_cert_chain(certificate, key)
os.unlink(certificate)
os.unlink(key)


connection = http.client.HTTPSConnection(server.hostname, server.port, context=context)


def call(method, path, body=None, content_type='application/json'):
    connection.request(method, path, json.dumps(body) if body else None, {'content-type': content_type})
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status < 300, text
    return text


def resident():
    return int(float(re.search(r'^process_resident_memory_bytes (\S+)', call('GET', '/metrics'), re.M)[1]))


path = '/api/v1/namespaces/default/configmaps'
call('POST', path, {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'busy'}, 'data': {'n': '0'}})
raw = socket.create_connection((server.hostname, server.port))
sleeper = context.wrap_socket(raw, server_hostname=server.hostname)
sleeper.sendall(f'GET {path}?watch=1&fieldSelector=metadata.name%3Dbusy HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
received = bytearray()
while b'"n":"0"' not in received:  # until then it may not have begun to watch
    received += sleeper.recv(4096)
before = resident()
WRITES, PADDING = 200, 100_000
for i in range(1, WRITES + 1):
    call('PATCH', path + '/busy', {'data': {'n': str(i), 'padding': 'x' * PADDING}}, 'application/merge-patch+json')
grown = resident() - before
print('written', WRITES, 'memory', 'bounded' if grown < WRITES * PADDING // 2 else f'grew by {grown}')
while b'"n":"%d"' % WRITES not in received[-2 * PADDING:] and b'"code":410' not in received[-2 * PADDING:]:
    piece = sleeper.recv(65536)
    if not piece:
        break
    received += piece
numbers = [int(n) for n in re.findall(rb'"n":"(\d+)"', received)]
whole = numbers == list(range(numbers[-1] + 1))
print('read', 'in order' if whole else numbers[:5], 'to the end' if numbers[-1] == WRITES or b'"code":410' in received else 'and no further')
