#!/usr/bin/env python3
"""An admission webhook that refuses everything: webhook_server.py PORT_FILE ADDRESS CERTIFICATE KEY. Says by which path it was asked."""
import http.server, json, os, ssl, sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers['content-length'])))
        review['response'] = {'uid': review['request']['uid'], 'allowed': False, 'status': {'message': 'not at ' + self.path.split('?')[0]}}
        text = json.dumps(review).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


port_file, address, certificate, key = sys.argv[1:]
server = http.server.ThreadingHTTPServer((address, 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(port_file + '.new', 'w') as file:
    file.write(str(server.server_port))
os.rename(port_file + '.new', port_file)
server.serve_forever()
