"""The application of the walk-throughs: its executable, and busybox for those who look inside of its container."""
import os
import subprocess

import debian
from image_archive import Layer

REPOSITORY = 'ghcr.io/vfarcic/silly-demo'
# Tags that the manifests of the walk-throughs name. Releases that are promoted answer with their version.
TAGS = {'1.4.235-alpine': None, '1.4.297': '1.4.297', '1.4.301': '1.4.301', '1.4.305': '1.4.305'}


def busybox(layer, root):
    """/bin/busybox and a link for each of its commands."""
    program = os.path.join(root, 'bin/busybox')
    layer.tree(root, 'bin/busybox')
    for name in subprocess.run([program, '--list'], capture_output=True, text=True, check=True).stdout.split():
        if name != 'busybox':
            layer.link('bin/' + name, 'busybox')


def add(archive, executable, cache):
    base = Layer()
    busybox(base, debian.unpack(['busybox-static'], cache))
    base.file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n')
    base.file('etc/group', 'root:x:0:\nnogroup:x:65534:\n')
    base.file('etc/nsswitch.conf', 'hosts: files dns\n')
    base.directory('root', 0o700)
    base.directory('tmp', 0o1777)
    base.directory('cache')
    application = Layer()
    with open(executable, 'rb') as file:
        application.file('usr/local/bin/silly-demo', file.read(), 0o755)
    layers = [base.tar(), application.tar()]
    for tag, version in TAGS.items():
        environment = ['PATH=/usr/local/bin:/bin'] + ([f'VERSION={version}'] if version else [])
        archive.image([f'{REPOSITORY}:{tag}'], layers,
                      {'Env': environment, 'Cmd': ['silly-demo'], 'WorkingDir': '/', 'ExposedPorts': {'8080/tcp': {}}})
