/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Actions with their errnos. The specification's `errnoRet` and Docker's `errno` by name (which
 * containers/common also takes as a decimal) come together here. Runtimes differ in what they do
 * with an errno where none belongs, so the policy never has one there; where one belongs and none
 * is written, it is EPERM, which is what runc and crun both take.
 */

#include "profile/resolve_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* MAX_ERRNO of the kernel: larger ones cannot be told from addresses; libseccomp wants less. */
#define ERRNO_END 4095U

/* Around the errno of "SCMP_ACT_ERRNO(38)". */
#define DATUM_OPENS          "(:= "
#define DATUM_CLOSES         ") "
#define DATUM_TEXT_BYTES_MAX 64U

/* Docker writes an empty name for none. */
static bool has_errno_name(const ActionText *text) {
        return text->errno_name->string && text->errno_name->string[0] != '\0';
}

/* "13", as containers/common accepts beside names. Returns 0 or -EINVAL. */
static int parse_decimal(const char *string, uint64_t *ret_number) {
        char *end = NULL;
        unsigned long number;

        if (string[0] < '0' || string[0] > '9')
                return -EINVAL;
        errno = 0;
        number = strtoul(string, &end, 10);
        if (*end != '\0' || errno != 0)
                return -EINVAL;
        *ret_number = number;
        return 0;
}

/* The number behind an errno's name: SP713. Returns false when there is none. */
static bool resolve_errno_name(Resolver *resolver, const ActionText *text, uint64_t *ret_number) {
        const SurfaceString *name = text->errno_name;
        uint64_t number = 0;
        uint16_t known = 0;

        if (errno_name_parse(name->string, &known) == 0)
                number = known;
        else if (parse_decimal(name->string, &number) < 0) {
                document_diag_as(resolver->document, resolver->diags, SP713, SEVERITY_ERROR,
                        name->node, false,
                        resolve_suggestion(resolver, errno_suggest, name->string),
                        "`%s` is no errno of Linux: Docker refuses the profile, containerd takes "
                        "EPERM",
                        name->string);
                return false;
        }
        if (text->errno_ret->is_set && text->errno_ret->value != number)
                document_diag_as(resolver->document, resolver->diags, SP713, SEVERITY_ERROR,
                        name->node, false, "keep one of them",
                        "`%s` is %llu, but %s beside it is %llu: Docker takes one, containerd the "
                        "other",
                        name->string, (unsigned long long) number, text->errno_key,
                        (unsigned long long) text->errno_ret->value);
        else if (!resolver->has_errno_name) {
                document_diag(resolver->document, resolver->diags, SP713, name->node, false, NULL,
                        "an errno by name is Docker's format: it is written as %s %llu",
                        text->errno_key, (unsigned long long) number);
                resolver->has_errno_name = true;
        }
        *ret_number = number;
        return true;
}

/*
 * An errno where the action takes none: crun refuses it, runc ignores it. Beside a denial it may
 * well be what is meant; beside a permission another action would be the opposite.
 */
static void refuse_errno(const Resolver *resolver, const ActionText *text, ActionKind kind) {
        uint32_t node = text->errno_ret->is_set ? text->errno_ret->node : text->errno_name->node;
        const char *hint = "leave it out";

        if (!action_permits(kind))
                hint = arena_printf(resolver->document->arena,
                        "leave it out or, to answer with it, write \"%s\": \"%s\"",
                        text->action_key, action_kind_name(ACTION_ERRNO));
        document_diag(resolver->document, resolver->diags, SP306, node, true, hint,
                "%s takes no errno: it is left out (crun refuses to start the container)",
                text->action->string);
}

static uint16_t resolve_errno(Resolver *resolver, const ActionText *text, ActionKind kind) {
        uint32_t node = text->errno_ret->node;
        uint64_t number = EPERM;

        if (text->errno_ret->is_set)
                number = text->errno_ret->value;
        if (has_errno_name(text)) {
                uint64_t by_name = 0;

                if (resolve_errno_name(resolver, text, &by_name) && !text->errno_ret->is_set) {
                        number = by_name;
                        node = text->errno_name->node;
                }
        }
        if (number >= ERRNO_END) {
                document_diag(resolver->document, resolver->diags, SP307, node, false,
                        "errnos go up to 4094; EPERM is 1, ENOSYS 38",
                        "errno %llu is out of range: runtimes refuse it, or cut it to 16 bits and "
                        "take another",
                        (unsigned long long) number);
                return EPERM;
        }
        if (number == 0 && kind == ACTION_ERRNO)
                document_diag(resolver->document, resolver->diags, SP308, node, false,
                        "EPERM is 1, ENOSYS 38",
                        "errno 0: the call is not executed and yet reports success");
        return (uint16_t) number;
}

/*
 * Of "SCMP_ACT_ERRNO(38)", as findings and libseccomp write an action with its errno: the keys that
 * say it. From the arena; NULL for what is nothing like it.
 */
static const char *datum_hint(const Resolver *resolver, const ActionText *text) {
        Arena *arena = resolver->document->arena;
        const char *written = text->action->string, *name = NULL, *datum = NULL;
        const size_t length = strcspn(written, DATUM_OPENS);
        const char *rest = written + length + strspn(written + length, DATUM_OPENS);
        uint64_t number = 0;
        uint16_t known = 0;
        ActionKind kind;

        if (strlen(written) > DATUM_TEXT_BYTES_MAX)
                return NULL;
        name = arena_printf(arena, "%.*s", (int) length, written);
        datum = arena_printf(arena, "%.*s", (int) strcspn(rest, DATUM_CLOSES), rest);
        if (!name || !datum || action_kind_parse(name, &kind) < 0 || !action_takes_errno(kind))
                return NULL;
        if (errno_name_parse(datum, &known) == 0)
                number = known;
        else if (parse_decimal(datum, &number) < 0)
                return NULL;
        return arena_printf(arena, "write \"%s\": \"%s\", \"%s\": %llu", text->action_key, name,
                text->errno_key, (unsigned long long) number);
}

bool resolve_action(Resolver *resolver, const ActionText *text, Action *ret_action) {
        const char *name = text->action->string;
        ActionKind kind;

        if (action_kind_parse(name, &kind) < 0) {
                const char *hint = datum_hint(resolver, text);

                if (!hint)
                        hint = resolve_suggestion(resolver, action_suggest, name);
                document_diag(resolver->document, resolver->diags, SP302, text->action->node, false,
                        hint ? hint : ACTIONS_HINT,
                        "unknown action `%s`: runtimes refuse to start the container", name);
                return false;
        }
        *ret_action = (Action){ .kind = kind };
        if (action_takes_errno(kind))
                ret_action->data = resolve_errno(resolver, text, kind);
        else if (text->errno_ret->is_set || has_errno_name(text))
                refuse_errno(resolver, text, kind);
        return true;
}
