#!/usr/bin/env bash
# mutants: does the crash test notice a worker that is wrong? Each patch beside this file spoils one
# rule of the lane; a copy of the tree is built with it and killed as always; the fleet's oracle must
# say what the patch's first line (`expect: ...`) promises. The same kills of a copy without a patch
# must find nothing wrong.
#   SEED=7 tests/mutants/run.sh [NAME...]        default: all; about two minutes each
# Uses build/venv (tests/run.sh makes it); writes to build/mutants only.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
seed=${SEED:-7}

# copy TREE: what the program is built from, as it stands.
copy() {
    rm -rf "$1"
    mkdir -p "$1"
    git ls-files -z --cached --others --exclude-standard -- CMakeLists.txt CMakePresets.json schema evaluators rubrics worker tests/CMakeLists.txt |
        xargs -0 cp --parents -t "$1"
    echo > "$1/tests/CMakeLists.txt" # the program is enough
}

build() {
    cmake -S "$1" -B "$1/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo > "$1/configure.log" &&
        cmake --build "$1/build" --target assay > "$1/build.log" && return
    tail -n 20 "$1"/*.log
    exit 3
}

# fleet TREE: status 0 only if nothing was lost or counted twice and the run counts.
fleet() {
    mkdir "$1/tmp"
    TMPDIR=$1/tmp build/venv/bin/python tests/e2e/fleet.py --assay "$1/build/assay" --records 6000 --kills 8 --between 3 \
        --seed "$seed" > "$1/fleet.log" 2>&1
}

names=("$@")
if [ "${#names[@]}" -eq 0 ]; then
    for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi

tree=$root/build/mutants/unspoilt
copy "$tree"
build "$tree"
if ! fleet "$tree"; then
    echo "unspoilt: seed $seed finds something wrong without any patch:"
    tail -n 12 "$tree/fleet.log"
    exit 1
fi
echo "unspoilt: nothing wrong: $(sed -n 2,3p "$tree/fleet.log" | paste -s -d ' ')"

survived=0
for name in "${names[@]}"; do
    patch=$here/$name.patch
    expect=$(sed -n '1s/^expect: //p' "$patch")
    tree=$root/build/mutants/$name
    copy "$tree"
    patch --quiet -d "$tree" -p1 < "$patch" || { echo "$patch no longer fits: bring it up to date" >&2; exit 3; }
    build "$tree"
    if fleet "$tree"; then
        echo "SURVIVED $name: nothing was found wrong"
        survived=1
    elif ! grep -q "WRONG: .*$expect" "$tree/fleet.log"; then
        echo "SURVIVED $name: it failed, but not by \"$expect\":"
        tail -n 12 "$tree/fleet.log"
        survived=1
    else
        echo "killed $name: $(grep -m 1 -o "WRONG: .*$expect.*" "$tree/fleet.log" | cut -c 1-160)"
    fi
done
exit "$survived"
