#!/bin/sh
# Fuzzes under AddressSanitizer: every search strategy against the plain oracle (search), every call of
# a mapping with any arguments (mapping), or every way of searching for a pattern (pattern).
#
#   scripts/fuzz.sh search|mapping|pattern [SECONDS] [ARGUMENT OF LIBFUZZER...]    default: 60
#
# cargo-fuzz is installed by cargo into FMMAP_CACHE. Inputs that fail are written to fuzz/artifacts.
set -eu
cd "$(dirname "$0")/.."
version=0.13.2
home="${FMMAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fmmap}/cargo-fuzz-$version"
if [ ! -x "$home/bin/cargo-fuzz" ]; then
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR="$home/target" \
    sh scripts/retry.sh cargo install --quiet --locked --debug --root "$home" --version "$version" cargo-fuzz
  rm -rf "$home/target"
fi
target=${1:?search, mapping or pattern}
shift
seconds=${1:-60}
[ $# -eq 0 ] || shift
# Sanitizers are for nightly compilers; this lets a stable one take them.
export RUSTC_BOOTSTRAP=1
exec "$home/bin/cargo-fuzz" run "$target" -- -max_total_time="$seconds" -verbosity=0 -print_final_stats=1 "$@"
