#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Debian packages that the Makefile's targets need.
#
#   packages.sh check SET...     says which are missing and how to get them; exit 1 if any is
#   packages.sh install SET...   installs what is missing, through sudo when not root
#
# Sets are named for what needs them, as listed below: build is for the two programs, test for `make test`.
set -eu

packages_of() {
        case $1 in
        build) echo gcc libc6-dev make pkg-config libseccomp-dev libcjson-dev libmd-dev \
                libsystemd-dev libmicrohttpd-dev libcurl4-openssl-dev ;;
        test) echo libcmocka-dev python3 python3-pytest python3-yaml python3-jsonschema procps runc crun \
                prometheus jq curl golang-github-containers-common pre-commit git bash zsh fish ;;
        lint) echo clang clang-format clang-tidy cppcheck shellcheck mandoc ;;
        coverage) echo gcovr ;;
        fuzz) echo clang libclang-rt-14-dev ;;
        systemd) echo systemd systemd-container debootstrap man-db ;;
        image) echo buildah debootstrap runc qemu-user-static ;;
        chart) echo python3 python3-pytest python3-yaml prometheus runc busybox-static openssl ;;
        e2e) echo containerd runc crun golang-github-containers-common gcc libc6-dev iproute2 procps curl \
                python3 python3-pytest python3-yaml ;;
        oracles) echo runc crun debootstrap ;;
        bench) echo strace valgrind perl e2fsprogs util-linux mount ;;
        cluster) echo containernetworking-plugins openssl ;;
        *)
                echo "packages.sh: unknown set '$1'" >&2
                exit 2
                ;;
        esac
}

is_installed() {
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_of() {
        for set in "$@"; do
                for package in $(packages_of "$set"); do
                        is_installed "$package" || printf '%s ' "$package"
                done
        done
}

if [ $# -lt 2 ]; then
        echo "usage: packages.sh check|install SET..." >&2
        exit 2
fi
mode=$1
shift

if ! command -v dpkg-query >/dev/null; then
        echo "packages.sh: this is not a Debian system: nothing checked or installed for: $*" >&2
        exit 0
fi
missing=$(missing_of "$@")
[ -n "$missing" ] || exit 0

if [ "$mode" = check ]; then
        echo "missing Debian packages: $missing" >&2
        echo "install them with: apt-get install $missing" >&2
        echo "(make run and make test do that themselves)" >&2
        exit 1
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
                echo "missing Debian packages: $missing" >&2
                echo "not root and no sudo here: install them as root and run this again" >&2
                exit 1
        fi
        as_root=sudo
fi
echo "installing what is missing: $missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Services of the packages (prometheus brings one) are not started: a policy answers 101.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
        $as_root chmod 0755 $policy
        made_policy=yes
fi
status=0
# shellcheck disable=SC2086 # the list is meant to be split
$as_root apt-get update >"$log" 2>&1 &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
                -o DPkg::Lock::Timeout=600 \
                $missing >>"$log" 2>&1 || status=$?
[ -z "$made_policy" ] || $as_root rm -f $policy
if [ "$status" -ne 0 ]; then
        tail -n 20 "$log" >&2
        echo "installing failed (apt-get exited with $status)" >&2
        exit 1
fi
