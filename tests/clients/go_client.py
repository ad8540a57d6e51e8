"""Builds the Go client tests (tests/clients/go) where a Go that satisfies their go.mod and their modules are here."""
import os, shutil, subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
MODULE = os.path.join(HERE, 'go')
OUT = os.path.join(HERE, '..', '..', '.cache', 'clients-go')
BUILD_SECONDS = 1500
CLIENTS = ('k8s.io/client-go', 'sigs.k8s.io/controller-runtime')


def run_go(*arguments):
    env = dict(os.environ, GOFLAGS='-buildvcs=false', GOTOOLCHAIN='local')
    return subprocess.run(['nice', '-n', '10', 'go', *arguments], cwd=MODULE, env=env, text=True, timeout=BUILD_SECONDS,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def prepare():
    """The test program's path and the versions it was built with; (None, why) when it cannot be built here. That its own source does
    not compile is an error."""
    if not shutil.which('go'):
        return None, 'there is no go here'
    try:
        modules = run_go('list', '-test', '-deps', '-f', '{{.ImportPath}}', './...')
        if modules.returncode != 0:
            return None, modules.stdout.strip().split('\n')[-1]
        program = os.path.abspath(os.path.join(OUT, 'client.test'))
        os.makedirs(OUT, exist_ok=True)
        built = run_go('test', '-c', '-p', '2', '-o', program, '.')
    except subprocess.TimeoutExpired:
        return None, f'building took longer than {BUILD_SECONDS} s'
    if built.returncode != 0:
        raise RuntimeError('tests/clients/go does not build:\n' + built.stdout)
    versions = run_go('list', '-m', '-f', '{{.Path}} {{.Version}}', *CLIENTS).stdout.strip().split('\n')
    return program, ', '.join(versions + [run_go('env', 'GOVERSION').stdout.strip()])
