#!/bin/sh
# Lints both crates for platforms that can't be run here, so that an error in code for one of them
# is found before its own CI job finds it.
#
#   scripts/cross-clippy.sh [TARGET...]       default: macOS, FreeBSD, Windows, 64-bit arm Linux
#
# rustup brings std for this machine only. Debian's security archive has a compiler with the source
# of its std, which cargo checks for any target before our crate: no linker and no system headers are
# needed. The first run installs it (about a minute); a
# target takes about a minute the first time and seconds after that.
set -eu
cd "$(dirname "$0")/.."

packages="rustc-web cargo-web rust-web-clippy rust-web-src"
# shellcheck disable=SC2086 # one word a package
if ! dpkg -s $packages >/dev/null 2>&1; then
  sh scripts/retry.sh apt-get update
  sh scripts/retry.sh apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $packages
fi

[ $# -gt 0 ] || set -- x86_64-apple-darwin aarch64-apple-darwin x86_64-unknown-freebsd \
  x86_64-pc-windows-msvc aarch64-unknown-linux-gnu

# rustup's cargo fetches the dependencies, with whatever registry is configured.
sh scripts/retry.sh cargo fetch --locked

# From here on Debian's toolchain alone: cargo would find rustup's cargo-clippy first, in its own bin
# folder, so it gets a home of its own with nothing but the fetched crates in it.
target="${CARGO_TARGET_DIR:-$PWD/target}/cross"
mkdir -p "$target/home"
ln -sfn "${CARGO_HOME:-$HOME/.cargo}/registry" "$target/home/registry"
unset CARGO RUSTC RUSTFLAGS RUSTUP_TOOLCHAIN || true
export PATH=/usr/sbin:/usr/bin:/sbin:/bin CARGO_HOME="$target/home" CARGO_TARGET_DIR="$target"
# -Zbuild-std is for nightly compilers; this lets a stable one take it.
export RUSTC_BOOTSTRAP=1

failed=
for platform in "$@"; do
  echo "== $platform"
  cargo clippy --quiet -Zbuild-std=std,panic_unwind --target "$platform" \
    -p fmmap-core -p fmmap-node --lib -- -D warnings || failed="$failed $platform"
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
