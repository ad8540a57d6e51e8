"""Builds the mock driver of kubernetes-csi's own tests, and what stands between it and a platform (csi_tools)."""
import os, shutil, subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.abspath(os.path.join(HERE, '..', '..', '.cache', 'csi-mock'))
BUILD_SECONDS = 1500
MOCK = 'github.com/kubernetes-csi/csi-test/v4/cmd/mock-driver'


def build(folder, package, name):
    """None, or why not."""
    env = dict(os.environ, GOFLAGS='-buildvcs=false', GOTOOLCHAIN='local')
    built = subprocess.run(['nice', '-n', '10', 'go', 'build', '-p', '2', '-o', os.path.join(OUT, name), package], cwd=os.path.join(HERE, folder),
                           env=env, text=True, timeout=BUILD_SECONDS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return None if built.returncode == 0 else built.stdout.strip().split('\n')[-1]


def prepare():
    """The folder with mock-driver and csi_tools; (None, why) when they cannot be built here."""
    if not shutil.which('go'):
        return None, 'there is no go here'
    os.makedirs(OUT, exist_ok=True)
    try:
        why = build('csi_mock', MOCK, 'mock-driver') or build('csi_tools', '.', 'csi_tools')
    except subprocess.TimeoutExpired:
        why = f'building took longer than {BUILD_SECONDS} s'
    return (None, why) if why else (OUT, MOCK)
