"""Clients that others wrote, fetched and built once into .cache/clients: a current kubectl, Helm, the npm client.

Each function returns (path, what it is), or (None, why it is not here). Nothing is installed outside .cache; what a machine lacks
(a Go that is new enough, npm, the network) leaves that client out, by name.
"""
import os, re, shutil, subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.normpath(os.path.join(HERE, '..', '..', '.cache', 'clients'))
BUILD_SECONDS = 900
HELM = 'v3.22.0'
KUBECTL_TREE = 'v0.4.6'


def run(command, folder=None, **environment):
    """None, or the last line of what the failing command said."""
    try:
        done = subprocess.run(command, cwd=folder, env=dict(os.environ, **environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=BUILD_SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f'{command[0]} took longer than {BUILD_SECONDS} s'
    lines = [line for line in done.stdout.split('\n') if line.strip()]
    return None if done.returncode == 0 else (lines[-1] if lines else f'{command[0]} failed')


def go_build(name, stamp, command, folder=None):
    """Builds CACHE/name unless the one there has this stamp. The toolchain is the one that is here, never a downloaded one."""
    path, stamp_path = os.path.join(CACHE, name), os.path.join(CACHE, name + '.stamp')
    if os.access(path, os.X_OK) and os.path.exists(stamp_path) and open(stamp_path).read() == stamp:
        return path, f'{name} {stamp}'
    if not shutil.which('go'):
        return None, 'there is no Go'
    os.makedirs(CACHE, exist_ok=True)
    problem = run(command, folder, GOTOOLCHAIN='local', GOFLAGS='-buildvcs=false', GOBIN=CACHE)
    if problem:
        return None, problem
    with open(stamp_path, 'w') as out:
        out.write(stamp)
    return path, f'{name} {stamp}'


def kubectl():
    folder = os.path.join(HERE, 'kubectl')
    version = re.search(r'k8s.io/kubectl v0\.(\S+)', open(os.path.join(folder, 'go.mod')).read())[1]
    minor = version.split('.')[0]
    package = 'k8s.io/component-base/version'
    flags = f'-s -w -X {package}.gitVersion=v1.{version} -X {package}.gitMajor=1 -X {package}.gitMinor={minor}'
    return go_build('kubectl', version, ['go', 'build', '-ldflags', flags, '-o', os.path.join(CACHE, 'kubectl'), '.'], folder)


def helm():
    return go_build('helm', HELM, ['go', 'install', f'helm.sh/helm/v3/cmd/helm@{HELM}'])


def kubectl_tree():
    module = 'github.com/ahmetb/kubectl-tree/cmd/kubectl-tree'
    return go_build('kubectl-tree', KUBECTL_TREE, ['go', 'install', f'{module}@{KUBECTL_TREE}'])


def node_client():
    """The folder with the npm client and our programs that use it."""
    source, folder = os.path.join(HERE, 'node'), os.path.join(CACHE, 'node')
    if not shutil.which('npm') or not shutil.which('node'):
        return None, 'there is no npm'
    os.makedirs(folder, exist_ok=True)
    lock, kept = os.path.join(source, 'package-lock.json'), os.path.join(folder, 'package-lock.json')
    fresh = not os.path.isdir(os.path.join(folder, 'node_modules')) or not os.path.exists(kept) or open(lock).read() != open(kept).read()
    for name in os.listdir(source):
        shutil.copy(os.path.join(source, name), folder)
    if fresh:
        problem = run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], folder)
        if problem:
            shutil.rmtree(os.path.join(folder, 'node_modules'), ignore_errors=True)
            return None, problem
    return folder, '@kubernetes/client-node of ' + os.path.basename(source) + '/package-lock.json'
