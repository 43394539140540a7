#!/usr/bin/env bash
# Model-checks reconfiguration.pml with spin and prints a line per run: whether it came out as it
# should, what came out, how many states, how long. The exit code is 0 if each run came out as it
# should, 1 if not, 77 if there is no spin.
#
#   check.sh         the quick runs, with 2 epochs (3 where a mutant needs them): about a minute
#   check.sh full    the quick and the large runs, with 3 and 4 epochs: an hour, and 3 GB of memory
#
# When a run comes out wrong, its folder is kept, with the commands that show the trace.
set -euo pipefail

model=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/reconfiguration.pml
mode=${1:-quick}
case $mode in
quick | full) ;;
*)
    echo "$0: unknown mode '$mode', expected quick or full" >&2
    exit 2
    ;;
esac
for tool in spin gcc; do
    if ! command -v "$tool" >/dev/null; then
        echo "$0: $tool is not installed; scripts/install-dependencies.sh test installs it" >&2
        exit 77
    fi
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
run_count=0

# Exhaustive, but for states that collide in their place in the table and in a hash of 32 bits; a
# state takes some 30 octets. Partial order reduction would find nothing: all steps share data.
flags=(-O1 -DSAFETY -DNOREDUCE -DHC4 -DMEMLIM=6000)

# check EXPECTED NAME SEARCH DEFINITION...
# SEARCH: large, or small where compiling would cost more than searching.
# EXPECTED: holds (no violation in a finished search) or refuted (a violation is found).
check() {
    local expected=$1 name=$2 search=$3
    shift 3
    run_count=$((run_count + 1))
    local folder=$scratch/$run_count definitions=() definition
    local compile=("${flags[@]}") arguments=(-m1000 -w24)
    for definition in "$@"; do
        definitions+=("-D$definition")
    done
    if [ "$search" = small ]; then
        compile+=(-O0)
    fi
    mkdir "$folder"
    local started=$SECONDS outcome states
    (
        cd "$folder"
        spin -a "${definitions[@]}" "$model" && gcc "${compile[@]}" -o pan pan.c &&
            ./pan "${arguments[@]}"
    ) >"$folder/output" 2>&1 || true

    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$folder/output")
    if grep --quiet '^pan:1: assertion violated' "$folder/output"; then
        outcome=refuted
    elif grep --quiet 'errors: 0' "$folder/output" &&
        ! grep --quiet -e 'Search not completed' -e 'depth too small' "$folder/output"; then
        outcome=holds
    else
        outcome=unfinished
    fi
    local verdict=ok
    if [ "$outcome" != "$expected" ]; then
        verdict=WRONG
        failed=$((failed + 1))
    fi
    printf '%-5s %-8s %11s states %4d s  %s  (%s)\n' \
        "$verdict" "$outcome" "${states:-?}" $((SECONDS - started)) "$name" "$*"
    if [ "$verdict" = WRONG ]; then
        local kept
        kept=$(mktemp -d)
        cp -r "$folder/." "$kept"
        tail -n 20 "$folder/output"
        echo "kept in $kept; to see the trace, go there and"
        echo "    spin -k reconfiguration.pml.trail -p -g ${definitions[*]} $model"
    fi
    rm -rf "$folder"
}

holds() { check holds "$1" "${@:2}"; }
reached() { check refuted "$1" small "${@:2}"; }
harmful() { check refuted "$1" "$2" HARM_ONLY "${@:3}"; }

# Sets of storage ids as bits: 3 = {0,1}, 5 = {0,2}, 7 = {0,1,2}, 11 = {0,1,3}, 12 = {2,3},
# 17 = {0,4}, 19 = {0,1,4}.
echo "-- the rules as specified"
holds 'replace a member' large EPOCHS=2 CLIENTS=1 FROM=7 TO_A=11
holds 'shrink by one' large EPOCHS=2 CLIENTS=1 FROM=7 TO_A=3
holds 'grow from one to three' large EPOCHS=2 CLIENTS=1 FROM=1 TO_A=7
holds 'replace all' large EPOCHS=2 CLIENTS=1 FROM=3 TO_A=12
holds 'two operators with different wishes' large \
    EPOCHS=2 CLIENTS=0 CHANGES=2 FROM=7 TO_A=11 TO_B=3
