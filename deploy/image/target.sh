# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034 # read by the scripts that source this
#
# What the build stage compiles for: TARGETARCH, in Debian's words. Sourced by the other scripts of the build stage.

TARGETARCH=${TARGETARCH:-$(dpkg --print-architecture)}
case $TARGETARCH in
amd64) TRIPLET=x86_64-linux-gnu CPU=x86_64 ;;
arm64) TRIPLET=aarch64-linux-gnu CPU=aarch64 ;;
*)
        echo "no image for the architecture '$TARGETARCH': amd64 and arm64 are known" >&2
        exit 1
        ;;
esac
PREFIX=/opt/$TARGETARCH # the libraries that are built here
export DEBIAN_FRONTEND=noninteractive
export PKG_CONFIG_LIBDIR="$PREFIX/lib/pkgconfig:/usr/lib/$TRIPLET/pkgconfig:/usr/share/pkgconfig"

# Debian's own flags for the target, hardening included: target_flags CFLAGS|CPPFLAGS.
target_flags() {
        DEB_HOST_ARCH=$TARGETARCH DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --get "$1"
}
# Unused sections can go; debug information is not kept.
TUNING="-g0 -fPIC -ffunction-sections -fdata-sections"
