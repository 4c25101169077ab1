#!/usr/bin/env bash
# run: all tests on a fresh Debian 12 machine: installs what is missing, builds, runs everything.
#   tests/run.sh [PYTEST ARGUMENTS...]      for example: tests/run.sh -k oracle
# Its last line is `N passed, N failed, N skipped`; exit status 0 only if nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 3

results=build/results
venv=build/venv
rm -rf "$results"
mkdir -p "$results"

stop() {
    echo "tests/run.sh: $1" >&2
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
}

step() { printf '\n== %s (%s)\n' "$1" "$(date -u +%H:%M:%S)"; }

step "packages"
docker/install.sh docker/packages-build.txt tests/packages.txt || stop "packages could not be installed"

# An environment is complete when it holds the list it was made from.
make_venv() {
    cmp -s tests/requirements.txt "$venv/requirements.txt" && return
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv" || return
    "$venv/bin/pip" install -q -r tests/requirements.txt || return
    cp tests/requirements.txt "$venv/requirements.txt"
}
step "Python environment"
make_venv || stop "the Python environment cannot be made"

for preset in asan release; do
    step "build $preset"
    cmake --preset "$preset" > "$results/configure-$preset.log" 2>&1 ||
        { tail -n 30 "$results/configure-$preset.log" >&2; stop "$preset does not configure"; }
    cmake --build --preset "$preset" || stop "$preset does not build"
done

# A leak is a failure too, except in what librdkafka and OpenSSL keep until the process ends.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1

for preset in asan release; do
    step "ctest $preset"
    ctest --test-dir "build/$preset" --no-tests=error --output-on-failure --timeout 300 -j 2 \
        --output-junit "$PWD/$results/ctest-$preset.xml"
done

# Most tests wait for something: two at a time, the tests of a file one after the other.
step "pytest"
ASSAY_BUILD=${ASSAY_BUILD:-build/asan} "$venv/bin/python" -m pytest -c tests/pytest.ini -q --durations=15 \
    -n 2 --dist loadfile \
    --junitxml="$PWD/$results/pytest.xml" "$@"

printf '\n'
/usr/bin/python3 tests/count.py "$results/ctest-asan.xml" "$results/ctest-release.xml" "$results/pytest.xml"
