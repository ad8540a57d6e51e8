#!/usr/bin/env python3
"""What a node adds to its container runtime; called by ./dev bench node (root, containerd, CNI plugins).

A platform with `--node cri`, and beside it, taken in turn and in both orders, what it is measured against: bare CRI calls to the same
containerd with the same configs (bench/bare_pods.cpp), bare calls to the same storage driver (bench/bare_volumes.cpp), Debian's nginx in
front of the same backend. Images are there; pods have one container, the bridge network and no probe. Times of the platform go from before
the request is sent until the event with the condition Ready has been read, or until the mount is in the mount table. The client is Python and
shares the processors with everything else.
"""
import argparse, os, re, statistics, subprocess, sys, time

import node_ingress, node_volumes
from node_tools import IMAGE, SETTLE_SECONDS, Bare, Platform, Watch, in_turn, make, quartiles, remove, row, section

GOAL_MORE_MS, GOAL_RATIO, GOAL_MB = 15, 1.2, 80


def proportional_mb(pids):
    total = 0
    for pid in pids:
        try:
            with open(f'/proc/{pid}/smaps_rollup') as f:
                total += int(re.search(r'Pss:\s+(\d+)', f.read())[1])
        except OSError:
            pass
    return total / 1024


def processor_ns(pid):
    """Of all its threads so far: finer than the ticks of /proc/PID/stat."""
    total = 0
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/schedstat') as f:
            total += int(f.read().split()[0])
    return total


def processes(name, marker):
    """Whose command line has `marker`, by the name of the program."""
    out = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline') as f:
                words = f.read().split('\0')
        except OSError:
            continue
        if os.path.basename(words[0]) == name and any(marker in word for word in words):
            out.append(pid)
    return out


def bench_one(client, watch, bare, pairs):
    def own(i):
        name = f'one-{i}'
        took = make(client, watch, [name])
        remove(client, watch, [name])
        return took

    own_times, bare_times = in_turn(pairs, own, lambda i: bare.ask('pods 1'))
    more = statistics.median(a - b for a, b in zip(own_times, bare_times))
    row('a pod created until it is Ready (quartiles)', quartiles(own_times))
    row('bare CRI: sandbox, container, started', quartiles(bare_times))
    row(f'median difference of {pairs} pairs', f'{more:.1f} ms', f'{GOAL_MORE_MS} ms', more < GOAL_MORE_MS)


def settle(platform, seconds=60):
    """Until the runtime has nothing left of pods that are gone: a pod of this bench's own stays."""
    end = time.monotonic() + seconds
    while len(processes('containerd-shim-runc-v2', platform.run_folder)) > 1 and time.monotonic() < end:
        time.sleep(0.2)
    time.sleep(SETTLE_SECONDS)


def bench_group(platform, client, watch, bare, count, rounds):
    names = [f'group-{i}' for i in range(count)]
    own, theirs = [], []
    for i in range(rounds):
        if i > 0:
            remove(client, watch, names)
        settle(platform)
        theirs.append(bare.ask(f'pods {count}'))
        settle(platform)
        own.append(make(client, watch, names))
    ratio = statistics.median(a / b for a, b in zip(own, theirs))
    row(f'{count} pods at once, until all are Ready', f'{statistics.median(own) / 1000:.2f} s')
    row('bare CRI, all at once', f'{statistics.median(theirs) / 1000:.2f} s')
    row(f'median ratio of {rounds}', f'{ratio:.2f}', GOAL_RATIO, ratio <= GOAL_RATIO)
    return names


def bench_memory(platform, count):
    time.sleep(2)
    shims = processes('containerd-shim-runc-v2', platform.run_folder)
    own = platform.resident_mb()
    row(f'resident memory with {count} pods', f'{own:.0f} MB', f'{GOAL_MB} MB', own < GOAL_MB)
    row('beside it (proportional)', f'containerd {proportional_mb(processes("containerd", platform.data)):.0f} MB, {len(shims)} shims '
        f'{proportional_mb(shims):.0f} MB, storage driver {proportional_mb(processes("exe", "csi-driver")):.0f} MB')
    busy = processor_ns(platform.process.pid)
    time.sleep(10)
    row(f'idle with {count} pods', f'{(processor_ns(platform.process.pid) - busy) / 1e7:.1f} ms of processor time a second')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--plinth', required=True)
    parser.add_argument('--bare-pods', required=True)
    parser.add_argument('--bare-volumes', required=True)
    parser.add_argument('--nginx', help='without it the part about ingress is left out')
    parser.add_argument('--wrk')
    parser.add_argument('--parts', default='pods,volumes,ingress')
    parser.add_argument('--pairs', type=int, default=30)
    parser.add_argument('--group', type=int, default=50)
    parser.add_argument('--group-rounds', type=int, default=3)
    parser.add_argument('--seconds', type=int, default=5, help='of each run of requests')
    parser.add_argument('--folder', default='build')
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit('./dev bench node needs root and containerd')
    parts = options.parts.split(',')
    print(__doc__.split('\n\n', 1)[1])
    print(f'{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before the run (other work makes every figure worse), {time.strftime("%Y-%m-%d %H:%M %Z")}')
    here = os.path.dirname(os.path.abspath(__file__))
    platform = Platform(options.plinth, options.folder)
    try:
        archive = platform.root + '/busybox.tar'
        subprocess.run([sys.executable, os.path.join(here, '../../tests/scenarios/data/busybox_image.py'), archive, IMAGE], check=True)
        subprocess.run([options.plinth, 'image', 'import', archive, '--data-dir', platform.data], check=True, stdout=subprocess.DEVNULL)
        client, watch = platform.connect(), Watch(platform)
        make(client, watch, ['warm'])  # the image is pulled
        if 'pods' in parts:
            bare = Bare(options.bare_pods, platform.socket, IMAGE, platform.cgroup_root, platform.root + '/bare')
            bare.ask('pods 1')
            section('Pods')
            bench_one(client, watch, bare, options.pairs)
            names = bench_group(platform, client, watch, bare, options.group, options.group_rounds)
            bench_memory(platform, options.group + 1)
            remove(client, watch, names)
            bare.stop()
        if 'volumes' in parts:
            bare = Bare(options.bare_volumes, platform.run_folder + '/csi.sock', platform.root + '/bare', str(node_volumes.BYTES))
            section('Volumes')
            node_volumes.bench(platform, client, watch, bare, options.pairs)
            bare.stop()
        if 'ingress' in parts and options.nginx and options.wrk:
            node_ingress.bench(platform, client, options.nginx, options.wrk, options.seconds)
        elif 'ingress' in parts:
            print('\n## Ingress\n\nNot measured: nginx or wrk is not to be had.')
        remove(client, watch, ['warm'])
    finally:
        platform.stop()


if __name__ == '__main__':
    main()
