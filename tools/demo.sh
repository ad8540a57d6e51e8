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
step 'deleted' kubectl delete namespace a-team
printf '\n%s steps in %s s: %s as expected, %s not\n' $((passed + failed)) $((SECONDS - start)) $passed $failed
[ -z "$keep" ] || echo "still running as process $pid; export KUBECONFIG=$KUBECONFIG"
[ $failed = 0 ]
