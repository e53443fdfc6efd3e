#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An embedded demo node, run by `make run`: a source laid out as the kubelet's atomic writer does it, a
# seccompd that watches it, one good update, one bad update. Goes on until Ctrl-C; with ONCE=1 it ends by
# itself, with exit status 0 when the node did what it should.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${BUILD:-build}
demo=$build/demo
examples=deploy/examples/profiles
source_dir=$demo/source
kubelet=$demo/kubelet
installed=$kubelet/seccomp/profiles
socket=$(realpath -m "$demo/seccompd.sock")
port=${PORT:-10478}
daemon=

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
        bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

finish() {
        if [ -n "$daemon" ]; then
                kill "$daemon" 2>/dev/null || true
                wait "$daemon" 2>/dev/null || true
        fi
}
trap finish EXIT
trap 'exit 0' INT TERM

# Publishes a directory of files as the kubelet does: a time-stamped directory, then `..data` swapped onto it by
# a rename, then the visible links.
publish() {
        local from=$1 stamp old
        stamp=$(mktemp -d "$source_dir/..$(date +%Y_%m_%d_%H_%M_%S).XXXXXXXXX")
        old=$(readlink "$source_dir/..data" 2>/dev/null || true)
        cp "$from"/*.json "$stamp/"
        chmod 0755 "$stamp"
        ln -s "$(basename "$stamp")" "$source_dir/..data_tmp"
        mv -T "$source_dir/..data_tmp" "$source_dir/..data"
        for file in "$stamp"/*.json; do
                ln -sfn "..data/$(basename "$file")" "$source_dir/$(basename "$file")"
        done
        [ -z "$old" ] || rm -rf "${source_dir:?}/$old"
}

# The table of all profiles; that one is not installed is no failure here.
show() { "$build/seccompctl" status --address "unix:$socket" || [ $? -eq 1 ]; }

# Waits until a profile has a state (10 s at most).
await() {
        local profile=$1 state=$2 tries=100
        until show | grep -q "^$profile  *$state "; do
                tries=$((tries - 1))
                if [ $tries -eq 0 ]; then
                        echo "demo: $profile did not become $state" >&2
                        return 1
                fi
                sleep 0.1
        done
}

digest_of() { sha256sum "$installed/$1" | cut -c1-64; }

rm -rf "$demo"
mkdir -p "$source_dir" "$kubelet" "$demo/next"
cp $examples/*.json "$demo/next/"
publish "$demo/next"

say "seccompd on an embedded node"
"$build/seccompd" --source "demo=$source_dir" --kubelet-root "$kubelet" \
        --listen "unix:$socket" --listen "127.0.0.1:$port" --expose-status \
        --log-format json 2>"$demo/seccompd.log" &
daemon=$!
if ! "$build/seccompctl" status --address "unix:$socket" --wait 30s >/dev/null; then
        cat "$demo/seccompd.log" >&2
        exit 1
fi
cat <<EOF
source       $source_dir (as the kubelet mounts a ConfigMap)
destination  $installed
status       http://127.0.0.1:$port/status   also /readyz?verbose, /metrics, /profiles/NAME
log          $demo/seccompd.log
ask it       $build/seccompctl status --address unix:$demo/seccompd.sock

EOF
show

say "An update: deny-by-default.json also allows exit_group"
before=$(digest_of deny-by-default.json)
sed -i 's/"exit", /"exit", "exit_group", /' "$demo/next/deny-by-default.json"
publish "$demo/next"
tries=100
while [ "$(digest_of deny-by-default.json)" = "$before" ]; do
        tries=$((tries - 1))
        if [ $tries -eq 0 ]; then
                echo "demo: the update did not arrive" >&2
                exit 1
        fi
        sleep 0.05
done
grep -n exit_group "$installed/deny-by-default.json"

say "A bad update: web-server.json misspells an action; the last good version stays"
before=$(digest_of web-server.json)
sed -i '0,/SCMP_ACT_ALLOW/s//SCMP_ACT_ALOW/' "$demo/next/web-server.json"
publish "$demo/next"
await web-server.json stale
show
if [ "$(digest_of web-server.json)" != "$before" ]; then
        echo "demo: a bad update changed an installed file" >&2
        exit 1
fi

say "What its author sees"
"$build/seccompctl" check "$demo/next/web-server.json" || [ $? -eq 1 ]

if [ -n "${ONCE:-}" ]; then
        say "Done: the node did what it should."
        exit 0
fi
say "It goes on: edit a file in $demo/next and publish it, or look at the addresses above. Ctrl-C ends it."
tail -f "$demo/seccompd.log" &
wait "$daemon"
