"""The definitions of kinds that others publish as part of their Go modules, for scenarios that compose such kinds.

Nothing is built and nothing is kept: the files are copied out of Go's own module cache. Without Go or the network they are left out,
by name.
"""
import glob, json, os, shutil, subprocess, sys, tempfile

from stock_clients import CACHE

FETCH_SECONDS = 300
# module and version, the files within it
MODULES = [('github.com/cloudnative-pg/cloudnative-pg@v1.27.0', 'config/crd/bases/postgresql.cnpg.io_clusters.yaml'),
           ('github.com/crossplane/crossplane@v1.20.0', 'cluster/crds/apiextensions.crossplane.io_compositions.yaml'),
           ('github.com/crossplane/crossplane@v1.20.0', 'cluster/crds/apiextensions.crossplane.io_compositeresourcedefinitions.yaml'),
           ('github.com/crossplane/crossplane@v1.20.0', 'cluster/crds/apiextensions.crossplane.io_environmentconfigs.yaml')]


def folder_of(module):
    """The module's folder in Go's cache, or (None, why)."""
    with tempfile.TemporaryDirectory() as scratch:
        with open(os.path.join(scratch, 'go.mod'), 'w') as out:
            out.write('module crds\n\ngo 1.21\n')
        try:
            done = subprocess.run(['go', 'mod', 'download', '-json', module], cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, timeout=FETCH_SECONDS, stdin=subprocess.DEVNULL,
                                  env=dict(os.environ, GOTOOLCHAIN='local', GOFLAGS='-mod=mod'))
            answer = json.loads(done.stdout or '{}')
        except (subprocess.TimeoutExpired, ValueError) as problem:
            return None, f'{module}: {problem}'
        return answer.get('Dir'), answer.get('Error') or done.stderr.strip()


def foreign_crds():
    """A folder with one file for each definition."""
    if not shutil.which('go'):
        return None, 'there is no Go'
    target = os.path.join(CACHE, 'crds')
    os.makedirs(target, exist_ok=True)
    for module, pattern in MODULES:
        place = os.path.join(target, os.path.basename(pattern))
        if os.path.exists(place):
            continue
        folder, problem = folder_of(module)
        if not folder:
            return None, problem
        found = glob.glob(os.path.join(folder, pattern))
        if not found:
            return None, f'{module} has no {pattern}'
        shutil.copyfile(found[0], place)
    return target, 'definitions of CloudNativePG 1.27.0 and Crossplane 1.20.0'


if __name__ == '__main__':
    print(foreign_crds())
    sys.exit(0)
