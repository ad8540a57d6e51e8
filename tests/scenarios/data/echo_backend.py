#!/usr/bin/env python3
"""A backend that says what it got: echo_backend.py PORT_FILE [ADDRESS]; serves until it is killed.

/count counts the bytes of the body, /zeros/N sends N bytes, an upgrade to "echo" sends back what comes, everything else is echoed as JSON.
"""
import http.server, json, os, sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def body(self):
        if self.headers.get('transfer-encoding') != 'chunked':
            return self.rfile.read(int(self.headers.get('content-length', 0)))
        out = bytearray()
        while size := int(self.rfile.readline(), 16):
            out += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return out

    def upgrade(self):
        self.send_response(101)
        self.send_header('Connection', 'Upgrade')
        self.send_header('Upgrade', 'echo')
        self.end_headers()
        self.close_connection = True
        while line := self.rfile.readline():
            self.wfile.write(line)

    def answer(self):
        if self.headers.get('upgrade') == 'echo':
            return self.upgrade()
        body = self.body()
        shown = {'method': self.command, 'path': self.path, 'host': self.headers['host'], 'body': len(body)}
        for name in ('X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Real-Ip'):
            shown[name.lower()] = self.headers.get(name)
        if len(sys.argv) > 2:
            shown['authorization'] = self.headers.get('authorization')
        if self.path.startswith('/zeros/'):
            size = int(self.path.split('/')[2])
            self.send_response(200)
            self.send_header('Content-Length', str(size))
            self.end_headers()
            for _ in range(size // 10000):
                self.wfile.write(bytes(10000))
            return
        text = f'{len(body)}\n' if self.path == '/count' else json.dumps(shown) + '\n'
        self.send_response(200)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer((sys.argv[2] if len(sys.argv) > 2 else '127.0.0.1', 0), Handler)
with open(sys.argv[1] + '.new', 'w') as file:
    file.write(str(server.server_port))
os.rename(sys.argv[1] + '.new', sys.argv[1])
server.serve_forever()
