#!/bin/sh
# What our dependencies bring: their licences, where they come from, versions beside one another.
# deny.toml has the rules. cargo-deny comes by cargo, into FMMAP_CACHE, outside of the tree.
#
#   scripts/deny.sh [CHECK...]    default: bans licenses sources
#
# `advisories` is asked for where there is a network: it fetches RustSec's list.
set -eu
cd "$(dirname "$0")/.."
version=0.20.2
home="${FMMAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fmmap}/cargo-deny-$version"
if [ ! -x "$home/bin/cargo-deny" ]; then
  # Unoptimised: it reads one lockfile, and compiles in half the time.
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR="$home/target" \
    cargo install --quiet --locked --debug --root "$home" --version "$version" cargo-deny
  rm -rf "$home/target"
fi
[ $# -gt 0 ] || set -- bans licenses sources
exec "$home/bin/cargo-deny" --log-level error check "$@"
