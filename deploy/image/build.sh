#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the image and writes it to an OCI archive. `make image` calls it.
#
#   PLATFORM    amd64 or arm64 (default: this machine's)
#   BASE        the Debian image that the build stage starts from (default: the one of `make base-image`, else
#               debian:trixie-slim, pulled)
#   IMAGE_TOOL  buildah, podman or docker (default: the first that works)
#   NO_CACHE=1  every step anew
#   V=1         the whole output; else it is in $BUILD/image/build-ARCH.log
#   TESTS=1     no image: the unit tests, compiled in the build stage, are run there
#   BUILD, VERSION, REVISION  as in the Makefile
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/image/tool.sh

machine_arch() {
        case $(uname -m) in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) uname -m ;;
        esac
}

# The files of one commit have one time, so that two builds of it are equal.
source_date_epoch() {
        git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md
}

is_dirty() {
        [ -n "$(git status --porcelain 2>/dev/null)" ]
}

choose_base() {
        if [ -n "${BASE:-}" ]; then
                has_image "$BASE" || "$TOOL" pull -q "$BASE" >/dev/null || die "no image $BASE (BASE)"
                return
        fi
        BASE=$LOCAL_BASE
        ! has_image "$BASE" || return 0
        BASE=debian:trixie-slim
        if has_image "$BASE" || "$TOOL" pull -q "$BASE" >/dev/null 2>&1; then
                return
        fi
        die "no base image: $LOCAL_BASE is not there, and $BASE cannot be pulled" \
                "make one with debootstrap from this machine's Debian mirror, then try again: make base-image"
}

build() {
        local arguments=(--platform "linux/$PLATFORM" --build-arg "BASE=$BASE" --build-arg "VERSION=$VERSION"
                --build-arg "REVISION=$REVISION" --build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH")
        [ -z "${NO_CACHE:-}" ] || arguments+=(--no-cache)
        if [ -n "${TESTS:-}" ]; then
                arguments+=(--target build --build-arg "TESTS_AT=$(date +%s%N)")
        else
                arguments+=(--tag "$LOCAL_NAME")
        fi
        case $TOOL in
        buildah | podman)
                # buildah knows BUILDPLATFORM only when it is told.
                "$TOOL" build --layers --pull-never --timestamp "$SOURCE_DATE_EPOCH" \
                        --isolation "${BUILDAH_ISOLATION:-chroot}" \
                        --build-arg "BUILDPLATFORM=linux/$(machine_arch)" "${arguments[@]}" .
                ;;
        docker)
                docker buildx build --output "type=docker,rewrite-timestamp=true" "${arguments[@]}" .
                ;;
        esac
}

# With V=1 all of it; else the steps, the warnings, and on failure the end of the log.
run_logged() {
        if [ -n "${V:-}" ]; then
                "$@" 2>&1 | tee "$LOG"
        else
                "$@" 2>&1 | tee "$LOG" | { grep --line-buffered -E "$SHOWN" || :; }
        fi
}

save() {
        rm -f "$ARCHIVE"
        case $TOOL in
        docker) docker save -o "$ARCHIVE" "$NAME" ;;
        *) "$TOOL" push -q "$LOCAL_NAME" "oci-archive:$ARCHIVE:$NAME" ;;
        esac
}

choose_tool
PLATFORM=${PLATFORM:-$(machine_arch)}
PLATFORM=${PLATFORM#linux/}
case $PLATFORM in
amd64 | arm64) ;;
*) die "no image for PLATFORM=$PLATFORM: amd64 and arm64 are known" ;;
esac
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(source_date_epoch)}
! is_dirty || REVISION=$REVISION-dirty
OUT=${BUILD:-build}/image
mkdir -p "$OUT"
NAME=seccompd:$VERSION
[ "$PLATFORM" = "$(machine_arch)" ] || NAME=$NAME-$PLATFORM
# buildah and podman would take a short name for that of any registry's image they know.
LOCAL_NAME=$NAME
[ "$TOOL" = docker ] || LOCAL_NAME=localhost/$NAME
ARCHIVE=$OUT/seccompd-$VERSION-$PLATFORM.tar
LOG=$OUT/build-$PLATFORM.log
SHOWN='STEP|^#[0-9]+ \[|^warning:|[Ee]rror:'
[ -z "${TESTS:-}" ] || SHOWN='^warning:|[Ee]rror:|passed|failed|FAILED|SKIPPED|[Ss]kipped'

choose_base
run_logged build || die "the build failed; all of its output: $LOG" "$(tail -n 20 "$LOG")"
if [ -z "${TESTS:-}" ]; then
        save
        echo "$NAME: $ARCHIVE, $(du -k --apparent-size "$ARCHIVE" | cut -f 1) KiB compressed"
        grep '^warning:' "$LOG" >&2 || :
fi
