#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the base of the build stage with debootstrap: Debian trixie from the mirror that this machine's apt uses, or
# from DEBIAN_MIRROR (a dated snapshot pins every version). `make base-image` calls it.
#
#   DEBIAN_MIRROR    URI of a Debian archive
#   SECURITY_MIRROR  URI of its security archive; empty: none
#   IMAGE_TOOL       buildah, podman or docker (default: the first that works)
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/image/tool.sh

SUITE=trixie

# The URI of an archive by its label, out of apt's own configuration.
mirror_of() {
        command -v apt-get >/dev/null || return 0
        # shellcheck disable=SC2016 # apt's own variables
        apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
                sed -n "s/^$1|//p" | head -n 1
}

sources() {
        echo "deb $MIRROR $SUITE main"
        if [ -z "${DEBIAN_MIRROR:-}" ]; then
                echo "deb $MIRROR $SUITE-updates main"
        fi
        if [ -n "$SECURITY" ]; then
                echo "deb $SECURITY $SUITE-security main"
        fi
}

import() {
        if [ "$TOOL" = buildah ]; then
                local container
                container=$(buildah from scratch)
                buildah add -q "$container" "$1" / >/dev/null
                buildah commit -q --rm "$container" "$LOCAL_BASE" >/dev/null
        else
                "$TOOL" import "$1" "$LOCAL_BASE" >/dev/null
        fi
}

choose_tool
command -v debootstrap >/dev/null || die "no debootstrap here; on Debian: apt-get install debootstrap"
[ "$(id -u)" -eq 0 ] || die "debootstrap needs root: run make base-image as root"
MIRROR=${DEBIAN_MIRROR:-$(mirror_of Debian)}
SECURITY=${SECURITY_MIRROR-$([ -n "${DEBIAN_MIRROR:-}" ] || mirror_of Debian-Security)}
[ -n "$MIRROR" ] ||
        die "apt on this machine knows no Debian mirror (no apt-get update yet?): say DEBIAN_MIRROR=URI"
directory=$(mktemp -d "${TMPDIR:-/var/tmp}/seccompd-base.XXXXXX")
trap 'rm -rf "$directory"' EXIT
log=$directory/log
echo "debootstrap $SUITE from $MIRROR"
debootstrap --variant=minbase "$SUITE" "$directory/root" "$MIRROR" >"$log" 2>&1 || die "$(tail -n 20 "$log")"
sources >"$directory/root/etc/apt/sources.list"
tar -C "$directory/root" -cf "$directory/root.tar" .
import "$directory/root.tar"
echo "$LOCAL_BASE: made with $TOOL"
