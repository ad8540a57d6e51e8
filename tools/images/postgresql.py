"""PostgreSQL of Debian 12: the server, its clients and what they link to; without LLVM's compiler, Perl and a package manager."""
import os

import debian
from image_archive import Layer
from silly_demo import busybox

NAME = 'localhost/plinth/postgresql:15'
USER = 26  # as in CloudNativePG's images
HOME = 'usr/lib/postgresql/15'
# postgresql-15 and the packages that its programs and modules link to; libc-bin has C.UTF-8.
PACKAGES = ['postgresql-15', 'postgresql-client-15', 'busybox-static', 'libc6', 'libc-bin', 'tzdata', 'libpq5', 'libssl3', 'libgssapi-krb5-2',
            'libkrb5-3', 'libk5crypto3', 'libkrb5support0', 'libcom-err2', 'libkeyutils1', 'libldap-2.5-0', 'libsasl2-2', 'libicu72',
            'libxml2', 'libxslt1.1', 'libpam0g', 'libaudit1', 'libcap-ng0', 'libsystemd0', 'libcap2', 'libgcrypt20', 'libgpg-error0',
            'libgnutls30', 'libp11-kit0', 'libidn2-0', 'libunistring2', 'libtasn1-6', 'libnettle8', 'libhogweed6', 'libgmp10', 'libffi8',
            'libzstd1', 'liblz4-1', 'liblzma5', 'zlib1g', 'libreadline8', 'libtinfo6', 'libselinux1', 'libpcre2-8-0', 'libuuid1', 'libgcc-s1', 'libstdc++6']


def without_compiler(path):
    return 'llvmjit' in path or path.endswith('/bitcode') or path.endswith('/pgxs')


def add(archive, cache):
    root = debian.unpack(PACKAGES, cache)
    system, server = Layer(), Layer()
    busybox(system, root)
    for path in (HOME + '/bin', HOME + '/lib', 'usr/share/postgresql/15'):
        server.tree(root, path, lambda path: without_compiler(path) or '/man/' in path)
    programs = [path for path, (info, _) in server.entries.items() if info.isfile() and path.startswith(HOME)]
    # Loaded by name: names of hosts and users.
    extra = [path for path in ('lib/x86_64-linux-gnu', 'lib/aarch64-linux-gnu') if os.path.isdir(os.path.join(root, path))]
    loaded = [f'{folder}/{name}' for folder in extra for name in ('libnss_dns.so.2', 'libnss_files.so.2', 'libgcc_s.so.1')
              if os.path.exists(os.path.join(root, folder, name))]
    for path in debian.libraries(root, programs + loaded) + loaded:
        system.tree(root, path)
    system.tree(root, 'usr/lib/locale/C.utf8')
    system.tree(root, 'usr/share/zoneinfo', lambda path: path.endswith('/right') or path.endswith('/posix'))
    system.file('etc/passwd', f'root:x:0:0:root:/root:/bin/sh\npostgres:x:{USER}:{USER}:PostgreSQL:/var/lib/postgresql:/bin/sh\n')
    system.file('etc/group', f'root:x:0:\npostgres:x:{USER}:\n')
    system.file('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n')
    system.directory('root', 0o700)
    system.directory('tmp', 0o1777)
    with open(os.path.join(os.path.dirname(__file__), 'postgresql_entrypoint.sh')) as file:
        server.file('usr/local/bin/entrypoint', file.read(), 0o755)
    for path, mode in (('run/postgresql', 0o3775), ('var/lib/postgresql', 0o755), ('var/lib/postgresql/data', 0o700)):
        server.directory(path, mode, owner=USER)
    server.link('var/run', '/run')
    archive.image([NAME], [system.tar(), server.tar()],
                  {'User': f'{USER}:{USER}', 'Entrypoint': ['/usr/local/bin/entrypoint'], 'Cmd': ['postgres'], 'WorkingDir': '/',
                   'Env': [f'PATH=/{HOME}/bin:/usr/local/bin:/bin', 'LANG=C.UTF-8', 'PGDATA=/var/lib/postgresql/data'],
                   'ExposedPorts': {'5432/tcp': {}}, 'StopSignal': 'SIGINT'})
