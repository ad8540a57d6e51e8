#!/usr/bin/env bash
# Runs the benchmark of the API; called by ./dev bench api, which builds it and says where etcd is. Data directories are made below
# build/, on the same disk for all servers.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(mktemp -d build/bench-api.XXXXXX)
trap 'rm -rf "$data"' EXIT
if [ -n "${ETCD:-}" ]; then "$ETCD" --version | head -n 1; else echo "etcd: not to be had, so no ratios"; fi
build/release/plinth version
build/release/api_bench --plinth "$PWD/build/release/plinth" --etcd "${ETCD:-}" --pipeline "$PWD/build/release/pipeline_bench" \
  --dir "$PWD/$data" "$@"
