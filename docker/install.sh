#!/usr/bin/env bash
# install: installs the Debian packages that the given lists name and that are missing.
#   docker/install.sh docker/packages-build.txt [LIST...]
set -euo pipefail

missing=()
while read -r package; do
    state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing+=("$package")
done < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@" | sort -u)

if [ "${#missing[@]}" -eq 0 ]; then
    exit 0
fi
echo "installing: ${missing[*]}"
stop() {
    echo "docker/install.sh: $1; install the packages above by hand and try again" >&2
    exit 3
}
command -v apt-get > /dev/null || stop "no apt-get: this is not Debian"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || stop "neither root nor sudo"
    as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" ||
    stop "apt-get could not install them"
