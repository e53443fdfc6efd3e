#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build stage: both programs for the target, then everything of the final image below /image.
set -eu
. deploy/image/target.sh

make -j"$(nproc)" BUILD=/build REVISION="${REVISION:-unknown}" CC="$TRIPLET-gcc" CFLAGS="$(target_flags CFLAGS) $TUNING" \
        LDFLAGS="-Wl,--gc-sections -Wl,--strip-all" /build/seccompd /build/seccompctl
deploy/image/rootfs.py /image "$TARGETARCH" "$TRIPLET" "$PREFIX" /build "${SOURCE_DATE_EPOCH:-0}"
