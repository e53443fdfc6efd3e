#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs a command where a whole cluster can run beside it and leave nothing behind:
#
#   inside.sh COMMAND...
#
# It has namespaces of its own for mounts, network, processes, host name, IPC and cgroups. /var is an overlay and
# /run is empty, so that a kubelet keeps to its usual paths and this machine's stay as they are; what the kubelet
# wants to change in /proc/sys are copies. When the command ends, every process started inside ends with it, and the
# scratch directory (E2E_STATE inside) and the cgroups go.
set -euo pipefail

hierarchies() { # we are in: a line "cpu,cpuacct /path" each; cgroup v2 is "cgroup2 /path"
        sed 's/^[0-9]*:\([^:]*\):/\1 /; s/^ /cgroup2 /' /proc/self/cgroup
}

mount_point() { # of a hierarchy; nothing when it is not mounted
        case $1 in
        cgroup2) findmnt -n -o TARGET -t cgroup2 ;;
        *) findmnt -n -o TARGET -t cgroup -O "$1" ;;
        esac | head -n 1
}

# A cgroup in every hierarchy. Of version 2 they are made at the top: nobody may be where controllers are handed on.
make_cgroups() {
        local hierarchy path top controller
        while read -r hierarchy path; do
                top=$(mount_point "$hierarchy")
                [ -n "$top" ] || continue
                if [ "$hierarchy" = cgroup2 ]; then
                        cgroup2=$top/seccompd-e2e.$$
                        for controller in $(<"$top/cgroup.controllers"); do
                                if ! grep -qw "$controller" "$top/cgroup.subtree_control"; then
                                        echo "+$controller" >"$top/cgroup.subtree_control"
                                        handed_on="$handed_on -$controller"
                                fi
                        done
                        mkdir -p "$cgroup2/init"
                else
                        top=$top${path%/}
                        mkdir "$top/seccompd-e2e.$$"
                        if [ -e "$top/cpuset.cpus" ]; then
                                cat "$top/cpuset.cpus" >"$top/seccompd-e2e.$$/cpuset.cpus"
                                cat "$top/cpuset.mems" >"$top/seccompd-e2e.$$/cpuset.mems"
                        fi
                fi
                cgroups+=("$top/seccompd-e2e.$$")
        done < <(hierarchies)
}

leave() {
        local cgroup controller
        for cgroup in "${cgroups[@]}"; do
                find "$cgroup" -depth -type d -exec rmdir {} +
        done
        for controller in $handed_on; do
                echo "$controller" >"${cgroup2%/*}/cgroup.subtree_control"
        done
        rm -rf --one-file-system "$state"
}

private_cgroups() {
        local hierarchy path top tops=()
        while read -r hierarchy path; do
                top=$(mount_point "$hierarchy")
                [ -z "$top" ] || tops+=("$hierarchy $top")
        done < <(hierarchies)
        mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
        for top in "${tops[@]}"; do
                read -r hierarchy path <<<"$top"
                mkdir -p "$path"
                case $hierarchy in
                cgroup2) mount -t cgroup2 cgroup2 "$path" ;;
                name=*) mount -t cgroup -o "none,$hierarchy" cgroup "$path" ;;
                *) mount -t cgroup -o "$hierarchy" cgroup "$path" ;;
                esac
        done
}

private_node() {
        local name
        mount --make-rprivate /
        mount -t tmpfs -o mode=755 tmpfs /run
        mkdir /run/e2e
        mount --bind "$1" /run/e2e
        export E2E_STATE=/run/e2e
        cd "$E2E_STATE"
        mkdir var work sysctl
        mount -t overlay -o lowerdir=/var,upperdir=var,workdir=work overlay /var
        private_cgroups
        for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops \
                kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
                cat "/proc/sys/$name" >"sysctl/${name##*/}"
                mount --bind "sysctl/${name##*/}" "/proc/sys/$name"
        done
        cd "$OLDPWD"
        mount --make-rshared /
        hostname node
        ip link set lo up
        ip link add node type bridge
        ip address add 10.77.0.1/24 dev node
        ip link set node up
        ip route add default via 10.77.0.254 dev node
}

case ${1:-} in
'')
        echo "usage: inside.sh COMMAND..." >&2
        exit 2
        ;;
--cgroup) # in our cgroups, which are the roots of what is seen from here on
        [ -z "$2" ] || echo $$ >"$2/init/cgroup.procs"
        exec unshare -m -n -p -u -i -f --kill-child --mount-proc "$0" --inside "${@:3}"
        ;;
--inside) # process 1, which reaps what others leave
        private_node "$2"
        shift 2
        "$@"
        exit
        ;;
esac

[ "$(id -u)" = 0 ] || { echo "inside.sh: needs root: it makes namespaces and cgroups" >&2; exit 1; }
cgroups=()
cgroup2=
handed_on=
state=$(mktemp -d /var/tmp/seccompd-e2e.XXXXXX)
trap leave EXIT
make_cgroups
(
        for cgroup in "${cgroups[@]}"; do
                echo "$BASHPID" >"$cgroup/cgroup.procs"
        done
        exec setpriv --pdeathsig KILL unshare -C "$0" --cgroup "$cgroup2" "$state" "$@"
)
