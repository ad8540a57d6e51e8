"""KUBECTL TARGET PORT...: forwards the ports with kubectl and talks to them: the first of them echoes, others say something and end."""
import re, socket, subprocess, sys, threading

kubectl, target, *ports = sys.argv[1:]
forward = subprocess.Popen([kubectl, 'port-forward', target, *['0:' + p for p in ports]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
local = []
while len(local) < len(ports):
    line = forward.stdout.readline()
    if not line:
        sys.exit(forward.stderr.read())
    if m := re.match(r'Forwarding from 127\.0\.0\.1:(\d+)', line):
        local.append(int(m[1]))
threading.Thread(target=forward.stdout.read, daemon=True).start()

def talk(port, sent):
    connection = socket.create_connection(('127.0.0.1', port), timeout=20)

    def send():
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    received = b''
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    sender.join()
    return received

text = bytes(range(256)) * 3907
text = text[:1_000_000]
print(ports[0], 'echoes', len(text), 'bytes:', talk(local[0], text) == text)
same = []
threads = [threading.Thread(target=lambda: same.append(talk(local[0], text) == text)) for _ in range(5)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(ports[0], 'echoes 5 at once:', same)
for name, port in zip(ports[1:], local[1:]):
    said = talk(port, b'').decode().strip()
    print(f'{name} says: {said}' if said else f'{name} says nothing')

if len(ports) > 2:  # kubectl tells of the port that refused
    while line := forward.stderr.readline():
        if m := re.search(r'error forwarding port [^"\n]*', line):
            print(m[0])
            break
forward.terminate()
forward.wait()
