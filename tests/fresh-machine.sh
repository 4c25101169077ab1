#!/usr/bin/env bash
# fresh-machine: do the README's two commands work on a Debian 12 that has nothing? Makes one by
# debootstrap, clones what is committed into it, and runs them there, as root, by chroot.
#   tests/fresh-machine.sh [--demo-only] [FOLDER]     as root; default build/fresh; about ten minutes
# Needs debootstrap. Packages come from where this machine's apt, pip and Maven get them.
set -euo pipefail
cd "$(dirname "$0")/.."
demo_only=false
if [ "${1:-}" = --demo-only ]; then
    demo_only=true
    shift
fi
root=$(realpath -m "${1:-build/fresh}")

say() { printf '\n== %s\n' "$1"; }

unmount() {
    local folder
    for folder in dev/pts dev/shm dev proc; do
        mountpoint -q "$root/$folder" && umount "$root/$folder"
    done
    return 0
}
trap unmount EXIT

make_root() {
    local mirror
    # shellcheck disable=SC2016 # apt's own $(SITE)
    mirror=$(apt-get indextargets --format '$(SITE)' 'Release: bookworm' 'Component: main' | head -n 1)
    unmount
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase bookworm "$root" "$mirror" > "$root.log"
    # How this machine reaches packages: its apt, pip and Maven settings, certificates, names.
    cp -aL /etc/apt/. "$root/etc/apt/"
    cp -aL /usr/share/keyrings/. "$root/usr/share/keyrings/"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    mkdir -p "$root/usr/local/share/ca-certificates"
    cp -aL /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
    # Until the package ca-certificates is installed there.
    install -D -m 0644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    local file
    for file in /etc/pip.conf /root/.config/pip/pip.conf /root/.m2/settings.xml; do
        if [ -f "$file" ]; then install -D "$file" "$root$file"; fi
    done
}

# enter COMMAND...: there, with nothing of this machine's environment but the way to packages.
enter() {
    local ways=()
    mapfile -d '' -t ways < <(env -0 | grep -zE '^(PIP_[A-Z_]*|MAVEN_[A-Z_]*|(https?|no)_proxy|(HTTPS?|NO)_PROXY)=')
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 CI=true "${ways[@]}" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

say "an empty Debian 12"
make_root
mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts"
mkdir -p "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t proc proc "$root/proc"
git clone --quiet --depth 1 "file://$PWD" "$root/srv/assay"

say "the first command: build and demo"
enter /srv/assay/docker/demo.sh

if ! "$demo_only"; then
    say "the second command: all tests"
    enter /srv/assay/tests/run.sh
fi
