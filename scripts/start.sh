#!/usr/bin/env bash
# Installs what is missing, builds the release and runs a server in the foreground, in one command.
#
#   scripts/start.sh                 serves 127.0.0.1:2181, keeps its data in ./data
#   scripts/start.sh ARGUMENT...     passes the arguments to conclaved, such as a configuration file
#
# The shell is built beside it: build/release/bin/conclave ls /
set -euo pipefail

from=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$root/scripts/install-dependencies.sh" build
cd "$root" # presets are looked up in the working directory
cmake --preset release >/dev/null
cmake --build --preset release --target conclaved conclave

if [ $# -eq 0 ]; then
    set -- 2181 "$root/data"
fi
cd "$from" # so that a relative path among the arguments means what its writer meant
exec "$root/build/release/bin/conclaved" "$@"
