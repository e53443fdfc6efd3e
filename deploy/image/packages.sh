#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build stage, first: source packages switched on in the base's apt configuration, compilers and libraries installed.
# Each library for the target architecture, each tool for this machine's.
set -eu
. deploy/image/target.sh

sed -i 's/^Types: deb$/Types: deb deb-src/' /etc/apt/sources.list.d/*.sources 2>/dev/null || :
if [ -s /etc/apt/sources.list ] && ! grep -q '^deb-src' /etc/apt/sources.list; then
        sed -i 's/^deb \(.*\)/deb \1\ndeb-src \1/' /etc/apt/sources.list
fi
dpkg --add-architecture "$TARGETARCH"
apt-get update -q

tools="gcc dpkg-dev make pkgconf meson ninja-build gperf python3-jinja2"
tools="$tools gcc-$(echo "$TRIPLET" | tr _ -)"
libraries="libc6-dev libseccomp-dev libmd-dev libmbedtls-dev"
# Looked for when libsystemd is configured, though nothing of it is linked.
libraries="$libraries libcap-dev libmount-dev"
# shellcheck disable=SC2086,SC2046 # lists
apt-get install -q -y --no-install-recommends $tools $(printf "%s:$TARGETARCH " $libraries)
