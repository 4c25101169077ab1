#!/usr/bin/env bash
# tsan: do threads keep out of each other's way? The C tests, the demo, the fleet on real Kafka, the tests
# against moto, reruns and reports by many threads, under ThreadSanitizer. After tests/run.sh (it needs its packages); about 6 minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset tsan
cmake --build --preset tsan
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp exitcode=66"
ctest --test-dir build/tsan --no-tests=error --output-on-failure -j 2
build/tsan/assay demo
ASSAY_BUILD=build/tsan build/venv/bin/python -m pytest -c tests/pytest.ini -q \
    tests/e2e/test_fleet.py tests/test_moto.py tests/test_answerer.py tests/test_console.py
ASSAY_BUILD=build/tsan build/venv/bin/python -m pytest -c tests/pytest.ini -q \
    tests/test_rerun.py tests/test_fleet_report.py -k "threads or again or six"
