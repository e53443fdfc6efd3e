#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the Go tools that are pinned in go.mod beside this file, and prints the directory that holds them.
#
#   go-tools.sh NAME...   helm, kubectl, kubelet, …: the last word of a `tool` line; etcd
#   go-tools.sh --list    all names
#   go-tools.sh --missing NAME...   those that are not built yet, on one line; builds nothing
#
# They are kept outside the tree, under SECCOMPD_CACHE (default ~/.cache/seccompd), by the hash of go.mod
# and go.sum: a tool is built once. Needs Go as go.mod says, and the Go module proxy the first time.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${SECCOMPD_CACHE:-$HOME/.cache/seccompd}
bin=$cache/tools/$(cat "$here/go.mod" "$here/go.sum" | sha256sum | cut -c1-16)

name_of() {
        case $1 in
        go.etcd.io/etcd/*) echo etcd ;;
        */v[0-9]) basename "$(dirname "$1")" ;;
        *) basename "$1" ;;
        esac
}

packages() {
        awk '/^tool \(/ { inside = 1; next } /^\)/ { inside = 0 } inside { print $1 } /^tool [^(]/ { print $2 }' \
                "$here/go.mod"
}

package_of() {
        for package in $(packages); do
                [ "$(name_of "$package")" != "$1" ] || echo "$package"
        done
}

usage() {
        echo "usage: go-tools.sh [--missing] NAME... | --list" >&2
        exit 2
}

[ $# -gt 0 ] || usage
if [ "$1" = --list ]; then
        for package in $(packages); do name_of "$package"; done
        exit 0
fi
only_missing=
if [ "$1" = --missing ]; then
        only_missing=yes
        shift
        [ $# -gt 0 ] || usage
fi

missing=
for name in "$@"; do
        if [ -z "$(package_of "$name")" ]; then
                echo "go-tools.sh: no tool '$name'; there are: $("$0" --list | tr '\n' ' ')" >&2
                exit 2
        fi
        [ -x "$bin/$name" ] || missing="$missing $name"
done
if [ -n "$only_missing" ]; then
        echo "${missing# }"
        exit 0
fi

if [ -n "$missing" ]; then
        wanted=$(awk '$1 == "go" { print $2 }' "$here/go.mod")
        if ! command -v go >/dev/null; then
                echo "go-tools.sh: building$missing needs Go $wanted or newer, and there is no go here" >&2
                exit 1
        fi
        mkdir -p "$bin"
        for name in $missing; do
                package=$(package_of "$name")
                version=$(cd "$here" && go list -f '{{with .Module}}{{.Version}}{{end}}' "$package")
                flags="-s -w"
                case $package in
                k8s.io/kubernetes/*)
                        # what Kubernetes' own build stamps: components compare it with their emulated version
                        v=${version#v}
                        flags="$flags -X k8s.io/component-base/version.gitVersion=$version"
                        flags="$flags -X k8s.io/component-base/version.gitMajor=${v%%.*}"
                        v=${v#*.}
                        flags="$flags -X k8s.io/component-base/version.gitMinor=${v%%.*}"
                        ;;
                helm.sh/helm/*) flags="$flags -X helm.sh/helm/v3/internal/version.version=$version" ;;
                sigs.k8s.io/cri-tools/*) flags="$flags -X sigs.k8s.io/cri-tools/pkg/version.Version=$version" ;;
                esac
                echo "building $name $version (once; kept in $bin)" >&2
                # to a name of its own first: a build that is interrupted leaves no half tool
                (cd "$here" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "$flags" \
                        -o "$bin/.$name.new" "$package") >&2
                mv "$bin/.$name.new" "$bin/$name"
        done
fi
echo "$bin"
