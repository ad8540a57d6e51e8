"""The part of ./dev bench node about volumes: a claim and the pod that uses it, created until the volume is mounted for the pod, against
the storage driver's own CreateVolume, NodeStageVolume and NodePublishVolume."""
import os, select, statistics, time

import node_tools as node

BYTES = 256 << 20
CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims'
GOAL_MORE_MS = 30


class MountTable:
    """The kernel tells of each change of the table."""
    def __init__(self):
        self.file = open('/proc/self/mountinfo')
        self.poll = select.poll()
        self.poll.register(self.file, select.POLLERR | select.POLLPRI)

    def until(self, has, seconds=60):
        end = time.monotonic() + seconds
        while True:
            self.file.seek(0)
            targets = [line.split(' ')[4] for line in self.file]
            if has(targets):
                return time.monotonic()
            if time.monotonic() > end:
                raise SystemExit('the volume was not mounted')
            self.poll.poll(1000)


def bench(platform, client, watch, bare, pairs):
    mounts = MountTable()
    folder = platform.data + '/node/kubelet/pods/'

    def own(i):
        name = f'data-{i}'
        used = node.pod(name, container={'volumeMounts': [{'name': 'data', 'mountPath': '/data'}]},
                        volumes=[{'name': 'data', 'persistentVolumeClaim': {'claimName': name}}])
        claim = {'apiVersion': 'v1', 'kind': 'PersistentVolumeClaim', 'metadata': {'name': name},
                 'spec': {'accessModes': ['ReadWriteOnce'], 'resources': {'requests': {'storage': str(BYTES)}}}}
        begun = time.monotonic()
        client.call('POST', CLAIMS, claim)
        client.call('POST', node.PODS, used)
        there = lambda targets: any(target.startswith(folder) and '/volumes/kubernetes.io~csi/' in target for target in targets)
        took = (mounts.until(there) - begun) * 1000
        watch.until([name], node.is_ready)
        node.remove(client, watch, [name])
        client.call('DELETE', f'{CLAIMS}/{name}')
        mounts.until(lambda targets: not there(targets) and not any('/globalmount' in t and t.startswith(platform.data) for t in targets))
        return took

    own(-1)
    own_times, bare_times = node.in_turn(pairs, own, lambda i: bare.ask('volume'))
    more = statistics.median(a - b for a, b in zip(own_times, bare_times))
    node.row('a claim and its pod created, until the volume is mounted (quartiles)', node.quartiles(own_times))
    node.row("the driver's own calls", node.quartiles(bare_times))
    node.row(f'median difference of {pairs} pairs', f'{more:.1f} ms', f'{GOAL_MORE_MS} ms', more < GOAL_MORE_MS)
