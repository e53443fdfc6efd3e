#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# systemd-root.sh SUITE: a small Debian with systemd, made once and kept outside the tree; prints its
# directory. It is never changed: tests lay their own files over it.
set -eu

suite=$1
# the service manager, what the two programs link with, kill(1) for ExecReload
packages=systemd,procps,libcjson1,libmd0,libseccomp2
case $suite in
bookworm) packages=$packages,libcurl4,libmicrohttpd12 ;;
*) packages=$packages,libcurl4t64,libmicrohttpd12t64 ;;
esac

key=$(echo "$suite $packages" | sha256sum | cut -c 1-12)
cache=${SECCOMPD_CACHE:-$HOME/.cache/seccompd}/systemd
root=$cache/$suite-$key
if [ ! -d "$root" ]; then
        mkdir -p "$cache"
        exec 9>"$cache/lock"
        flock 9
        rm -rf "$cache"/making.* # of one that was killed
fi
if [ ! -d "$root" ]; then
        echo "making a $suite system in $root, once" >&2
        made=$(mktemp -d "$cache/making.XXXXXX")
        trap 'rm -rf "$made"' EXIT
        if ! debootstrap --variant=minbase --include="$packages" "$suite" "$made/root" >"$made/log" 2>&1; then
                tail -n 20 "$made/log" >&2
                exit 1
        fi
        rm -rf "$made/root/var/cache/apt/archives/"*.deb "$made/root/var/lib/apt/lists/"*
        mv "$made/root" "$root"
fi
echo "$root"
