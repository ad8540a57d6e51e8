"""Files of Debian's packages without installing them, and the libraries that programs among them need."""
import os
import re
import shutil
import subprocess


class Missing(Exception):
    """What a build needs and cannot get; the text says what it is."""


def unpack(packages, cache):
    """The packages' files below one folder, which is returned. Downloaded once."""
    debs = os.path.join(cache, 'debs')
    os.makedirs(debs, exist_ok=True)
    have = {name.split('_')[0] for name in os.listdir(debs) if name.endswith('.deb')}
    wanted = [package for package in packages if package not in have]
    if wanted:
        done = subprocess.run(['apt-get', 'download', '-qq', *wanted], cwd=debs, capture_output=True, text=True)
        if done.returncode != 0:
            raise Missing(f'packages {" ".join(wanted)} cannot be downloaded: {done.stderr.strip()}')
    files = sorted(name for name in os.listdir(debs) if name.split('_')[0] in packages)
    root = os.path.join(cache, 'root-' + packages[0])
    stamp = os.path.join(root, '.packages')
    if os.path.exists(stamp) and open(stamp).read() == '\n'.join(files):
        return root
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    for name in files:
        subprocess.run(['dpkg-deb', '-x', os.path.join(debs, name), root], check=True)
    with open(stamp, 'w') as out:
        out.write('\n'.join(files))
    return root


def needed(path):
    """Names of the libraries that an ELF file asks for, and the whole path of its interpreter; nothing for other files."""
    with open(path, 'rb') as file:
        if file.read(4) != b'\x7fELF':
            return []
    text = subprocess.run(['readelf', '-ld', path], capture_output=True, text=True).stdout
    names = re.findall(r'\(NEEDED\).*\[(.*?)\]', text)
    return names + [found for found in re.findall(r'program interpreter: (.*?)\]', text)]


def libraries(root, paths):
    """Paths below root of every library that the files need, links on the way included."""
    places = {}
    for folder, _, names in os.walk(root):
        short = os.path.relpath(folder, root)
        if re.fullmatch(r'(usr/)?lib(64)?(/[a-z0-9_]+-linux-gnu[a-z0-9]*)?', short):
            for name in sorted(names):
                if '.so' in name:
                    places.setdefault(name, os.path.join(short, name))
    out, open_names = set(), []
    for path in paths:
        open_names += [(name, path) for name in needed(os.path.join(root, path))]
    while open_names:
        name, who = open_names.pop()
        path = name.lstrip('/') if name.startswith('/') else places.get(name)
        if path is None or not os.path.lexists(os.path.join(root, path)):
            raise Missing(f'{who} needs {name}, which is in none of the packages')
        while path not in out:
            out.add(path)
            target = os.path.join(root, path)
            if not os.path.islink(target):
                open_names += [(more, path) for more in needed(target)]
                break
            link = os.readlink(target)
            path = link.lstrip('/') if link.startswith('/') else os.path.normpath(os.path.join(os.path.dirname(path), link))
    return sorted(out)
