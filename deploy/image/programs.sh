#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build stage: both programs for the target, then everything of the final image below /image.
set -eu
. deploy/image/target.sh

# One program, one file: nothing is mapped but what it uses. With the shared libraries an idle daemon held 1 MiB more,
# most of it libc.so. Neither program looks up users or loads modules, and the names of hosts are looked up by parts of
# glibc that a static program has as well.
make -j"$(nproc)" BUILD=/build REVISION="${REVISION:-unknown}" CC="$TRIPLET-gcc" \
        CFLAGS="$(target_flags CFLAGS) $TUNING" \
        LDFLAGS="-static-pie -Wl,--gc-sections -Wl,--strip-all -Wl,-z,pack-relative-relocs -Wl,--dependency-file=\$@.inputs" \
        /build/seccompd /build/seccompctl
deploy/image/rootfs.py /image "$TARGETARCH" "$PREFIX" /build "${SOURCE_DATE_EPOCH:-0}"
