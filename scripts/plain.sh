#!/bin/sh
# Runs the test suite under a runtime that has no ava: each spec file is a program.
#
#   scripts/plain.sh bun
#   scripts/plain.sh deno run -A --v8-flags=--expose-gc
set -u
cd "$(dirname "$0")/.." || exit 1
failed=
for spec in $(find __test__ -name '*.spec.ts' | sort); do
  echo "# $spec"
  "$@" "$spec" || failed="$failed $spec"
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
