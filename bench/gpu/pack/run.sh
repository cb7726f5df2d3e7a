#!/bin/sh
# Measures Kinora on this machine: sh run.sh [--sections a,b] [--again] [--provider cpu]
# Needs Linux on x86-64 with NVIDIA's driver, tar, gzip and sha256sum, and no network. Results go to $OUT, else to ./results.
# What was measured is kept in the unpacked folder ($KINORA_BENCH, else ./unpacked): started again, it goes on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${KINORA_BENCH:-$here/unpacked}
results=${OUT:-$here/results}
if [ "$(uname -s) $(uname -m)" != "Linux x86_64" ]; then
  echo "This pack is for Linux on x86-64, and this is $(uname -s) on $(uname -m)." >&2
  exit 1
fi

cd "$here"
if [ "$(cat "$target/SHA256SUMS" 2>/dev/null || true)" != "$(cat SHA256SUMS)" ]; then
  echo "checking and unpacking into $target" >&2
  sha256sum --check --quiet SHA256SUMS >&2
  rm -rf "${target:?}/libraries" "$target/cuda-is-set-up"
  for name in base provider cuda; do
    rm -rf "${target:?}/$name"
    mkdir -p "$target"
    if [ -e "$name.tar.gz.00" ]; then cat "$name".tar.gz.* | tar -xzf - -C "$target"; fi
  done
  cp SHA256SUMS "$target/SHA256SUMS"
fi

node="$target/base/node"
if ! "$node" --version >/dev/null 2>&1; then
  # A system without the libraries of a C++ compiler.
  LD_LIBRARY_PATH="$target/base/system-libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  export LD_LIBRARY_PATH
  "$node" --version >/dev/null
fi
CUDA_DIR="$target/libraries"
export CUDA_DIR
mkdir -p "$results"
case " $* " in
  *" --provider cpu "* | *" --provider=cpu "*) ;;
  *)
    if [ ! -e "$target/cuda-is-set-up" ]; then
      # Where it fails the doctor says what is missing, and the next start tries again.
      "$node" "$target/base/bench/gpu/pack/set-up-cuda.js" "$target/provider" "$target/cuda" &&
        : >"$target/cuda-is-set-up" || true
    fi
    ;;
esac
# The program itself gets the signals.
exec "$node" "$target/base/bench/gpu.js" --work "$target/work" --collect "$results" "$@"