holds 'a wiped disk is replaced' large EPOCHS=2 CLIENTS=0 FROM=7 TO_A=19 WIPE

echo "-- probes: what must be reachable"
reached 'a change succeeds' EPOCHS=2 CLIENTS=0 NEVER_SUCCEEDS
reached 'a successor activates' EPOCHS=2 CLIENTS=0 NEVER_ACTIVATED_BY_SUCCESSOR
reached 'a pending change is truncated' EPOCHS=2 CLIENTS=0 NEVER_TRUNCATES_CHANGE
reached 'a leader commits without a vote' EPOCHS=2 CLIENTS=0 NEVER_COMMITS_AS_OUTSIDER
reached 'a new disk becomes a voter' \
    EPOCHS=2 CLIENTS=0 FROM=7 TO_A=19 WIPE NEVER_COUNTS_REPLACEMENT

echo "-- mutants: what must be found out"
harmful 'joint rule only from commit' small EPOCHS=2 CLIENTS=0 JOINT_FROM_COMMIT
harmful 'no activation record and old members off' small EPOCHS=2 CLIENTS=0 NO_ACTIVATION
harmful 'commits count the old members only' small \
    EPOCHS=3 CLIENTS=0 FROM=1 TO_A=7 COMMIT_BY_OLD
harmful 'commits count the new members only' small EPOCHS=2 CLIENTS=0 COMMIT_BY_NEW
harmful 'elections ask the old members only' small EPOCHS=2 CLIENTS=0 ELECT_BY_OLD
harmful 'elections ask the new members only' small EPOCHS=2 CLIENTS=0 ELECT_BY_NEW
harmful 'activation before commit' small EPOCHS=2 CLIENTS=0 ACTIVATE_BEFORE_COMMIT
harmful 'a wiped disk votes at once' small EPOCHS=2 CLIENTS=0 CHANGES=0 WIPE WIPED_DISK_VOTES
harmful 'a wiped disk votes at once and is replaced' small \
    EPOCHS=2 CLIENTS=0 FROM=7 TO_A=19 WIPE WIPED_DISK_VOTES
harmful 'grant without freshness' small EPOCHS=2 CLIENTS=0 NO_FRESHNESS
harmful 'an epoch granted twice' small EPOCHS=2 CLIENTS=0 GRANT_TWICE
harmful 'acknowledging below the promise' small EPOCHS=2 CLIENTS=0 ACK_BELOW_PROMISE

if [ "$mode" = full ]; then
    echo "-- large"
    harmful 'commit by counting an older epoch' large \
        EPOCHS=4 CLIENTS=0 CHANGES=0 COMMIT_OLD_EPOCH
    holds 'replace a member' large EPOCHS=3 CLIENTS=0 FROM=7 TO_A=11
    holds 'shrink by one' large EPOCHS=3 CLIENTS=0 FROM=7 TO_A=3
    holds 'shrink to one' large EPOCHS=3 CLIENTS=0 FROM=7 TO_A=1
    holds 'grow from one to three' large EPOCHS=3 CLIENTS=0 FROM=1 TO_A=7
    holds 'replace all' large EPOCHS=3 CLIENTS=1 FROM=3 TO_A=12
    holds 'replace one after one' large EPOCHS=3 CLIENTS=0 CHANGES=2 FROM=1 TO_A=2 TO_B=4
    holds 'replace one of two' large EPOCHS=3 CLIENTS=1 FROM=3 TO_A=5
    holds 'a wiped disk of two is replaced' large EPOCHS=3 CLIENTS=0 FROM=5 TO_A=17 WIPE
    holds 'a change before the last one is committed' large \
        EPOCHS=3 CLIENTS=0 CHANGES=2 FROM=1 TO_A=2 TO_B=4 CHANGE_BEFORE_COMMIT
fi

echo "$run_count runs, $failed came out wrong"
[ "$failed" -eq 0 ]
