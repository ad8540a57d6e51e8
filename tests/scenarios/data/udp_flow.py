#!/usr/bin/env python3
"""Who answers over UDP: udp_flow.py serve ADDRESS FILE, two servers that answer with their ports, which they write to the file;
udp_flow.py ask ADDRESS:PORT FILE, a client that asks again and again from one port of its own, and writes each new answer to the file."""
import select, socket, sys

what, address, path = sys.argv[1:]
if what == 'serve':
    servers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for server in servers:
        server.bind((address, 0))
    ports = [str(server.getsockname()[1]) for server in servers]
    with open(path, 'w') as file:
        file.write('\n'.join(ports) + '\n')
    while True:
        for server in select.select(servers, [], [])[0]:
            server.sendto(ports[servers.index(server)].encode(), server.recvfrom(100)[1])
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(0.1)
client.bind(('0.0.0.0', 0))
host, port = address.rsplit(':', 1)
last = None
while True:
    try:
        client.sendto(b'who', (host, int(port)))
        answer = client.recv(100).decode()
    except OSError:
        continue
    if answer != last:
        last = answer
        with open(path, 'a') as file:
            file.write(answer + '\n')
