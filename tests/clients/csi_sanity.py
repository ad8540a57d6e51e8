#!/usr/bin/env python3
"""Runs upstream's csi-sanity against the built-in storage driver: csi_sanity.py PLINTH

Filesystems (ext4, xfs) and raw devices, every spec of what the driver announces; then kills the driver in the middle of calls, starts
it again and cleans up. Each run must leave no mount, no loop device and no volume. Needs root and go (the module comes from the
proxy); where one is missing it says so and ends with status 0.
"""
import os, re, shutil, signal, subprocess, sys, tempfile, time

MODULE = 'github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity@v5.4.0'
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '.cache', 'csi-sanity')
BUILD_SECONDS, RUN_SECONDS, READY_SECONDS = 1500, 600, 30
MIB = 1 << 20
# Specs of what the driver does not announce; any other that is skipped is a failure.
UNANNOUNCED = re.compile(r'(ControllerPublishVolume|ControllerUnpublishVolume|ControllerModifyVolume|GroupControllerService|'
                         r'Controller Publish, UnpublishVolume|Modify [vV]olume) not supported')
KILLS = 12


def prepare():
    """The program's path; (None, why) when it cannot be built or used here."""
    if os.geteuid() != 0 or not os.path.exists('/dev/loop-control'):
        return None, 'loop devices and mounts take root'
    if not shutil.which('go'):
        return None, 'there is no go here'
    program = os.path.abspath(os.path.join(OUT, 'csi-sanity'))
    if os.path.exists(program):
        return program, MODULE
    try:
        built = subprocess.run(['nice', '-n', '10', 'go', 'install', '-p', '2', MODULE], timeout=BUILD_SECONDS, text=True,
                               env=dict(os.environ, GOBIN=os.path.dirname(program)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return None, f'building took longer than {BUILD_SECONDS} s'
    return (program, MODULE) if built.returncode == 0 else (None, built.stdout.strip().split('\n')[-1])


class Driver:
    def __init__(self, plinth, folder):
        self.plinth, self.folder, self.endpoint = plinth, folder, 'unix://' + folder + '/csi.sock'
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.plinth, 'csi-driver', '--endpoint', self.endpoint, '--state', self.folder + '/state'],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith('ready'):
            raise RuntimeError('the driver did not start')

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(READY_SECONDS)


def sanity(program, driver, folder, access, fs_type, *more):
    parameters = []
    if fs_type:
        with open(folder + '/parameters', 'w') as out:
            out.write(f'fsType: {fs_type}\n')
        parameters = ['-csi.testvolumeparameters', folder + '/parameters']
    return subprocess.Popen(
        [program, '-csi.endpoint', driver.endpoint, '-csi.mountdir', folder + '/mount', '-csi.stagingdir', folder + '/staging',
         '-csi.testvolumesize', str(512 * MIB), '-csi.testvolumeexpandsize', str(1024 * MIB), '-csi.testvolumeaccesstype', access,
         '-ginkgo.no-color', '-ginkgo.v', *parameters, *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def leftovers(folder, volumes=True):
    found = [line.split()[4] for line in open('/proc/self/mountinfo') if folder + '/' in line]
    for name in os.listdir('/sys/block'):
        try:
            with open(f'/sys/block/{name}/loop/backing_file') as text:
                found += [name + ' ' + line for line in text if line.startswith(folder + '/')]
        except OSError:
            pass
    for kind in ('volumes', 'snapshots') if volumes else ():
        found += os.listdir(f'{folder}/state/{kind}')
    return found


def conformance(program, plinth, folder, access, fs_type):
    driver = Driver(plinth, folder)
    run = sanity(program, driver, folder, access, fs_type)
    text, _ = run.communicate(timeout=RUN_SECONDS)
    ended = driver.end()
    skipped = [line for line in re.findall(r'^  \[SKIPPED\] (.*)', text, re.M) if not line.startswith('in [') and not UNANNOUNCED.search(line)]
    ran = re.search(r'Ran (\d+) of', text)
    left = leftovers(folder)
    name = fs_type or access
    if run.returncode != 0 or skipped or left or ended != 0:
        print(text[-6000:])
        print(f'{name}: status {run.returncode}, driver {ended}, skipped {skipped}, left {left}')
        return False
    print(f'{name}: ran {ran[1]} specs, all passed')
    return True


def kills(program, plinth, folder):
    """The driver dies at many instants; the next one serves, and what the specs left can be taken away."""
    driver = Driver(plinth, folder)
    for attempt in range(KILLS):
        run = sanity(program, driver, folder, ('mount', 'block')[attempt % 2], '', '-ginkgo.seed', str(attempt + 1))
        try:
            run.communicate(timeout=0.15 + 0.21 * attempt)
        except subprocess.TimeoutExpired:
            pass
        driver.end(signal.SIGKILL)
        run.kill()
        run.communicate()
        driver.start()
        halves = [name for kind in ('volumes', 'snapshots') for name in os.listdir(f'{folder}/state/{kind}') if name.startswith('.')]
        if halves:
            print(f'kill {attempt}: halves are left after a start: {halves}')
            return False
        take_away(folder)
        if left := leftovers(folder, volumes=False):
            print(f'kill {attempt}: left {left}')
            return False
    return driver.end() == 0


def take_away(folder):
    """What whoever calls a driver does after it: unpublish, unstage. Raw devices end with their volume."""
    for line in reversed(open('/proc/self/mountinfo').readlines()):
        if folder + '/' in line:
            subprocess.run(['umount', line.split()[4]], check=True)
    for name in os.listdir('/sys/block'):
        path = f'/sys/block/{name}/loop/backing_file'
        if os.path.exists(path) and open(path).read().startswith(folder + '/'):
            subprocess.run(['losetup', '-d', '/dev/' + name], check=True)


def main():
    program, why = prepare()
    if program is None:
        print('csi-sanity: skipped:', why)
        return 0
    ok = True
    for access, fs_type in (('mount', 'ext4'), ('mount', 'xfs'), ('block', '')):
        with tempfile.TemporaryDirectory(prefix='csi-') as folder:
            ok = conformance(program, sys.argv[1], folder, access, fs_type) and ok
    with tempfile.TemporaryDirectory(prefix='csi-') as folder:
        killed = kills(program, sys.argv[1], folder)
        print('killed drivers: nothing is left' if killed else 'killed drivers: FAILED')
    return 0 if ok and killed else 1


if __name__ == '__main__':
    sys.exit(main())
