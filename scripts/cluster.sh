#!/usr/bin/env bash
# Several servers on this machine, to try an ensemble with.
#
#   scripts/cluster.sh start [N]     builds if need be and starts N servers (3), on 127.0.0.1:2181, 2182, ...
#   scripts/cluster.sh stop          stops all of them
#   scripts/cluster.sh kill ID       kill -9 of one; `start` brings it back
#   scripts/cluster.sh restart ID    stops one in good order and starts it again
#   scripts/cluster.sh pause ID      one stands still, as if its host hung; `resume ID` lets it go on
#   scripts/cluster.sh status        who leads, who follows
#
# CONCLAVE_CLUSTER_DIR (default: build/cluster) holds data, configuration and logs of each; CONCLAVE_BINARY names
# another conclaved than the release build's; CONCLAVE_CLIENT_PORT is that of server 1 (2181).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
directory=$(realpath -m "${CONCLAVE_CLUSTER_DIR:-$root/build/cluster}")
binary=${CONCLAVE_BINARY:-$root/build/release/bin/conclaved}
client_port=${CONCLAVE_CLIENT_PORT:-2181}
peer_port=$((client_port + 707))

usage() {
    sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

servers() {
    find "$directory" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*' -printf '%f\n' 2>/dev/null | sort -n
}

# A number that was left behind may be that of another process by now.
is_running() {
    [ -f "$directory/$1/pid" ] &&
        tr '\0' '\n' <"/proc/$(cat "$directory/$1/pid")/cmdline" 2>/dev/null | grep -qxF "$directory/$1/zoo.cfg"
}

is_paused() {
    grep -q '^State:[[:space:]]*T' "/proc/$(cat "$directory/$1/pid")/status" 2>/dev/null
}

signal() {
    if ! is_running "$2"; then
        echo "server $2 does not run" >&2
        exit 1
    fi
    kill "-$1" "$(cat "$directory/$2/pid")"
}

stop_one() {
    if is_running "$1"; then
        kill "$(cat "$directory/$1/pid")"
        kill -CONT "$(cat "$directory/$1/pid")" 2>/dev/null || true # it cannot stop while it stands still
    fi
}

await_end() {
    while is_running "$1"; do
        sleep 0.1
    done
    rm -f "$directory/$1/pid"
}

build() {
    if [ -n "${CONCLAVE_BINARY:-}" ]; then
        return
    fi
    "$root/scripts/install-dependencies.sh" build
    (
        cd "$root" # presets are looked up in the working directory
        cmake --preset release >/dev/null
        cmake --build --preset release --target conclaved
    )
}

configure() {
    local count=$1 id other
    for id in $(seq "$count"); do
        mkdir -p "$directory/$id/data"
        echo "$id" >"$directory/$id/data/myid"
        {
            echo "dataDir=$directory/$id/data"
            echo "clientPort=$((client_port + id - 1))"
            echo "admin.serverPort=$((client_port + id + 19))"
            echo "4lw.commands.whitelist=*"
            for other in $(seq "$count"); do
                echo "server.$other=127.0.0.1:$((peer_port + 2 * other)):$((peer_port + 2 * other + 1))"
            done
        } >"$directory/$id/zoo.cfg"
    done
}

start_one() {
    if is_running "$1"; then
        return
    fi
    local port=$((client_port + $1 - 1))
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        echo "server $1 cannot be started: another program listens on port $port;" \
            "stop it, or choose others with CONCLAVE_CLIENT_PORT" >&2
        exit 1
    fi
    "$binary" "$directory/$1/zoo.cfg" >>"$directory/$1/log" 2>&1 &
    local pid=$!
    echo "$pid" >"$directory/$1/pid"
    disown
    while ! is_running "$1" && kill -0 "$pid" 2>/dev/null; do
        sleep 0.01 # it is still this script
    done
}

word() {
    # shellcheck disable=SC2016 # the inner shell expands it
    timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "%s" "$1" >&3 && cat <&3' "$1" "$2"
}

mode_of() {
    word "$((client_port + $1 - 1))" srvr 2>/dev/null | sed -n 's/^Mode: //p' || true
}

# Of all that are not paused.
await_service() {
    local id tries=0
    for id in $(servers); do
        until is_paused "$id" || [ -n "$(mode_of "$id")" ]; do
            if ! is_running "$id"; then
                echo "server $id has ended: $(tail -n 1 "$directory/$id/log")" >&2
                exit 1
            fi
            tries=$((tries + 1))
            if [ "$tries" -gt 300 ]; then
                echo "server $id does not serve; see $directory/$id/log" >&2
                exit 1
            fi
            sleep 0.1
        done
    done
}

case ${1:-} in
start)
    count=${2:-$(servers | wc -l)}
    [ "$count" -gt 0 ] || count=3
    build
    if [ "$(servers | wc -l)" -ne "$count" ]; then
        if [ -n "$(servers)" ]; then
            echo "$directory holds another number of servers; stop them and remove it first" >&2
            exit 1
        fi
        configure "$count"
    fi
    for id in $(servers); do
        start_one "$id"
    done
    await_service
    "${BASH_SOURCE[0]}" status
    ;;
stop)
    for id in $(servers); do
        stop_one "$id"
    done
    for id in $(servers); do
        await_end "$id"
    done
    ;;
kill | pause | resume | restart)
    [ -n "${2:-}" ] || usage
    case $1 in
    kill)
        signal KILL "$2"
        await_end "$2"
        ;;
    pause) signal STOP "$2" ;;
    resume) signal CONT "$2" ;;
    restart)
        stop_one "$2"
        await_end "$2"
        start_one "$2"
        await_service
        ;;
    esac
    ;;
status)
    for id in $(servers); do
        if is_running "$id" && is_paused "$id"; then
            echo "server $id  127.0.0.1:$((client_port + id - 1))  paused"
        elif is_running "$id"; then
            mode=$(mode_of "$id")
            echo "server $id  127.0.0.1:$((client_port + id - 1))  ${mode:-not serving}"
        else
            echo "server $id  127.0.0.1:$((client_port + id - 1))  down"
        fi
    done
    ;;
*) usage ;;
esac
