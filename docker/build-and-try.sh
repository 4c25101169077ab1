#!/usr/bin/env bash
# build-and-try: builds docker/Dockerfile for real and runs what it made, without a Docker engine and
# without pulling an image: the base is made by debootstrap, the build is buildah's.
#   docker/build-and-try.sh [WORK FOLDER]        as root; default build/docker
# Needs debootstrap and buildah. Packages come from where this machine's apt gets them.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(realpath -m "${1:-build/docker}")
mkdir -p "$work"

export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
store=(--root "$work/storage" --runroot "$work/run")
# The host's sources, keys and settings of apt, so that the build installs from the same place.
apt=(-v /etc/apt:/etc/apt:ro -v /usr/share/keyrings:/usr/share/keyrings:ro)

say() { printf '\n== %s\n' "$1"; }

make_base() {
    local mirror
    # shellcheck disable=SC2016 # apt's own $(SITE)
    mirror=$(apt-get indextargets --format '$(SITE)' 'Release: bookworm' 'Component: main' | head -n 1)
    rm -rf "$work/base"
    debootstrap --variant=minbase bookworm "$work/base" "$mirror" > "$work/debootstrap.log"
    local container
    container=$(buildah "${store[@]}" from scratch)
    buildah "${store[@]}" add --quiet "$container" "$work/base" / > /dev/null
    buildah "${store[@]}" commit --quiet "$container" assay-base > /dev/null
    buildah "${store[@]}" rm "$container" > /dev/null
    rm -rf "$work/base"
}

# try COMMAND...: in a fresh container, as its user, with nothing of the host but the network.
try() {
    local container status=0
    container=$(buildah "${store[@]}" from --pull-never localhost/assay)
    buildah "${store[@]}" run --user 10001:10001 "$container" -- "$@" || status=$?
    buildah "${store[@]}" rm "$container" > /dev/null 2>&1
    return "$status"
}

say "base"
buildah "${store[@]}" inspect --type image assay-base > /dev/null 2>&1 || make_base
say "image"
buildah "${store[@]}" bud --pull-never --layers=false "${apt[@]}" --build-arg BASE=localhost/assay-base \
    -f docker/Dockerfile -t assay .
say "as whom"
try id
say "version"
try assay --version
say "what its user may write to"
try sh -c 'find / -xdev -writable ! -type l \( -path /proc -o -path /sys -o -path /dev \) -prune -o -xdev -writable ! -type l -print 2> /dev/null' |
    sort > "$work/writable.txt"
cat "$work/writable.txt"
if grep -vxE '/data|/tmp|/var/tmp|/run/lock' "$work/writable.txt"; then
    echo "build-and-try: the container's user may write to more than its volume" >&2
    exit 1
fi
say "a rubric that ships"
try assay rubric check safety
say "demo"
try assay demo
buildah "${store[@]}" rmi --prune > /dev/null
