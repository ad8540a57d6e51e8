#!/usr/bin/env python3
"""Kubernetes' own end-to-end tests, unmodified, against a platform with a virtual node: `./dev soak e2e`.

The suite is test/e2e of the module that foreign/e2e/go.mod pins, without the areas that foreign/e2e/suite_test.go leaves out.
foreign/e2e/specs.txt says which of its specs are played, which are not and why, and which are known not to pass. A spec that fails and is
not named there is a failure, and so is one that is named as known and passes. What a machine lacks (a Go that is new enough, the modules)
leaves the suite out, by name.
"""
import argparse, json, os, re, shutil, signal, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'scenarios'))
import foreign_controllers, run as scenarios, stock_clients  # noqa: E402

OURS = os.path.join(HERE, 'foreign', 'e2e')
SUITE_SECONDS = 3 * 3600
BUILD_SECONDS = 3600


def build(name, package, command):
    stock_clients.BUILD_SECONDS = BUILD_SECONDS
    path = os.path.join(stock_clients.CACHE, name)
    version = foreign_controllers.pinned('e2e', 'k8s.io/kubernetes')
    return stock_clients.go_build(name, version, ['nice', '-n', '19', 'go', *command, '-p', '2', '-o', path, package], OURS)


def suite():
    return build('e2e.test', '.', ['test', '-c', '-vet=off'])


def runner():
    return build('ginkgo', 'github.com/onsi/ginkgo/v2/ginkgo', ['build'])


def specs(path):
    """{'play' | 'skip' | 'known': [(pattern, reason)]} of specs.txt."""
    found = {'play': [], 'skip': [], 'known': []}
    with open(path) as f:
        for number, line in enumerate(f, 1):
            if not line.strip() or line.startswith('#'):
                continue
            fields = [field.strip() for field in line.split(' | ')]
            if fields[0] not in found or len(fields) != (2 if fields[0] == 'play' else 3):
                sys.exit(f'{path}:{number}: play | PATTERN, skip | PATTERN | REASON or known | PATTERN | REASON')
            found[fields[0]].append((fields[1], fields[2] if len(fields) == 3 else ''))
    return found


def title(report):
    words = (report.get('ContainerHierarchyTexts') or []) + [report['LeafNodeText']]
    return re.sub(r'\s+', ' ', ' '.join(words)).strip()


def results_of(path):
    """({spec: why it failed, '' when it passed}, {spec: why it skipped itself}) of ginkgo's report."""
    played, skipped = {}, {}
    for run in json.load(open(path)):
        for report in run['SpecReports'] or []:
            state, failure = report['State'], report.get('Failure') or {}
            if report['LeafNodeType'] != 'It':
                if state not in ('passed', 'skipped', 'pending'):
                    played[f"({report['LeafNodeType']})"] = failure.get('Message', state)
            elif state == 'skipped' and failure.get('Message'):
                skipped[title(report)] = failure['Message']
            elif state not in ('skipped', 'pending'):
                where = failure.get('Location', {})
                played[title(report)] = '' if state == 'passed' else (
                    f"{os.path.basename(where.get('FileName', ''))}:{where.get('LineNumber', '')} {failure.get('Message', state)}")
    return played, skipped


def play(programs, kubeconfig, kubectl, logs, workers, focus, skip):
    ginkgo, e2e = programs
    command = [ginkgo, 'run', f'--procs={workers}', '--no-color', '--silence-skips', f'--timeout={SUITE_SECONDS}s', '--json-report=report.json',
               f'--output-dir={logs}', *(f'--focus={p}' for p in focus), *(f'--skip={p}' for p in skip), e2e, '--',
               f'--kubeconfig={kubeconfig}', '--provider=skeleton', f'--kubectl-path={kubectl}', '--dump-logs-on-failure=false',
               f'--e2e-output-dir={logs}']
    log = os.path.join(logs, 'e2e.log')
    with open(log, 'w') as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            process.wait(timeout=SUITE_SECONDS + 300)
        except subprocess.TimeoutExpired:
            print(f'the suite took longer than {SUITE_SECONDS} s')
        finally:
            scenarios.kill_groups([process.pid])
            process.wait()
    return os.path.join(logs, 'report.json')


def verdict(played, skipped, known):
    failed = 0
    for name, why in sorted(played.items()):
        reason = next((r for p, r in known if re.search(p, name)), None)
        if why and reason is not None:
            print(f'known  {name}: {reason}')
        elif why:
            failed += 1
            print(f'FAILED {name}\n       {why}')
        elif reason is not None:
            failed += 1
            print(f'FAILED {name}: it passes; take it out of specs.txt')
    for name, why in sorted(skipped.items()):
        print(f'left out by itself: {name}: {why.splitlines()[0]}')
    passed = sum(not why for why in played.values())
    print(f'e2e: {passed} passed | {failed} failed | {len(played) - passed - failed} known not to pass | {len(skipped)} left out by themselves')
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--workers', type=int, default=4, help='specs that are played at once')
    parser.add_argument('--node', default='sim', help="the platform's --node")
    parser.add_argument('--option', action='append', default=[], help='another option of `plinth up`')
    parser.add_argument('--logs', help='folder that keeps what the suite prints')
    parser.add_argument('patterns', nargs='*', help='play the specs that match, whatever specs.txt leaves out')
    arguments = parser.parse_args()
    logs = os.path.abspath(arguments.logs or tempfile.mkdtemp(prefix='plinth-e2e-logs-'))
    os.makedirs(logs, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    found = [runner(), suite(), stock_clients.kubectl()]
    for program, about in found:
        if not program:
            print(f"skipped: Kubernetes' end-to-end tests: {about}")
            return 0
    print(f'{found[1][1]}, logs in {logs}', flush=True)
    chosen = specs(os.path.join(OURS, 'specs.txt'))
    focus = arguments.patterns or [p for p, _ in chosen['play']]
    skip = [] if arguments.patterns else [p for p, _ in chosen['skip']]
    root = tempfile.mkdtemp(prefix='plinth-e2e-')
    platform = scenarios.Platform(os.path.abspath(os.environ['PLINTH']), root, [f'--node={arguments.node}', *arguments.option])
    try:
        platform.start()
        report = play((found[0][0], found[1][0]), platform.kubeconfig, found[2][0], logs, arguments.workers, focus, skip)
        if not os.path.exists(report):
            print(f'no report; see {logs}/e2e.log')
            return 1
        return 1 if verdict(*results_of(report), chosen['known']) else 0
    finally:
        platform.kill_all()
        shutil.rmtree(root, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
