#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build stage, on request: the unit tests, compiled for the target from the same objects and libraries as the programs
# (only cmocka, libseccomp and glibc are shared here), and run by an emulator when the target is another architecture.
set -eu
. deploy/image/target.sh

apt-get install -q -y --no-install-recommends "libcmocka-dev:$TARGETARCH" qemu-user
make -j"$(nproc)" BUILD=/build REVISION="${REVISION:-unknown}" CC="$TRIPLET-gcc" \
        CFLAGS="$(target_flags CFLAGS) $TUNING" LDFLAGS="-Wl,--gc-sections" unit-tests
[ "$TARGETARCH" = "$(dpkg --print-architecture)" ] || RUNNER=qemu-$CPU
export RUNNER="${RUNNER:-}"
tests/tools/run-unit.sh /build/tests/test_*
