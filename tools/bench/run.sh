#!/usr/bin/env bash
# The benchmarks of the layers that stand; run by ./dev bench. Nothing here is a verdict: figures of a shared machine vary.
set -euo pipefail
cd "$(dirname "$0")/../.."
cmake --build build/release --target document_bench apply_bench store_bench >&2
uname -srm; nproc
for bench in document_bench apply_bench store_bench; do
  echo "== $bench"
  "build/release/$bench"
done
