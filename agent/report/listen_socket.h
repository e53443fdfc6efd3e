/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_REPORT_LISTEN_SOCKET_H
#define SECCOMPD_REPORT_LISTEN_SOCKET_H

#include <sys/types.h>

#define LISTEN_SOCKET_PATH_SIZE 108 /* of sun_path, unix(7) */

/** A listening socket made from an address on the command line. */
typedef struct ListenSocket {
        int fd;                             /* non-blocking; owned */
        unsigned port;                      /* TCP; 0 for a unix socket */
        char path[LISTEN_SOCKET_PATH_SIZE]; /* unix: the file; "" for TCP */
        dev_t device; /* of that file, so that nobody else's is removed in the end */
        ino_t inode;
} ListenSocket;

/** Opens it; addresses and errors as listener_new() says. `ret_problem` is written on failure only.
 */
int listen_socket_open(const char *address, ListenSocket *ret_socket, char **ret_problem);

/** Closes it and removes its file, if that is still the one we made. */
void listen_socket_done(ListenSocket *listen_socket);

#endif
