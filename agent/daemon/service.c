/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the service manager hears by sd_notify(3): READY=1 once the first pass is over and whenever
 * a reload is, and in STATUS= how the node stands, or what /readyz fails by. Without a manager
 * nobody hears it, and that is no error.
 */

#include "daemon/daemon_internal.h"

#include "base/duration.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <time.h>

/* A reason may hold a name from a source: a line break in it would be a line of the protocol. */
static void put_line(Buf *text, const char *reason) {
        for (; *reason; reason++)
                buf_putc(text, (unsigned char) *reason < ' ' ? ' ' : *reason);
}

static void put_counts(Buf *text, const NodeStatus *status) {
        buf_printf(text, "%zu profile%s", status->n_profiles, status->n_profiles == 1 ? "" : "s");
        for (int state = 0; state < N_PROFILE_STATES; state++) {
                size_t n = node_status_count(status, NULL, (ProfileState) state);

                if (n > 0)
                        buf_printf(text, ", %zu %s", n, profile_state_name((ProfileState) state));
        }
}

static const HealthCheck *first_failure(const Health *health) {
        for (size_t i = 0; i < health->n_checks; i++)
                if (!health->checks[i].is_ok && !health->checks[i].is_optional)
                        return &health->checks[i];
        return NULL;
}

void service_tell(const Daemon *daemon) {
        const NodeStatus *status = &daemon->status;
        _cleanup_buf_ Buf text = {};
        const HealthCheck *failure;
        Health health = {};

        daemon->view.ready(&health, daemon->view.userdata);
        failure = first_failure(&health);
        if (status->is_synced && !daemon->is_reload_wanted)
                buf_puts(&text, "READY=1\n");
        buf_puts(&text, "STATUS=");
        if (status->is_synced)
                put_counts(&text, status);
        if (failure) {
                buf_printf(
                        &text, "%snot ready: %s: ", status->is_synced ? "; " : "", failure->name);
                put_line(&text, failure->reason ? failure->reason : "unknown");
        }
        if (buf_error(&text) == 0)
                (void) sd_notify(0, text.data);
}

void service_tell_reloading(Daemon *daemon) {
        struct timespec now = {};

        daemon->is_reload_wanted = true;
        /* not the loop's time: that may be from before the signal, and systemd would not count it
         */
        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                (uint64_t) (now.tv_sec * USEC_PER_SEC + (uint64_t) now.tv_nsec / 1000));
}

void service_tell_stopping(void) {
        (void) sd_notify(0, "STOPPING=1");
}
