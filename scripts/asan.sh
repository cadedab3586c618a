#!/bin/sh
# The ava suite with the addon under AddressSanitizer: a read or write of memory that isn't ours, in the
# addon or in a Node-API call that it makes, ends the run with a report.
#
#   scripts/asan.sh                           the whole suite, and the survival parts that call the addon
#   scripts/asan.sh __test__/views.spec.ts    that file
#
# gcc's runtime of the sanitizer is loaded before Node, because Rust's own can't be loaded with a
# library. Node's memory at exit does not count as a leak, and SIGBUS is left to the fault guard.
# The build is optimized a little: the checks stay, and the searches are several times faster.
# Few freed blocks are kept back, because tests of leaks look at how much memory the process has.
set -eu
cd "$(dirname "$0")/.."

target=x86_64-unknown-linux-gnu
tree=target/asan/tree
runtime=$(gcc -print-file-name=libasan.so)

node scripts/ensure.mjs
RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_PROFILE_DEV_DEBUG=line-tables-only CARGO_PROFILE_DEV_OPT_LEVEL=1 \
    cargo build --locked --package fmmap-node --target "$target" --target-dir target/asan

# A tree of its own, so that the checkout's addon stays as it is.
rm -rf "$tree"
mkdir -p "$tree"
git ls-files -z | tar -c --null -T - | tar -x -C "$tree"
cp index.cjs core.cjs later.cjs index.js binding.d.cts "$tree"
ln -s "$PWD/node_modules" "$tree/node_modules"
cp "target/asan/$target/debug/libfmmap_node.so" "$tree/fmmap.linux-x64-gnu.node"
cd "$tree"

ASAN_OPTIONS=detect_leaks=0:handle_sigbus=0:allocator_may_return_null=1:exitcode=99
export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=4:thread_local_quarantine_size_kb=64
export FMMAP_TEST_SCALE="${FMMAP_TEST_SCALE:-0.2}" FMMAP_SURVIVAL_SCALE="${FMMAP_SURVIVAL_SCALE:-0.05}"

export LD_PRELOAD="$runtime"
node node_modules/ava/entrypoints/cli.mjs --concurrency=1 --timeout=30m "$@"
if [ $# -eq 0 ]; then
    node __test__/survival/run.mjs natives calls lifetimes
fi
