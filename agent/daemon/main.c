/* SPDX-License-Identifier: Apache-2.0 */

/* seccompd: the node agent. Options in, exit status out; all else is in daemon.c. */

#include "daemon/daemon.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
        _cleanup_(options_done) Options options = {};
        int r = options_parse(argc, argv, &options);

        if (r < 0) {
                fprintf(stderr, "seccompd: %s\n", strerror(-r));
                return EXIT_NOT_INSTALLED;
        }
        if (r == OPTIONS_WRONG)
                return EXIT_USAGE;
        if (r == OPTIONS_SHOWN)
                return EXIT_ALL_INSTALLED;
        return daemon_run(&options);
}
