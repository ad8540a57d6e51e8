"""Controllers that others wrote, built unmodified: (path, what it is), or (None, why it is not here). See stock_clients."""
import os, re

from stock_clients import CACHE, HERE, go_build, run

SAMPLE_CONTROLLER = 'v0.37.2'


def pinned(folder, module):
    text = open(os.path.join(HERE, 'foreign', folder, 'go.mod')).read()
    return re.search(re.escape(module) + r' (v[0-9]\S+)', text)[1]


def program(name, folder, module, package):
    where = os.path.join(HERE, 'foreign', folder)
    command = ['nice', '-n', '10', 'go', 'build', '-p', '2', '-o', os.path.join(CACHE, name), module + package]
    return go_build(name, pinned(folder, module), command, where)


def sample_controller():
    return go_build('sample-controller', SAMPLE_CONTROLLER, ['go', 'install', f'k8s.io/sample-controller@{SAMPLE_CONTROLLER}'])


def kro():
    return program('kro', 'kro', 'github.com/kubernetes-sigs/kro', '/cmd/controller')


def kro_definitions():
    """The folder with kro's own custom resource definitions."""
    path = os.path.join(CACHE, 'kro-definitions')
    problem = run(['bash', '-c', 'rm -rf "$0" && cp -r --no-preserve=mode "$(go list -m -f "{{.Dir}}" github.com/kubernetes-sigs/kro)"/helm/crds "$0"', path],
                  os.path.join(HERE, 'foreign', 'kro'), GOTOOLCHAIN='local', GOFLAGS='-buildvcs=false')
    return (None, problem) if problem else (path, 'of the same module')


def controller_manager():
    return program('kube-controller-manager', 'kubernetes', 'k8s.io/kubernetes', '/cmd/kube-controller-manager')


def scheduler():
    return program('kube-scheduler', 'kubernetes', 'k8s.io/kubernetes', '/cmd/kube-scheduler')


def module_copy(folder, module, name=None):
    """A copy of a module's files, without its code: definitions and manifests."""
    path = os.path.join(CACHE, (name or folder) + '-module')
    problem = run(['bash', '-c', 'rm -rf "$0" && mkdir -p "$0" && cd "$(go list -m -f "{{.Dir}}" "$1")" && '
                                 'find . -name "*.yaml" -exec cp --no-preserve=mode --parents -t "$0" {} +', path, module],
                  os.path.join(HERE, 'foreign', folder), GOTOOLCHAIN='local', GOFLAGS='-buildvcs=false')
    return (None, problem) if problem else (path, 'of the same module')


CERT_MANAGER = 'github.com/cert-manager/cert-manager'
SEALED_SECRETS = 'github.com/bitnami-labs/sealed-secrets'
JOBSET = 'sigs.k8s.io/jobset'
STATE_METRICS = 'k8s.io/kube-state-metrics/v2'
LEADER_WORKER_SET = 'sigs.k8s.io/lws'


def cert_manager(part):
    return lambda: program('cert-manager-' + part, 'cert_manager', CERT_MANAGER, '/cmd/' + part)


# What `./dev soak` adds: each takes minutes to build the first time.
HEAVY = (('KRO', kro), ('KRO_DEFINITIONS', kro_definitions), ('CONTROLLER_MANAGER', controller_manager), ('SCHEDULER', scheduler),
         ('CERT_MANAGER_CONTROLLER', cert_manager('controller')), ('CERT_MANAGER_CAINJECTOR', cert_manager('cainjector')),
         ('CERT_MANAGER_WEBHOOK', cert_manager('webhook')), ('CERT_MANAGER_MODULE', lambda: module_copy('cert_manager', CERT_MANAGER)),
         ('SEALED_SECRETS', lambda: program('sealed-secrets', 'sealed_secrets', SEALED_SECRETS, '/cmd/controller')),
         ('KUBESEAL', lambda: program('kubeseal', 'sealed_secrets', SEALED_SECRETS, '/cmd/kubeseal')),
         ('SEALED_SECRETS_MODULE', lambda: module_copy('sealed_secrets', SEALED_SECRETS)),
         ('JOBSET', lambda: program('jobset', 'job_sets', JOBSET, '')),
         ('JOBSET_MODULE', lambda: module_copy('job_sets', JOBSET, 'jobset')),
         ('LEADER_WORKER_SET', lambda: program('leader-worker-set', 'job_sets', LEADER_WORKER_SET, '/cmd')),
         ('LEADER_WORKER_SET_MODULE', lambda: module_copy('job_sets', LEADER_WORKER_SET, 'leader-worker-set')),
         ('STATE_METRICS', lambda: program('kube-state-metrics', 'state_metrics', STATE_METRICS, '')))
