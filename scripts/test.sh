#!/usr/bin/env bash
# Installs what is missing, builds everything and runs the tests. Ends with ctest's summary; the exit code is ctest's.
#
#   scripts/test.sh                          all tests, built with preset test: as dev, several files to a compilation
#   scripts/test.sh --preset asan|tsan       unit, simulation and integration tests under sanitizers
#   scripts/test.sh [...] CTEST_ARGUMENT...  such as -R unit-tree, or -j2
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=test
if [ "${1:-}" = --preset ]; then
    preset=${2:-}
    shift $(($# < 2 ? $# : 2))
fi

selection=()
case $preset in
test | dev) ;;
asan | tsan) selection=(--label-regex '^(unit|simulation|integration)$') ;;
*)
    echo "$0: unknown preset '$preset', expected test, dev, asan or tsan" >&2
    exit 2
    ;;
esac

# On the shared machines of CI a test with real processes may be starved of time: there a test that fails is run once
# more, and the log shows both runs.
again=()
if [ "${CI:-}" = true ]; then
    again=(--repeat until-pass:2)
fi
# All that is drawn at random is drawn from this, in the second run too: what a seed has found is not lost by chance.
export CONCLAVE_TEST_SEED=${CONCLAVE_TEST_SEED:-$((RANDOM + 1))}
echo "CONCLAVE_TEST_SEED=$CONCLAVE_TEST_SEED"

"$root/scripts/install-dependencies.sh"
cd "$root" # presets are looked up in the working directory
cmake --preset "$preset"
cmake --build --preset "$preset"
exec ctest --preset "$preset" "${again[@]}" "${selection[@]}" "$@"
