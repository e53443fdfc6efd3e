#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# in-root.sh ROOT COMMAND...: runs a command with ROOT for its root directory, in mounts of its own. /dev, /proc, /sys
# and /tmp are the machine's.
set -eu

root=$1
shift
# shellcheck disable=SC2016 # expanded inside
exec unshare --mount --propagation private sh -ec '
        root=$1
        shift
        mount --bind "$root" "$root"
        for directory in dev proc sys tmp; do
                mount --rbind "/$directory" "$root/$directory"
        done
        cd "$root"
        pivot_root . mnt
        umount -l mnt
        exec "$@"' sh "$root" "$@"
