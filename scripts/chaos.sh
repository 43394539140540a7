#!/usr/bin/env bash
# Real ensembles of three and five under faults that a seed chooses, for as long as is asked: servers are killed, paused,
# restarted and cut off from each other, disks hang and fill up, while clients write down what they see and check-history
# judges it.
#
#   scripts/chaos.sh [MINUTES]       60; a new seed every minute
#   scripts/chaos.sh MINUTES SEED    begins with that seed
#   scripts/chaos.sh --recipes ...   programs that use the recipes instead, ten times as long as in the tests, and what they
#                                    have written down instead of a history
#
# A run that fails prints its seed, and its history is kept in build/chaos. CONCLAVE_BINARY names another conclaved than
# the dev build's; check-history has to lie beside it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=${CONCLAVE_BINARY:-$root/build/dev/bin/conclaved}
judge=check-history
if [ "${1:-}" = --recipes ]; then
    judge=recipes-contender
    shift
fi
minutes=${1:-60}
seed=${2:-$((RANDOM * 32768 + RANDOM + 1))}

if [ ! -x "$binary" ] || [ ! -x "$(dirname "$binary")/$judge" ]; then
    echo "$binary and $judge beside it are needed: scripts/test.sh builds them" >&2
    exit 1
fi
kept=$root/build/chaos
mkdir -p "$kept"

one_run() {
    export CONCLAVE_TEST_SEED=$seed CONCLAVE_CHAOS_S=60 CONCLAVE_CHAOS_SERVERS=$((3 + seed % 2 * 2)) CONCLAVE_TEST_KEEP=$kept
    export CONCLAVE_CHAOS_ROUNDS=${CONCLAVE_CHAOS_ROUNDS:-30}
    if [ "$judge" = check-history ]; then
        python3 -B -W ignore "$root/test/integration/chaos_test.py" "$binary" AnythingGoes
    else
        python3 -B -W ignore "$root/test/integration/recipes/chaos_test.py" "$binary" "$(dirname "$binary")/$judge"
    fi
}

runs=0
end=$((SECONDS + minutes * 60))
while [ "$SECONDS" -lt "$end" ]; do
    log=$kept/seed-$seed.log
    if ! one_run >"$log" 2>&1; then
        echo "seed $seed failed: $log" >&2
        exit 1
    fi
    rm -f "$log"
    runs=$((runs + 1))
    seed=$((seed + 1))
done
echo "$runs runs, none failed; the last seed was $((seed - 1))"
