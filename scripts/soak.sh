#!/usr/bin/env bash
# Runs the simulators on fresh seeds for a long time: the replication core and whole ensembles in turn (test/simulation).
#
#   scripts/soak.sh                          an hour, on one core, at the lowest priority
#   scripts/soak.sh --minutes 480 --jobs 2   longer, on two
#   scripts/soak.sh --only full              whole ensembles alone; or: core
#
# At the end it says what all seeds together have reached, and what none of them has.
# Each seed that fails is added to build/soak/corpus ("full 4711 <commit> <what>") and runs first in the next soak of the
# same directory, until it passes. Exit code 1 if any seed failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
minutes=60
jobs=1
only=both
while [ $# -gt 0 ]; do
    case $1 in
    --minutes) minutes=$2 ;;
    --jobs) jobs=$2 ;;
    --only) only=$2 ;;
    *)
        sed -n '2,11s/^# \?//p' "$0" >&2
        exit 2
        ;;
    esac
    shift 2
done

cd "$root" # presets are looked up in the working directory
cmake --preset release >/dev/null
cmake --build --preset release --target simulate-core simulate-ensemble
programs=build/release/bin
mkdir -p build/soak
corpus=build/soak/corpus
touch "$corpus"
commit=$(git rev-parse --short HEAD)
until=$((SECONDS + minutes * 60))
failures=0
counters=build/soak/counters # "core" or "full", number, name: one line per counter and batch
: >"$counters"

# Runs seeds of one profile ("core" or "full"); notes those that fail.
run() {
    local profile=$1 first=$2 count=$3 output status=0 found=0
    case $profile in
    core) output=$(nice -n 19 "$programs/simulate-core" --from "$first" --seeds "$count" 2>&1) || status=$? ;;
    full) output=$(nice -n 19 "$programs/simulate-ensemble" --from "$first" --seeds "$count" -j "$jobs") || status=$? ;;
    esac
    while read -r seed what; do
        found=$((found + 1))
        note "$profile" "$seed" "$what"
    done < <(sed -n 's/^seed \([0-9]*\): \(.*\)/\1 \2/p' <<<"$output" | sort -u)
    # What is left then is an assertion that has ended the program: any of these seeds.
    if [ "$status" -ne 0 ] && [ "$found" -eq 0 ]; then
        note "$profile" "$first" "$count seeds, one of which ended with status $status: $(tail -n 1 <<<"$output")"
    fi
    sed -n "s/^ *\([0-9][0-9]*\) \([a-zA-Z].*\)/$profile \1 \2/p" <<<"$output" |
        grep -v ' seeds, ' >>"$counters" || true
    tail -n 1 <<<"$output" | sed "s/^/$profile from $first: /"
}

note() {
    failures=$((failures + 1))
    echo "$1 seed $2 $3"
    echo "$1 $2 $commit $3" >>"$corpus"
}

# What failed before comes first. It is forgotten only when all of it has run.
known=$corpus.known
cat "$corpus" >>"$known"
: >"$corpus"
while read -r profile seed _; do
    [ -z "$profile" ] || run "$profile" "$seed" 1
done < <(sort -u "$known")
rm "$known"

# Seeds that no earlier soak has tried.
next=$((($(date +%s) - 1600000000) * 1000))
while [ "$SECONDS" -lt "$until" ]; do
    [ "$only" = full ] || run core "$next" 100
    [ "$only" = core ] || run full "$next" 50
    next=$((next + 1000))
done
awk '{ name = $1; for (field = 3; field <= NF; ++field) name = name " " $field; sum[name] += $2 }
    END { for (name in sum) printf "%14d %s%s\n", sum[name], name, sum[name] == 0 ? "   NEVER REACHED" : "" }' \
    "$counters" | sort -k2
echo "$failures seeds failed; they are in $corpus"
[ "$failures" -eq 0 ]
