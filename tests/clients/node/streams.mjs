// What programs do with the streams of @kubernetes/client-node: commands in a pod, their input and exit codes, ports.
import * as k8s from '@kubernetes/client-node';
import { PassThrough, Readable } from 'node:stream';
import net from 'node:net';
const config = new k8s.KubeConfig(); config.loadFromDefault();
const exec = new k8s.Exec(config);
const text = async (s) => { let out = ''; for await (const c of s) out += c; return out; };
const run = (command, input) => new Promise((resolve, reject) => {
  const out = new PassThrough(), err = new PassThrough(); let o = '', e = '';
  out.on('data', (d) => o += d); err.on('data', (d) => e += d);
  exec.exec('default', 'web', 'web', command, out, err, input ? Readable.from([input]) : null, false, (status) => setTimeout(() => resolve([status.status, status.reason, status.details?.causes?.[0]?.message, o.length > 50 ? o.length : o, e]), 50)).catch(reject);
});
console.log('exec', JSON.stringify(await run(['sh', '-c', 'echo out; echo err >&2; exit 3'])));
console.log('input', JSON.stringify(await run(['cat'], 'typed\n')));
console.log('large', JSON.stringify(await run(['cat'], 'x'.repeat(300000))));
const forward = new k8s.PortForward(config);
const server = net.createServer((socket) => forward.portForward('default', 'web', [8080], socket, null, socket));
await new Promise((r) => server.listen(0, '127.0.0.1', r));
const c = net.connect(server.address().port, '127.0.0.1'); c.write('over the port');
c.once('data', (d) => { console.log('port', d.toString()); process.exit(0); });
