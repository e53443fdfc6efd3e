/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The manifest: what we own below the destination. It is read strictly and as a whole, because what
 * is in it may be overwritten and removed; of a newer version only the parts that every version
 * keeps are read, so that an agent that was rolled back still knows what it owns.
 */

#include "node/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MANIFEST_VERSION 1U
#define MANIFEST_MAGIC   "seccompd-manifest "
#define FILE_FIELDS      10 /* "file" and nine more */

void manifest_done(Manifest *manifest) {
        for (size_t i = 0; i < manifest->n_entries; i++) {
                free(manifest->entries[i].name);
                free(manifest->entries[i].source);
        }
        free(manifest->entries);
        *manifest = (Manifest){};
}

static size_t position(const Manifest *manifest, const char *name) {
        size_t low = 0, high = manifest->n_entries;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(manifest->entries[middle].name, name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

ManifestEntry *manifest_find(const Manifest *manifest, const char *name) {
        size_t at = position(manifest, name);

        if (at < manifest->n_entries && strcmp(manifest->entries[at].name, name) == 0)
                return &manifest->entries[at];
        return NULL;
}

int manifest_add(Manifest *manifest, const char *name, ManifestEntry **ret_entry) {
        size_t at = position(manifest, name);
        _cleanup_free_ char *copy = strdup(name), *source = strdup("");
        ManifestEntry *grown;

        if (!copy || !source)
                return -ENOMEM;
        grown = reallocarray(manifest->entries, manifest->n_entries + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        manifest->entries = grown;
        memmove(grown + at + 1, grown + at, (manifest->n_entries - at) * sizeof(*grown));
        grown[at] = (ManifestEntry){ .name = TAKE_PTR(copy), .source = TAKE_PTR(source) };
        manifest->n_entries++;
        *ret_entry = &grown[at];
        return 0;
}

void manifest_remove(Manifest *manifest, const char *name) {
        ManifestEntry *entry = manifest_find(manifest, name);

        if (!entry)
                return;
        free(entry->name);
        free(entry->source);
        manifest->n_entries--;
        memmove(entry, entry + 1,
                (size_t) (manifest->entries + manifest->n_entries - entry) * sizeof(*entry));
}

int manifest_copy(const Manifest *manifest, Manifest *ret_copy) {
        _cleanup_manifest_ Manifest copy = {
                .generation = manifest->generation,
                .version = manifest->version,
                .entries = calloc(manifest->n_entries + 1, sizeof(*copy.entries)),
        };

        if (!copy.entries)
                return -ENOMEM;
        for (; copy.n_entries < manifest->n_entries; copy.n_entries++) {
                const ManifestEntry *from = &manifest->entries[copy.n_entries];
                char *name = strdup(from->name), *source = strdup(from->source);

                if (!name || !source) {
                        free(name);
                        free(source);
                        return -ENOMEM;
                }
                copy.entries[copy.n_entries] = *from;
                copy.entries[copy.n_entries].name = name;
                copy.entries[copy.n_entries].source = source;
        }
        *ret_copy = copy;
        copy = (Manifest){};
        return 0;
}

static bool is_same_entry(const ManifestEntry *a, const ManifestEntry *b) {
        return strcmp(a->name, b->name) == 0 && strcmp(a->source, b->source) == 0 &&
                digest_equal(&a->digest, &b->digest) && digest_equal(&a->previous, &b->previous) &&
                digest_equal(&a->source_digest, &b->source_digest) && a->state == b->state &&
                a->retiring_seconds == b->retiring_seconds && a->generation == b->generation &&
                a->time_seconds == b->time_seconds;
}

bool manifest_has_same_entries(const Manifest *a, const Manifest *b) {
        if (a->n_entries != b->n_entries)
                return false;
        for (size_t i = 0; i < a->n_entries; i++)
                if (!is_same_entry(&a->entries[i], &b->entries[i]))
                        return false;
        return true;
}

/* --- printing --- */

/* Everything but what file names and labels are made of becomes %XX: one field, one line, no JSON.
 */
static void put_encoded(Buf *buf, const char *text) {
        static const char PLAIN[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/";

        if (*text == '\0')
                buf_putc(buf, '%');
        for (; *text; text++)
                if (strchr(PLAIN, *text))
                        buf_putc(buf, *text);
                else
                        buf_printf(buf, "%%%02X", (unsigned char) *text);
}

static void put_digest(Buf *buf, const Digest *digest) {
        char hex[DIGEST_HEX_SIZE] = "-";

        if (!digest_is_none(digest))
                digest_hex(digest, hex);
        buf_printf(buf, " %s", hex);
}

void manifest_print(Buf *buf, const Manifest *manifest) {
        buf_printf(buf, MANIFEST_MAGIC "%u\ngeneration %" PRIu64 "\n", MANIFEST_VERSION,
                manifest->generation);
        for (size_t i = 0; i < manifest->n_entries; i++) {
                const ManifestEntry *entry = &manifest->entries[i];

                buf_puts(buf, "file");
                put_digest(buf, &entry->digest);
                put_digest(buf, &entry->previous);
                put_digest(buf, &entry->source_digest);
                buf_printf(buf, " %s %" PRIu64 " %" PRIu64 " %" PRId64 " ",
                        profile_state_name(entry->state), entry->retiring_seconds,
                        entry->generation, entry->time_seconds < 0 ? 0 : entry->time_seconds);
                put_encoded(buf, entry->source);
                buf_putc(buf, ' ');
                put_encoded(buf, entry->name);
                buf_putc(buf, '\n');
        }
        buf_printf(buf, "end %zu\n", manifest->n_entries);
}

/* --- reading --- */

static int hex_value(char digit) {
        if (digit >= '0' && digit <= '9')
                return digit - '0';
        return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Decodes in place. */
static int decode(char *text) {
        char *to = text;

        if (strcmp(text, "%") == 0) {
                *text = '\0';
                return 0;
        }
        for (; *text; text++) {
                int high, low;

                if (*text != '%') {
                        *to++ = *text;
                        continue;
                }
                high = hex_value(text[1]);
                low = high < 0 ? -1 : hex_value(text[2]);
                if (low < 0 || (high == 0 && low == 0))
                        return -EBADMSG;
                *to++ = (char) (high * 16 + low);
                text += 2;
        }
        *to = '\0';
        return 0;
}

static int parse_number(const char *text, uint64_t *ret_number) {
        char *end = NULL;

        if (*text < '0' || *text > '9')
                return -EBADMSG;
        errno = 0;
        *ret_number = strtoull(text, &end, 10);
        return errno != 0 || *end != '\0' ? -EBADMSG : 0;
}

static int parse_digest(const char *text, Digest *ret_digest) {
        if (strcmp(text, "-") == 0) {
                *ret_digest = (Digest){};
                return 0;
        }
        if (strlen(text) != DIGEST_HEX_SIZE - 1 || digest_parse_hex(text, ret_digest) < 0)
                return -EBADMSG;
        return 0;
}

/* Relative, no empty, "." or ".." element, nothing of ours: a name that may be written and removed.
 */
static bool is_plain_name(const char *name) {
        for (;;) {
                size_t length = strcspn(name, "/");

                if (length == 0 || name[0] == '.')
                        return false;
                if (name[length] == '\0')
                        return true;
                name += length + 1;
        }
}

static size_t split(char *line, char **fields, size_t n_max) {
        size_t n = 0;

        for (char *save = NULL, *field = strtok_r(line, " ", &save); field;
                field = strtok_r(NULL, " ", &save)) {
                if (n == n_max)
                        return n_max + 1;
                fields[n++] = field;
        }
        return n;
}

/* An entry is of something that was installed. */
static int parse_state(const char *text, ProfileState *ret_state) {
        ProfileState state;

        if (profile_state_parse(text, &state) < 0 || state == PROFILE_INVALID ||
                state == PROFILE_CONFLICT)
                return -EBADMSG;
        *ret_state = state;
        return 0;
}

/* The fields between the digests and the name, which a newer version may have changed. */
static int parse_details(char **fields, ManifestEntry *entry) {
        uint64_t time_seconds = 0;

        if (parse_digest(fields[3], &entry->source_digest) < 0 ||
                parse_state(fields[4], &entry->state) < 0 ||
                parse_number(fields[5], &entry->retiring_seconds) < 0 ||
                parse_number(fields[6], &entry->generation) < 0 ||
                parse_number(fields[7], &time_seconds) < 0 || time_seconds > INT64_MAX ||
                decode(fields[8]) < 0)
                return -EBADMSG;
        entry->time_seconds = (int64_t) time_seconds;
        free(entry->source);
        entry->source = strdup(fields[8]);
        return entry->source ? 0 : -ENOMEM;
}

static int parse_file(Manifest *manifest, char *line) {
        char *fields[32];
        size_t n = split(line, fields, N_ELEMENTS(fields));
        bool is_newer = manifest->version > MANIFEST_VERSION;
        ManifestEntry *entry = NULL;
        int r;

        if (n < 4 || n > N_ELEMENTS(fields) || (!is_newer && n != FILE_FIELDS) ||
                decode(fields[n - 1]) < 0 || !is_plain_name(fields[n - 1]) ||
                manifest_find(manifest, fields[n - 1]))
                return -EBADMSG;
        r = manifest_add(manifest, fields[n - 1], &entry);
        if (r < 0)
                return r;
        if (parse_digest(fields[1], &entry->digest) < 0 || digest_is_none(&entry->digest) ||
                parse_digest(fields[2], &entry->previous) < 0)
                return -EBADMSG;
        return is_newer ? 0 : parse_details(fields, entry);
}

static int parse_version(const char *line, unsigned *ret_version) {
        uint64_t version = 0;

        if (strncmp(line, MANIFEST_MAGIC, strlen(MANIFEST_MAGIC)) != 0 ||
                parse_number(line + strlen(MANIFEST_MAGIC), &version) < 0 || version == 0 ||
                version > 1000000)
                return -EBADMSG;
        *ret_version = (unsigned) version;
        return 0;
}

/* Returns 1 for the last line. */
static int parse_line(Manifest *manifest, unsigned number, char *line) {
        uint64_t n = 0;

        if (number == 1)
                return parse_version(line, &manifest->version);
        if (strncmp(line, "file ", 5) == 0)
                return parse_file(manifest, line);
        if (strncmp(line, "generation ", 11) == 0)
                return parse_number(line + 11, &manifest->generation);
        if (strncmp(line, "end ", 4) == 0)
                return parse_number(line + 4, &n) < 0 || n != manifest->n_entries ? -EBADMSG : 1;
        return manifest->version > MANIFEST_VERSION ? 0 : -EBADMSG;
}

int manifest_parse(
        const char *bytes, size_t size_bytes, Manifest *ret_manifest, unsigned *ret_line) {
        _cleanup_manifest_ Manifest manifest = {};
        _cleanup_free_ char *text = strndup(bytes, size_bytes);
        char *at = text;
        int r = -EBADMSG;

        if (!text)
                return -ENOMEM;
        for (unsigned number = 1;; number++) {
                char *end = strchr(at, '\n');

                if (ret_line)
                        *ret_line = number;
                if (!end)
                        return -EBADMSG; /* cut short: the last line has not been seen */
                *end = '\0';
                r = parse_line(&manifest, number, at);
                if (r < 0)
                        return r;
                at = end + 1;
                if (r > 0)
                        break;
        }
        if ((size_t) (at - text) != size_bytes)
                return -EBADMSG;
        *ret_manifest = manifest;
        manifest = (Manifest){};
        return 0;
}
