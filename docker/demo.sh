#!/usr/bin/env bash
# demo: on a fresh Debian 12 machine: installs what is missing, builds, runs `assay demo`.
#   docker/demo.sh [ARGUMENTS OF assay demo...]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 3

step() { printf '\n== %s\n' "$1"; }

stop() {
    echo "docker/demo.sh: $1" >&2
    exit 3
}

step "packages"
docker/install.sh docker/packages-build.txt docker/packages-run.txt || stop "packages could not be installed"
step "build"
said=$(cmake --preset release 2>&1) || {
    echo "$said" >&2
    stop "it does not configure"
}
cmake --build --preset release || stop "it does not build"
step "demo"
exec build/release/assay demo "$@"
