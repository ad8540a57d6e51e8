#!/usr/bin/env python3
"""Plays one node for a scenario: reports, says of pods on it that they run and are ready, removes those that are to be deleted.

A pod's label "fate" says otherwise: pending, unready, succeed, fail. Pods with restartPolicy Never or OnFailure and no fate succeed.
Runs until it is killed. Needs KUBECONFIG (client certificate in it).
"""
import base64, json, os, re, ssl, sys, tempfile, time, urllib.error, urllib.request

text = open(os.environ['KUBECONFIG']).read()
server = re.search(r'server: *(\S+)', text)[1].strip('"')
context = ssl.create_default_context(cadata=base64.b64decode(re.search(r'certificate-authority-data: *(\S+)', text)[1].strip('"')).decode())
with tempfile.NamedTemporaryFile('w', suffix='.pem') as pem:
    for name in ('client-certificate-data', 'client-key-data'):
        pem.write(base64.b64decode(re.search(name + r': *(\S+)', text)[1].strip('"')).decode())
    pem.flush()
    context.load_cert_chain(pem.name)


def call(method, path, body=None):
    kind = 'application/merge-patch+json' if method == 'PATCH' else 'application/json'
    request = urllib.request.Request(server + path, method=method, data=json.dumps(body).encode() if body else None, headers={'Content-Type': kind})
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        return None  # the pod is gone, or has changed: the next turn sees it


addresses = {}


def address(pod):
    return addresses.setdefault(pod['metadata']['uid'], f'10.244.{len(addresses) // 250}.{len(addresses) % 250 + 1}')


def status(pod, now):
    fate = pod['metadata'].get('labels', {}).get('fate') or ('succeed' if pod['spec'].get('restartPolicy') in ('Never', 'OnFailure') else 'run')
    phase = {'succeed': 'Succeeded', 'fail': 'Failed'}.get(fate, 'Running')
    ready = phase == 'Running' and fate != 'unready'
    state = {'running': {'startedAt': now}} if phase == 'Running' else {'terminated': {'exitCode': int(phase == 'Failed'), 'finishedAt': now}}
    return {'phase': phase, 'startTime': now, 'podIP': address(pod), 'podIPs': [{'ip': address(pod)}],
            'conditions': [{'type': 'Ready', 'status': str(ready), 'lastTransitionTime': now}],
            'containerStatuses': [{'name': c['name'], 'image': c.get('image', ''), 'imageID': '', 'restartCount': 0, 'ready': ready, 'state': state}
                                  for c in pod['spec']['containers']]}


def play(pod):
    metadata = pod['metadata']
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
    if 'deletionTimestamp' in metadata:
        return call('DELETE', path, {'kind': 'DeleteOptions', 'apiVersion': 'v1', 'gracePeriodSeconds': 0})
    if not pod['spec'].get('nodeName'):
        return  # the scheduler's part
    if pod['status'].get('phase') == 'Pending' and metadata.get('labels', {}).get('fate') != 'pending':
        call('PATCH', path + '/status', {'status': status(pod, time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()))})


def report():
    now = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
    room = {'cpu': '8', 'memory': '16Gi', 'pods': '110'}
    call('POST', '/api/v1/nodes', {'apiVersion': 'v1', 'kind': 'Node', 'metadata': {'name': 'n1', 'labels': {'kubernetes.io/hostname': 'n1'}}})
    call('PATCH', '/api/v1/nodes/n1/status', {'status': {'capacity': room, 'allocatable': room, 'conditions': [
        {'type': 'Ready', 'status': 'True', 'reason': 'KubeletReady', 'lastHeartbeatTime': now, 'lastTransitionTime': '2026-01-01T00:00:00Z'}]}})


reported = 0
while True:
    try:
        if time.monotonic() - reported > 10:
            report()
            reported = time.monotonic()
        for item in (call('GET', '/api/v1/pods') or {'items': []})['items']:
            play(item)
    except OSError:
        pass  # the platform is being restarted
    time.sleep(0.05)
