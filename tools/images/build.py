#!/usr/bin/env python3
"""Builds the images of the walk-throughs without a container runtime, from Debian's packages:

    build.py --silly-demo EXECUTABLE [--cache DIR] [--only NAME] OUT

OUT/silly-demo.tar and OUT/postgresql.tar are archives of OCI image layouts. The same inputs give the same digests; what is there and up
to date is left alone. Exit status 3: something cannot be had here, and is named; what could be built is there.
"""
import argparse
import hashlib
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import debian
import postgresql
import silly_demo
from image_archive import Archive

HERE = os.path.dirname(os.path.abspath(__file__))


def inputs_digest(cache, packages, files):
    """Of all that an archive is made of: recipes, packages by version, executables."""
    digest = hashlib.sha256()
    for path in sorted(os.path.join(HERE, name) for name in os.listdir(HERE) if name.endswith(('.py', '.sh'))) + files:
        with open(path, 'rb') as file:
            digest.update(hashlib.sha256(file.read()).digest())
    debs = os.path.join(cache, 'debs')
    names = sorted(os.listdir(debs)) if os.path.isdir(debs) else []
    digest.update('\n'.join(name for name in names if name.split('_')[0] in packages).encode())
    return digest.hexdigest()


def build(out, name, cache, packages, files, fill):
    path = os.path.join(out, name + '.tar')
    stamp = path + '.inputs'
    if os.path.exists(path) and os.path.exists(stamp) and open(stamp).read() == inputs_digest(cache, packages, files):
        return
    machine = subprocess.run(['dpkg', '--print-architecture'], capture_output=True, text=True, check=True).stdout.strip()
    archive = Archive(machine)
    fill(archive)
    archive.write(path)
    with open(stamp, 'w') as file:
        file.write(inputs_digest(cache, packages, files))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--silly-demo', metavar='EXECUTABLE', required=True)
    parser.add_argument('--cache', metavar='DIR', default='.cache/images')
    parser.add_argument('--only', metavar='NAME', choices=('silly-demo', 'postgresql'))
    parser.add_argument('out', metavar='OUT')
    given = parser.parse_args()
    os.makedirs(given.out, exist_ok=True)
    recipes = {
        'silly-demo': (['busybox-static'], [given.silly_demo], lambda archive: silly_demo.add(archive, given.silly_demo, given.cache)),
        'postgresql': (postgresql.PACKAGES, [], lambda archive: postgresql.add(archive, given.cache)),
    }
    status = 0
    for name, (packages, files, fill) in recipes.items():
        if given.only not in (None, name):
            continue
        try:
            build(given.out, name, given.cache, packages, files, fill)
        except (debian.Missing, OSError, subprocess.SubprocessError) as error:
            print(f'image {name}: {error}', file=sys.stderr)
            status = 3
    return status


if __name__ == '__main__':
    sys.exit(main())
