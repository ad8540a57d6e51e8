#!/usr/bin/env python3
"""kro's own test suites, as published, against a platform that composes in kro's place: `./dev soak kro`.

Two suites of the module that foreign/kro/go.mod pins: the end-to-end tests, which kyverno's chainsaw plays, and the integration suite,
whose environment (an API server and kro's controllers) is replaced by foreign/kro_suites/environment.go, which starts PLINTH. A third
takes every definition of kro's examples and of the pages of its documentation, and has it judged by kro's own graph builder
(foreign/kro_suites/graphs.go) and by `plinth validate`: both accept it, or neither. The module is copied into .cache, never into the
checkout. What a machine lacks (Go, the modules) leaves a suite out, by name.

foreign/kro_suites/expected.txt names each test that does not pass, with the reason: a test that fails and is not in it is a failure,
and so is one in it that passes, unless its reason begins with n/a: what it would show is not about a platform. A test that fails is played once more by itself: kro's tests have time limits for an idle machine.
"""
import argparse, concurrent.futures, hashlib, json, os, re, shutil, signal, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'scenarios'))
import foreign_controllers, run as scenarios, stock_clients  # noqa: E402

CHAINSAW = 'v0.2.15'
MODULE = 'github.com/kubernetes-sigs/kro'
OURS = os.path.join(HERE, 'foreign', 'kro_suites')
COPIED = ('api', 'cmd', 'pkg', 'helm', 'test', 'examples', 'website/docs', '.chainsaw.yaml', 'go.mod', 'go.sum')
CORE = os.path.join('test', 'integration', 'suites', 'core')
GRAPHS = os.path.join('cmd', 'graphs')
SUITE_SECONDS = 1800


def module_copy():
    """The folder with the module's sources, its environment replaced by ours; (None, why)."""
    version = foreign_controllers.pinned('kro', MODULE)
    folder, stamp = os.path.join(stock_clients.CACHE, 'kro-module'), os.path.join(stock_clients.CACHE, 'kro-module.stamp')
    wanted = ' '.join((version, *COPIED))
    if os.path.exists(stamp) and open(stamp).read() == wanted:
        return put_environment(folder), version
    script = 'd=$(go mod download -json "$1" | sed -n \'s/.*"Dir": "\\(.*\\)".*/\\1/p\') && cd "$d" && rm -rf "$0" && mkdir -p "$0" && shift && ' \
             'cp -r --no-preserve=mode "$@" "$0"'
    problem = stock_clients.run(['bash', '-c', script, folder, f'{MODULE}@{version}', *COPIED], os.path.join(HERE, 'foreign', 'kro'),
                                GOTOOLCHAIN='local')
    if problem:
        return None, problem
    os.remove(os.path.join(folder, 'test', 'integration', 'environment', 'setup_test.go'))
    with open(stamp, 'w') as out:
        out.write(wanted)
    return put_environment(folder), version


def put_environment(folder):
    shutil.copy(os.path.join(OURS, 'environment.go'), os.path.join(folder, 'test', 'integration', 'environment', 'setup.go'))
    os.makedirs(os.path.join(folder, GRAPHS), exist_ok=True)
    shutil.copy(os.path.join(OURS, 'graphs.go'), os.path.join(folder, GRAPHS, 'main.go'))
    return folder


def announced_version():
    """The version of kro that a platform puts on what it makes: the suite compares it with its own."""
    with open(os.path.join(HERE, '..', '..', 'src', 'compose', 'marks.h')) as f:
        return re.search(r'kKroVersion = "(\S+)"', f.read())[1]


def chainsaw():
    return stock_clients.go_build('chainsaw', CHAINSAW, ['go', 'install', '-p', '2', f'github.com/kyverno/chainsaw@{CHAINSAW}'])


def integration_suite(module, version):
    with open(os.path.join(OURS, 'environment.go'), 'rb') as f:
        stamp = ' '.join((version, announced_version(), hashlib.sha256(f.read()).hexdigest()))
    path = os.path.join(stock_clients.CACHE, 'kro-core.test')
    flags = f'-X sigs.k8s.io/release-utils/version.gitVersion={announced_version()}'
    command = ['go', 'test', '-c', '-vet=off', '-p', '2', '-ldflags', flags, '-o', path, './' + CORE]
    return stock_clients.go_build('kro-core.test', stamp, command, module)


def graph_builder(module, version):
    with open(os.path.join(OURS, 'graphs.go'), 'rb') as f:
        stamp = ' '.join((version, hashlib.sha256(f.read()).hexdigest()))
    path = os.path.join(stock_clients.CACHE, 'kro-graphs')
    return stock_clients.go_build('kro-graphs', stamp, ['go', 'build', '-p', '2', '-o', path, './' + GRAPHS], module)


def expected_failures():
    """The reason, by suite and name of the test."""
    found = {}
    with open(os.path.join(OURS, 'expected.txt')) as f:
        for line in f:
            if line.strip() and not line.startswith('#'):
                suite, name, reason = line.strip().split(' | ')
                found[suite, name] = reason
    return found


