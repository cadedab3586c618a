#!/bin/sh
# Checks the lock-free parts of fmmap-core (the table of the fault guard, the cancel token) under
# loom: every order of the threads' steps, every value that a weak load may give.
# Takes about a minute, most of it compiling.
set -eu
cd "$(dirname "$0")/.."
export RUSTFLAGS="--cfg loom"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom"
# A model that loom gives up on would be no proof.
export LOOM_MAX_BRANCHES="${LOOM_MAX_BRANCHES:-100000}"
exec cargo test --release -p fmmap-core --lib "$@" -- model
