#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs each for a bounded time over its kept corpus (test/fuzz).
#
#   scripts/fuzz.sh              as ctest runs it: ten seconds for each target
#   scripts/fuzz.sh SECONDS      for each target
#
# An input that fails stays in build/fuzz/test/fuzz/; mend the cause, then keep the input as a unit test.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
seconds=${1:-10}

if ! command -v clang++-14 >/dev/null; then
    echo "$0: skipped, there is no clang++-14"
    exit 77 # what ctest takes for "skipped"
fi
cd "$root" # presets are looked up in the working directory
cmake --preset fuzz -DCONCLAVE_FUZZ_SECONDS="$seconds"
cmake --build --preset fuzz --target fuzz-targets
exec ctest --preset fuzz --no-tests=error --parallel "$(nproc)"
