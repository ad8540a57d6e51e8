"""Images as archives of an OCI image layout. The same content gives the same bytes: sorted entries, no times, named owners only."""
import hashlib
import io
import json
import os
import stat
import tarfile

MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
CONFIG = 'application/vnd.oci.image.config.v1+json'
LAYER = 'application/vnd.oci.image.layer.v1.tar'
INDEX = 'application/vnd.oci.image.index.v1+json'


def compact(value):
    return json.dumps(value, separators=(',', ':'), sort_keys=True).encode()


def plain_entry(info, mode, kind):
    info.mode, info.type = mode, kind
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ''
    return info


class Layer:
    """Entries by path; a later one replaces an earlier one. Paths are relative, without a leading slash."""

    def __init__(self):
        self.entries = {}

    def add(self, path, kind, mode, content=b'', link='', owner=0):
        info = plain_entry(tarfile.TarInfo(path), mode, kind)
        info.uid = info.gid = owner
        info.linkname = link
        info.size = len(content)
        self.entries[path] = (info, content)

    def directory(self, path, mode=0o755, owner=0):
        self.add(path, tarfile.DIRTYPE, mode, owner=owner)

    def file(self, path, content, mode=0o644):
        self.add(path, tarfile.REGTYPE, mode, content if isinstance(content, bytes) else content.encode())

    def link(self, path, target):
        self.add(path, tarfile.SYMTYPE, 0o777, link=target)

    def tree(self, root, path, skip=lambda path: False):
        """What is below root/path, under the same path; links stay links."""
        source = os.path.join(root, path)
        status = os.lstat(source)
        if skip(path):
            return
        if stat.S_ISLNK(status.st_mode):
            self.link(path, os.readlink(source))
        elif stat.S_ISDIR(status.st_mode):
            self.directory(path)
            for name in os.listdir(source):
                self.tree(root, path + '/' + name, skip)
        elif stat.S_ISREG(status.st_mode):
            with open(source, 'rb') as file:
                self.file(path, file.read(), 0o755 if status.st_mode & 0o111 else 0o644)

    def tar(self):
        for path in list(self.entries):
            parent = os.path.dirname(path)
            while parent and parent not in self.entries:
                self.directory(parent)
                parent = os.path.dirname(parent)
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode='w', format=tarfile.GNU_FORMAT) as archive:
            for path in sorted(self.entries):
                info, content = self.entries[path]
                archive.addfile(info, io.BytesIO(content))
        return out.getvalue()


class Archive:
    """An OCI image layout in one tar; images share the layers they have in common."""

    def __init__(self, architecture):
        self.architecture = architecture
        self.blobs = {}
        self.images = []

    def blob(self, kind, content):
        digest = hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return {'mediaType': kind, 'digest': 'sha256:' + digest, 'size': len(content)}

    def image(self, names, layers, config):
        descriptors = [self.blob(LAYER, layer) for layer in layers]
        about = {'architecture': self.architecture, 'os': 'linux', 'config': config,
                 'rootfs': {'type': 'layers', 'diff_ids': [layer['digest'] for layer in descriptors]}}
        manifest = {'schemaVersion': 2, 'mediaType': MANIFEST, 'config': self.blob(CONFIG, compact(about)), 'layers': descriptors}
        for name in names:
            # The name for containerd and Plinth, the tag for tools that know tags only.
            annotations = {'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name.rpartition(':')[2]}
            self.images.append(dict(self.blob(MANIFEST, compact(manifest)), annotations=annotations))

    def write(self, path):
        index = {'schemaVersion': 2, 'mediaType': INDEX, 'manifests': self.images}
        with tarfile.open(path + '.tmp', 'w', format=tarfile.GNU_FORMAT) as archive:
            def add(name, content):
                info = plain_entry(tarfile.TarInfo(name), 0o644, tarfile.REGTYPE)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            add('oci-layout', b'{"imageLayoutVersion":"1.0.0"}')
            add('index.json', compact(index))
            for digest in sorted(self.blobs):
                add('blobs/sha256/' + digest, self.blobs[digest])
        os.replace(path + '.tmp', path)
