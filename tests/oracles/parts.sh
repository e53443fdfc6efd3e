#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Parts that are not Debian 12's, made once and kept outside the tree under SECCOMPD_CACHE (default ~/.cache/seccompd);
# prints the directory.
#
#   parts.sh go       runc of a later line and decode, from decoders/go.mod; needs Go and the Go module proxy
#   parts.sh trixie   a small Debian 13 with its runc, crun and libseccomp; needs root and the Debian mirror
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${SECCOMPD_CACHE:-$HOME/.cache/seccompd}/oracles
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9

case ${1:-} in
go)
        made=$cache/go-$(cat "$here/decoders/go.mod" "$here/decoders/go.sum" "$here/decoders/decode/main.go" |
                sha256sum | cut -c 1-12)
        if [ ! -d "$made" ]; then
                rm -rf "$cache/go.new"
                echo "building runc and decode in $made, once" >&2
                (cd "$here/decoders" && CGO_ENABLED=1 go build -trimpath -buildvcs=false -tags seccomp \
                        -o "$cache/go.new/" github.com/opencontainers/runc ./decode) >&2
                mv "$cache/go.new" "$made"
        fi
        ;;
trixie)
        made=$cache/trixie
        if [ ! -d "$made" ]; then
                rm -rf "$cache/trixie.new"
                echo "making a trixie system in $made, once" >&2
                debootstrap --variant=minbase --include=runc,crun trixie "$cache/trixie.new" >"$cache/trixie.log" 2>&1 || {
                        tail -n 20 "$cache/trixie.log" >&2
                        exit 1
                }
                rm -rf "$cache/trixie.new/var/cache/apt/archives/"*.deb "$cache/trixie.new/var/lib/apt/lists/"*
                mv "$cache/trixie.new" "$made"
        fi
        ;;
*)
        echo "usage: parts.sh go|trixie" >&2
        exit 2
        ;;
esac
echo "$made"
