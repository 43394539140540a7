#!/usr/bin/env bash
# Runs seeds that nobody has tried before: fresh.sh SIMULATOR COUNT
# CONCLAVE_TEST_SEED names them again; without it they are drawn, and told.
set -euo pipefail

: "${CONCLAVE_TEST_SEED:=$((RANDOM * 32768 + RANDOM))}"
echo "CONCLAVE_TEST_SEED=$CONCLAVE_TEST_SEED"
# Behind those of the fixed tests, far enough apart that two runs do not overlap.
exec "$1" --from $((1000000000 + CONCLAVE_TEST_SEED * 1000)) --seeds "$2"