def call(command, folder, log, **environment):
    """Runs it in a group of its own, which ends with it; everything it prints goes to the file."""
    with open(log, 'w') as out:
        process = subprocess.Popen(command, cwd=folder, env=dict(os.environ, **environment), stdout=out, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            process.wait(timeout=SUITE_SECONDS)
        except subprocess.TimeoutExpired:
            print(f'{command[0]} took longer than {SUITE_SECONDS} s')
        finally:
            scenarios.kill_groups([process.pid])
            process.wait()


def play_chainsaw(program, module, plinth, logs):
    """{name: why it failed, '' when it passed}"""
    results = {}
    root = tempfile.mkdtemp(prefix='plinth-kro-')
    # Here the CRDs outlive their definitions, as kro's chart has it.
    platform = scenarios.Platform(plinth, root, ['--controllers=+workloads'])
    try:
        platform.start()
        log = os.path.join(logs, 'chainsaw.log')
        call([program, 'test', os.path.join('test', 'e2e', 'chainsaw'), '--config', '.chainsaw.yaml', '--no-color', '--parallel', '4'], module,
             log, KUBECONFIG=platform.kubeconfig)
        for line in open(log):
            m = re.match(r'\s+--- (PASS|FAIL|SKIP): chainsaw/(\S+)', line)
            if m:
                # Two of kro's tests have one name.
                results[m[2]] = results.get(m[2]) or ('' if m[1] == 'PASS' else f'see {log}')
        return results
    finally:
        platform.kill_all()
        shutil.rmtree(root, ignore_errors=True)


def play_specs(program, module, plinth, logs, file, focus=None):
    """{name: why it failed} of one file of the integration suite, with a platform of its own."""
    name = os.path.basename(file)[:-len('_test.go')]
    report, log = os.path.join(logs, name + '.json'), os.path.join(logs, name + '.log')
    options = [f'-ginkgo.focus={re.escape(focus)}$'] if focus else []
    call([program, '-test.timeout', '0', '-ginkgo.no-color', '-ginkgo.succinct', f'-ginkgo.timeout={SUITE_SECONDS}s',
          f'-ginkgo.focus-file=/{file}', f'-ginkgo.json-report={report}', *options], os.path.join(module, CORE), log, PLINTH=plinth)
    if not os.path.exists(report):
        return {f'{name}: (the file)': f'no report; see {log}'}
    results = {}
    for suite in json.load(open(report)):
        for spec in suite['SpecReports'] or []:
            if spec['State'] in ('skipped', 'pending') or spec['LeafNodeType'] not in ('It', 'SynchronizedBeforeSuite', 'BeforeSuite'):
                continue
            words = (spec.get('ContainerHierarchyTexts') or []) + [spec['LeafNodeText']]
            title = re.sub(r'\s+', ' ', ' '.join(words)).strip()
            if spec['LeafNodeType'] == 'It':
                failure = spec.get('Failure') or {}
                where = failure.get('Location', {})
                results[f'{name}: {title}'] = '' if spec['State'] == 'passed' else (
                    f"{os.path.basename(where.get('FileName', ''))}:{where.get('LineNumber', '')} {failure.get('Message', spec['State'])}")
            elif spec['State'] != 'passed':
                results[f'{name}: (the start)'] = spec.get('Failure', {}).get('Message', '')
    return results


def play_integration(program, module, plinth, logs, workers, wanted):
    folder = os.path.join(module, CORE)
    files = sorted(f for f in os.listdir(folder) if f.endswith('_test.go') and 'It(' in open(os.path.join(folder, f)).read())
    files = [f for f in files if not wanted or any(w in f for w in wanted)]
    results = {}
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for file, found in zip(files, pool.map(lambda f: play_specs(program, module, plinth, logs, f), files)):
            for name in [n for n, why in found.items() if why and '(' not in n.split(': ')[1][:1]]:
                again = play_specs(program, module, plinth, logs, file, name.split(': ', 1)[1])
                found[name] = again.get(name, found[name])
            for name, why in found.items():
                print(('FAILED ' if why else 'ok     ') + name + ('\n' + why if why else ''), flush=True)
            results.update(found)
    return results


def published_definitions(module, out):
    """{file: what it is called}: files with definitions, of the examples and of what stands between fences in the pages."""
    found = {}
    for folder in ('examples', 'docs'):
        for root, _, names in os.walk(os.path.join(module, folder)):
            for name in sorted(names):
                path = os.path.join(root, name)
                shown = os.path.relpath(path, module)
                text = open(path, errors='replace').read()
                if name.endswith('.yaml') and 'kind: ResourceGraphDefinition' in text:
                    found[path] = shown
                if not name.endswith(('.md', '.mdx')):
                    continue
                for number, fence in enumerate(re.finditer(r'^( *)```[^\n]*\n(.*?)^\1```', text, re.M | re.S), 1):
                    block = '\n'.join(line.removeprefix(fence[1]) for line in fence[2].split('\n'))
                    if not re.search(r'^kind: ResourceGraphDefinition', block, re.M):
                        continue
                    copy = os.path.join(out, re.sub(r'\W', '-', shown) + f'-{number}.yaml')
                    with open(copy, 'w') as file:
                        file.write(block)
                    found[copy] = f'{shown} block {number}'
    return found


def validated(plinth, file, kinds):
    """{name of a definition in the file: why plinth validate refuses it}; under None why the file cannot be read."""
    command = [plinth, 'validate', '-o', 'json', '-f', file]
    for kind in kinds:
        command += ['-f', kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if not done.stdout.strip():
        return {None: done.stderr.strip()}
    return {row['name']: row.get('message', '') for row in json.loads(done.stdout)
            if row['file'] == file and row['kind'] == 'ResourceGraphDefinition'}


def play_definitions(program, module, plinth, logs):
    """{name: how the two differ}"""
    crds = os.path.join(module, 'test', 'integration', 'crds')
    kinds = sorted(os.path.join(root, name) for root, _, names in os.walk(crds) for name in names if name.endswith('.yaml'))
    blocks = os.path.join(logs, 'definitions')
    os.makedirs(blocks, exist_ok=True)
    files = published_definitions(module, blocks)
    root = tempfile.mkdtemp(prefix='plinth-kro-')
    platform = scenarios.Platform(plinth, root)
    results = {}
    try:
        platform.start()
        subprocess.run([plinth, 'apply', '--kubeconfig', platform.kubeconfig, *[a for kind in kinds for a in ('-f', kind)]],
                       stdout=subprocess.DEVNULL, check=True, timeout=120)
        built = subprocess.run([program, platform.kubeconfig, *files], capture_output=True, text=True, timeout=SUITE_SECONDS)
        with open(os.path.join(logs, 'definitions.log'), 'w') as log:
            log.write(built.stdout + built.stderr)
        ours = {}
        for line in built.stdout.splitlines():
            kro = json.loads(line)
            if kro['file'] not in ours:
                ours[kro['file']] = validated(plinth, kro['file'], kinds)
            here = ours[kro['file']].get(kro['name'], ours[kro['file']].get(None, 'it is not in what plinth validate tells'))
            same = bool(here) == bool(kro['error'])
            results[f"{files[kro['file']]}: {kro['name']}"] = '' if same else f"kro: {kro['error'] or 'accepted'}\nplinth: {here or 'accepted'}"
        return results
    finally:
        platform.kill_all()
        shutil.rmtree(root, ignore_errors=True)


def verdict(suite, results, expected, everything):
    """(passed, failed, known): prints what is not as expected.txt says."""
    passed = failed = known = 0
    for name, why in sorted(results.items()):
        reason = expected.get((suite, name))
        if reason is None and not why:
            passed += 1
        elif reason is not None and (why or reason.startswith('n/a')):
            known += 1
            print(f'known  {suite}: {name}: {reason}')
        else:
            failed += 1
            print(f'FAILED {suite}: {name}: ' + (why or 'it passes; take it out of expected.txt'))
    for (of, name), _ in expected.items():
        if of == suite and everything and name not in results:
            failed += 1
            print(f'FAILED {suite}: {name}: expected.txt names a test that there is not')
    return passed, failed, known


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--workers', type=int, default=4, help='files of the integration suite that are played at once')
    parser.add_argument('--suite', choices=['definitions', 'chainsaw', 'integration'], help='only this one')
    parser.add_argument('--logs', help='folder that keeps what the suites print')
    parser.add_argument('files', nargs='*', help='only files of the integration suite with one of these words in their names')
    arguments = parser.parse_args()
    plinth = os.path.abspath(os.environ['PLINTH'])
    logs = os.path.abspath(arguments.logs or tempfile.mkdtemp(prefix='plinth-kro-logs-'))
    os.makedirs(logs, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    module, version = module_copy()
    print(f'kro {version}, logs in {logs}' if module else f'skipped: kro\'s suites: {version}')
    if not module:
        return 0
    expected, failures = expected_failures(), 0
    prepare = {'definitions': lambda: graph_builder(module, version), 'chainsaw': chainsaw,
               'integration': lambda: integration_suite(module, version)}
    play = {'definitions': lambda program: play_definitions(program, module, plinth, logs),
            'chainsaw': lambda program: play_chainsaw(program, module, plinth, logs),
            'integration': lambda program: play_integration(program, module, plinth, logs, arguments.workers, arguments.files)}
    for suite in play:
        if arguments.suite not in (None, suite):
            continue
        program, about = prepare[suite]()
        if not program:
            print(f'skipped: {suite}: {about}')
            continue
        results = play[suite](program)
        passed, failed, known = verdict(suite, results, expected, not arguments.files)
        failures += failed + (not results)
        print(f'{suite}: {passed} passed | {failed} failed | {known} known not to pass')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
