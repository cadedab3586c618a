#!/bin/sh
# Checks our dependencies: their licences, where they come from, and whether there are several
# versions of one. The rules are in deny.toml. cargo-deny is installed by cargo into FMMAP_CACHE,
# outside of the tree.
#
#   scripts/deny.sh [CHECK...]    default: bans licenses sources
#
# `advisories` needs a network, because it downloads RustSec's list.
set -eu
cd "$(dirname "$0")/.."
version=0.20.2
home="${FMMAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fmmap}/cargo-deny-$version"
if [ ! -x "$home/bin/cargo-deny" ]; then
  # It is not optimised, because it reads only one lockfile, and compiles in half the time.
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR="$home/target" \
    sh scripts/retry.sh cargo install --quiet --locked --debug --root "$home" --version "$version" cargo-deny
  rm -rf "$home/target"
fi
[ $# -gt 0 ] || set -- bans licenses sources
exec "$home/bin/cargo-deny" --log-level error check "$@"
