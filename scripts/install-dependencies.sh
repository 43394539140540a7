#!/usr/bin/env bash
# Installs the Debian packages that Conclave needs, and nothing if they are all there.
#
#   scripts/install-dependencies.sh            everything
#   scripts/install-dependencies.sh build      what compiles the server and the benchmark program
#   scripts/install-dependencies.sh test       what the tests need besides: other people's clients, the real ZooKeeper
#                                              (which brings a Java runtime), clang for the fuzz targets,
#                                              spin for the protocol models, Doxygen for the reference
#   scripts/install-dependencies.sh bench      what Conclave is measured beside (test/bench); in no other group
#   scripts/install-dependencies.sh browser    a browser for the test of the console, 300 MB; in no other group, and the
#                                              test is skipped without it
set -euo pipefail

build_packages=(
    g++ cmake ninja-build ccache
    libboost1.81-dev libcli11-dev libedit-dev libfmt-dev liblmdb-dev libnghttp2-dev libspdlog-dev libssl-dev libxxhash-dev
    nlohmann-json3-dev zlib1g-dev
)
test_packages=(
    catch2
    clang-14 libclang-rt-14-dev
    default-jdk-headless doxygen libcurator-discovery-java libcurator-recipes-java
    curl libzookeeper-mt-dev openssl pkg-config prometheus python3 python3-kazoo python3-lmdb
    spin
    tmux
    zookeeper zookeeper-bin
)
bench_packages=(etcd-server zookeeper)
browser_packages=(chromium chromium-driver fonts-dejavu-core)

if [ $# -eq 0 ]; then
    set -- build test
fi
wanted=()
for group in "$@"; do
    case $group in
    build) wanted+=("${build_packages[@]}") ;;
    test) wanted+=("${test_packages[@]}") ;;
    bench) wanted+=("${bench_packages[@]}") ;;
    browser) wanted+=("${browser_packages[@]}") ;;
    *)
        echo "$0: unknown group '$group', expected build, test, bench or browser" >&2
        exit 2
        ;;
    esac
done

if ! command -v dpkg-query >/dev/null; then
    echo "$0: this is no Debian system; install these yourself: ${wanted[*]}" >&2
    exit 1
fi

# dpkg-query fails if it does not know one of the packages; those are missing then, like any that it does not list.
installed=$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null || true)
missing=()
for package in "${wanted[@]}"; do
    if ! grep --quiet --line-regexp --fixed-strings "$package installed" <<<"$installed"; then
        missing+=("$package")
    fi
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
fi
echo "installing: ${missing[*]}"
"${as_root[@]}" apt-get update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
