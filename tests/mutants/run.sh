#!/usr/bin/env bash
# mutants: does the crash test notice a worker that is wrong? Each patch beside this file spoils one
# rule of the lane; a copy of the tree is built with it and killed as always; the fleet's oracle must
# say what the patch's first line (`expect: ...`) promises.
#   tests/mutants/run.sh [NAME...]        default: all
# Uses build/venv (tests/run.sh makes it). About two minutes each.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"

names=("$@")
if [ "${#names[@]}" -eq 0 ]; then
    for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi

survived=0
for name in "${names[@]}"; do
    patch=$here/$name.patch
    expect=$(sed -n '1s/^expect: //p' "$patch")
    tree=$root/build/mutants/$name
    rm -rf "$tree"
    mkdir -p "$tree"
    git ls-files -z --cached --others --exclude-standard -- CMakeLists.txt CMakePresets.json schema evaluators rubrics worker tests/CMakeLists.txt |
        xargs -0 cp --parents -t "$tree"
    echo 'return()' | cat - "$tree/tests/CMakeLists.txt" > "$tree/tests/only.txt"
    mv "$tree/tests/only.txt" "$tree/tests/CMakeLists.txt" # the program is enough
    patch --quiet -d "$tree" -p1 < "$patch"
    cmake -S "$tree" -B "$tree/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo > "$tree/configure.log"
    cmake --build "$tree/build" --target assay > "$tree/build.log"
    if build/venv/bin/python tests/e2e/fleet.py --assay "$tree/build/assay" --records 6000 --kills 6 --between 4 \
        > "$tree/fleet.log" 2>&1; then
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
