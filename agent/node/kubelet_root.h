/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_KUBELET_ROOT_H
#define SECCOMPD_NODE_KUBELET_ROOT_H

/**
 * Finds the kubelet roots behind two mounts of a pod, from /proc/self/mountinfo (proc(5)): the
 * source volume is mounted from `R/pods/UID/volumes/…`, the destination from `R'/seccomp…`. The
 * paths are absolute; each is located by the nearest mount at or above it. `mountinfo` is the
 * file's text. Roots are relative to their filesystem on the host. Returns 0 with owned strings,
 * NULL for a root that cannot be read there (not a pod) and for both when they lie on different
 * filesystems; -ENOMEM.
 */
int kubelet_root_find(const char *mountinfo, const char *source_path, const char *destination_path,
        char **ret_source_root, char **ret_destination_root);

#endif
