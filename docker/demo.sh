#!/usr/bin/env bash
# demo: on a fresh Debian 12 machine: installs what is missing, builds, runs `assay demo`.
#   docker/demo.sh [ARGUMENTS OF assay demo...]
set -euo pipefail
cd "$(dirname "$0")/.."
docker/install.sh docker/packages-build.txt
cmake --preset release > /dev/null
cmake --build --preset release
exec build/release/assay demo "$@"
