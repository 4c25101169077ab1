#!/usr/bin/env bash
# build-and-try: builds docker/Dockerfile for real and runs what it made, without a Docker engine and
# without pulling an image: the base is made by debootstrap, the build is buildah's. What compose.yaml
# starts is tried by tests/test_compose.py.
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

in_container=("${store[@]}" from --pull-never localhost/assay)

# try COMMAND...: in a fresh container, as its user, with nothing of the host but the network.
try() {
    local container status=0
    container=$(buildah "${in_container[@]}")
    buildah "${store[@]}" run --user 10001:10001 "$container" -- "$@" || status=$?
    buildah "${store[@]}" rm "$container" > /dev/null 2>&1
    return "$status"
}

# try_sealed COMMAND...: as docker/compose.yaml has it: a root file system that is read-only, a volume
# at /data, no capability and no way to gain one. chroot isolation cannot, so it is done by hand, in a
# mount namespace of its own.
try_sealed() {
    local container root status=0
    container=$(buildah "${in_container[@]}")
    root=$(buildah "${store[@]}" mount "$container")
    rm -rf "$work/volume"
    install -d -o 10001 -g 10001 -m 0700 "$work/volume"
    # shellcheck disable=SC2016 # its own arguments
    unshare --mount --pid --fork sh -ec '
        root=$1 volume=$2
        shift 2
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount --bind /dev "$root/dev"
        mount --bind "$volume" "$root/data"
        mount -o remount,bind,ro "$root"
        exec chroot "$root" setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs \
            --inh-caps=-all --bounding-set=-all env --ignore-environment --chdir=/data \
            PATH=/usr/bin:/bin HOME=/data "$@"
    ' sh "$root" "$work/volume" "$@" || status=$?
    buildah "${store[@]}" rm "$container" > /dev/null 2>&1
    return "$status"
}

# only_writable HOW PATTERN: HOW is try or try_sealed; all that the user may write to matches PATTERN.
only_writable() {
    "$1" sh -c 'find / -xdev \( -path /proc -o -path /sys -o -path /dev \) -prune -o -writable ! -type l \
        -print 2> /dev/null || true' | sort > "$work/writable.txt"
    cat "$work/writable.txt"
    grep -qx /data "$work/writable.txt" || stop "the container's user cannot write to its volume"
    ! grep -vxE "$2" "$work/writable.txt" || stop "the container's user may write to more than its volume"
}

stop() {
    echo "docker/build-and-try.sh: $1" >&2
    exit 1
}

say "base"
buildah "${store[@]}" inspect --type image assay-base > /dev/null 2>&1 || make_base
say "image"
buildah "${store[@]}" bud --pull-never --layers=false "${apt[@]}" --build-arg BASE=localhost/assay-base \
    -f docker/Dockerfile -t assay .
say "how it starts"
starts=$(buildah "${store[@]}" inspect --type image --format \
    '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.User}} {{.OCIv1.Config.Volumes}} {{.OCIv1.Config.StopSignal}}' assay)
echo "$starts"
[ "$starts" = "[/usr/bin/assay] 10001:10001 map[/data:{}] SIGTERM" ] || stop "it does not start as the Dockerfile says"
say "as whom"
try id
say "version"
try assay --version
say "what its user may write to: anywhere"
only_writable try '/data|/tmp|/var/tmp|/run/lock'
say "what its user may write to: read-only root"
only_writable try_sealed '/data'
say "a rubric that ships"
try assay rubric check safety
say "demo"
try assay demo
say "demo: read-only root"
try_sealed assay demo --store /data/demo
say "a look at its store, by the image's own sqlite3"
sealed_look='assay demo --store /data/demo > /dev/null && for shard in /data/demo/shard-*.db; do
    sqlite3 -readonly "$shard" "SELECT state, count(*) FROM terminal GROUP BY 1"; done'
try_sealed sh -ec "$sealed_look"
if docker compose version > /dev/null 2>&1; then
    say "compose.yaml, by Docker's own reading"
    docker compose -f docker/compose.yaml --profile look config --quiet
fi
say "all is as it should be"
buildah "${store[@]}" rmi --prune > /dev/null
