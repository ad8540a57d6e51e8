#!/usr/bin/env python3
"""A name server that knows one name: dns_server.py ADDRESS NAME IP. Over UDP; everything else does not exist."""
import socket, struct, sys

address, name, ip = sys.argv[1:]
host, port = address.rsplit(':', 1)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((host, int(port)))
while True:
    query, client = server.recvfrom(4096)
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    question = query[12:at + 5]
    known = '.'.join(labels).lower() == name
    wanted = known and question[-4:-2] == b'\0\1'
    answer = b'\xc0\x0c\0\1\0\1\0\0\0\5\0\4' + socket.inet_aton(ip) if wanted else b''
    server.sendto(query[:2] + struct.pack('>HHHHH', 0x8180 | (0 if known else 3), 1, len(answer) > 0, 0, 0) + question + answer, client)
