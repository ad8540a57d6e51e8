#!/usr/bin/env python3
"""Upgrades a connection to "echo" at host:port with the Host that is named, and a path if there is one, sends two lines and prints what comes back."""
import socket, sys

host, port = sys.argv[1].rsplit(':', 1)
with socket.create_connection((host, int(port)), timeout=20) as s:
    s.sendall(f'GET {sys.argv[3] if len(sys.argv) > 3 else "/up"} HTTP/1.1\r\nHost: {sys.argv[2]}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'.encode())
    stream = s.makefile('rb')
    print(stream.readline().decode().strip())
    while stream.readline().strip():
        pass
    for line in (b'one\n', b'two\n'):
        s.sendall(line)
        print(stream.readline().decode().strip())
