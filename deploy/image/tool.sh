# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # read by the scripts that source this
#
# What build.sh and base.sh share: which builder is used, and the name of the base image that is made here.

LOCAL_BASE=localhost/seccompd-base:trixie

die() {
        printf '%s\n' "$@" >&2
        exit 1
}

# Sets TOOL: the first of buildah, podman and docker that works, unless IMAGE_TOOL says which.
choose_tool() {
        for TOOL in ${IMAGE_TOOL:-buildah podman docker}; do
                # A docker command without a daemon to talk to is none.
                if command -v "$TOOL" >/dev/null && "$TOOL" info >/dev/null 2>&1; then
                        return
                fi
        done
        die "no ${IMAGE_TOOL:-buildah, podman or docker} that works here" \
                "install one, on Debian: apt-get install --no-install-recommends buildah"
}

has_image() {
        "$TOOL" inspect --type image "$1" >/dev/null 2>&1
}
