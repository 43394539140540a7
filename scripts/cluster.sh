#!/usr/bin/env bash
# Several servers on this machine, to try an ensemble with.
#
#   scripts/cluster.sh start [N]     builds if need be and starts N servers (3), on 127.0.0.1:2181, 2182, ...
#   scripts/cluster.sh stop          stops all of them
#   scripts/cluster.sh kill ID       kill -9 of one; `start` brings it back
#   scripts/cluster.sh status        who leads, who follows
#
# CONCLAVE_CLUSTER_DIR (default: build/cluster) holds data, configuration and logs of each; CONCLAVE_BINARY names
# another conclaved than the release build's; CONCLAVE_CLIENT_PORT is that of server 1 (2181).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
directory=${CONCLAVE_CLUSTER_DIR:-$root/build/cluster}
binary=${CONCLAVE_BINARY:-$root/build/release/bin/conclaved}
client_port=${CONCLAVE_CLIENT_PORT:-2181}
peer_port=$((client_port + 707))

usage() {
    sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

servers() {
    find "$directory" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*' -printf '%f\n' 2>/dev/null | sort -n
}

is_running() {
    [ -f "$directory/$1/pid" ] && kill -0 "$(cat "$directory/$1/pid")" 2>/dev/null
}

build() {
    if [ -n "${CONCLAVE_BINARY:-}" ]; then
        return
    fi
    "$root/scripts/install-dependencies.sh" build
    cd "$root" # presets are looked up in the working directory
    cmake --preset release >/dev/null
    cmake --build --preset release --target conclaved
}

configure() {
    local count=$1 id other
    for id in $(seq "$count"); do
        mkdir -p "$directory/$id/data"
        echo "$id" >"$directory/$id/data/myid"
        {
            echo "dataDir=$directory/$id/data"
            echo "clientPort=$((client_port + id - 1))"
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
    "$binary" "$directory/$1/zoo.cfg" >>"$directory/$1/log" 2>&1 &
    echo $! >"$directory/$1/pid"
    disown
}

word() {
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf '%s' "$2" >&3
    cat <&3
    exec 3>&-
}

mode_of() {
    word "$((client_port + $1 - 1))" srvr 2>/dev/null | sed -n 's/^Mode: //p' || true
}

await_service() {
    local first_port=$client_port tries=0
    until word "$first_port" ruok 2>/dev/null | grep -q imok && [ -n "$(mode_of 1)" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 200 ]; then
            echo "the servers do not serve within 20 s; see $directory/*/log" >&2
            exit 1
        fi
        sleep 0.1
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
        if is_running "$id"; then
            kill "$(cat "$directory/$id/pid")"
        fi
    done
    for id in $(servers); do
        while is_running "$id"; do
            sleep 0.1
        done
        rm -f "$directory/$id/pid"
    done
    ;;
kill)
    [ -n "${2:-}" ] || usage
    kill -9 "$(cat "$directory/$2/pid")"
    ;;
status)
    for id in $(servers); do
        if is_running "$id"; then
            mode=$(mode_of "$id")
            echo "server $id  127.0.0.1:$((client_port + id - 1))  ${mode:-not serving}"
        else
            echo "server $id  127.0.0.1:$((client_port + id - 1))  down"
        fi
    done
    ;;
*) usage ;;
esac
