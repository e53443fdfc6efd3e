/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_SNAPSHOT_FILE_H
#define SECCOMPD_NODE_SNAPSHOT_FILE_H

#include "base/buf.h"
#include "node/source.h"

#include <stdbool.h>
#include <sys/types.h>

/* Of snapshot.c alone: it says which names there are, this reads what stands at one of them. */

/**
 * Reads the file called file->name below `dir_fd`: fills in its digest and size, or its problem.
 * `type` is what stood there when it was listed (S_IFMT bits). `bytes` is scratch, with memory of
 * its own. Returns 0; -EAGAIN when it is gone; -ENOMEM or another -errno of the machine.
 */
int snapshot_file_read(int dir_fd, mode_t type, Buf *bytes, SourceFile *file);

/** Whether an error says nothing about the file: the machine is short of memory or descriptors. */
bool snapshot_file_is_innocent(int error);

#endif
