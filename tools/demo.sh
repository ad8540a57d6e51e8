#!/usr/bin/env bash
# Plays what Plinth can do so far against a throw-away platform: each step shows the command, its output, and a tick or a cross.
# Needs PLINTH and KUBECTL in the environment (./dev demo sets them). --keep leaves the platform running.
set -uo pipefail
root=$(mktemp -d)
keep=; [ "${1:-}" = --keep ] && keep=1
"$PLINTH" up --data-dir "$root/data" --api 127.0.0.1:0 --node none --write-kubeconfig "$root/kubeconfig" >"$root/log" 2>&1 &
pid=$!
cleanup() { if [ -z "$keep" ]; then kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; rm -rf "$root"; fi; }
trap cleanup EXIT
tries=0
until grep -q ^ready "$root/log"; do
  kill -0 "$pid" 2>/dev/null || { cat "$root/log" >&2; exit 1; }
  tries=$((tries + 1)); [ $tries -lt 3000 ] || { echo "the platform did not become ready" >&2; exit 1; }
  read -rt 0.01 <> <(:) || true
done
cat "$root/log"
export KUBECONFIG=$root/kubeconfig
kubectl() { "$KUBECTL" "$@"; }
passed=0 failed=0 start=$SECONDS

# step EXPECTED COMMAND...: the output must contain EXPECTED.
step() {
  local expected=$1; shift
  printf '\n\033[1m$ %s\033[0m\n' "$*"
  local output; output=$("$@" 2>&1); printf '%s\n' "$output"
  if [[ $output == *"$expected"* ]]; then passed=$((passed + 1)); printf '\033[32m✓\033[0m\n'
  else failed=$((failed + 1)); printf '\033[31m✗ expected: %s\033[0m\n' "$expected"; fi
}

# The same for what a controller has yet to do: asked again for up to 20 s.
eventually() {
  local expected=$1 tries=0; shift
  until [[ $("$@" 2>&1) == *"$expected"* ]] || [ $((tries += 1)) -gt 200 ]; do read -rt 0.1 <> <(:) || true; done
  step "$expected" "$@"
}

examples=$(cd "$(dirname "$0")/../examples" && pwd)
step 'kube-system' kubectl get namespaces
step 'deployments' kubectl api-resources --api-group=apps
step 'created' kubectl create namespace a-team
step 'deployment.apps/silly-demo created' kubectl -n a-team apply -f "$examples/volumes/app.yaml"
step 'silly-demo' kubectl -n a-team get deployments,services,ingresses
step 'scaled' kubectl -n a-team scale deployment silly-demo --replicas=3
step '0/3' kubectl -n a-team get deployment silly-demo
step 'created' kubectl apply -f "$examples/crd/database.yaml"
step 'created' kubectl -n a-team apply -f "$examples/crd/my-database.yaml"
step 'small' kubectl -n a-team get databases
step 'Unsupported value' kubectl -n a-team patch database my-database --type merge -p '{"spec":{"size":"huge"}}'
step 'serverside-applied' kubectl -n a-team apply --server-side -f "$examples/crd/settings.yaml"
step 'conflict' kubectl -n a-team apply --server-side --field-manager=other -f "$examples/crd/settings-other.yaml"
step 'no' kubectl auth can-i list secrets --as bob
step 'created' kubectl create namespace b-team
step 'created' kubectl apply -f "$examples/compose/resource-group.yaml"
step 'condition met' kubectl wait resourcegroup/application --for=condition=ReconcilerReady --timeout=20s
step 'Active' kubectl get resourcegroups -o wide
step 'created' kubectl -n b-team apply -f "$examples/compose/silly-demo.yaml"
step 'condition met' kubectl -n b-team wait application/silly-demo --for=condition=InstanceSynced --timeout=20s
eventually 'ACTIVE' kubectl -n b-team get applications
step 'service/silly-demo' kubectl -n b-team get deployments,services
step 'patched' kubectl -n b-team patch application silly-demo --type merge -p '{"spec":{"ingress":{"enabled":true}}}'
eventually 'Ingress/silly-demo' kubectl -n b-team get applications silly-demo -o 'jsonpath={range .status.resources[*]}{.kind}/{.name} {.state}{"\n"}{end}'
step 'deleted' kubectl -n b-team delete application silly-demo
eventually 'No resources' kubectl -n b-team get deployments,services,ingresses
step 'deleted' kubectl delete namespace a-team b-team
printf '\n%s steps in %s s: %s as expected, %s not\n' $((passed + failed)) $((SECONDS - start)) $passed $failed
[ -z "$keep" ] || echo "still running as process $pid; export KUBECONFIG=$KUBECONFIG"
[ $failed = 0 ]
