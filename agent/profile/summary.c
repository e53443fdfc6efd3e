/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A profile in short. Calls are counted by their names in libseccomp's tables, which is what a
 * reader can look up; numbers without a name get the default and would only blow it up.
 */

#include "profile/summary.h"

#include "profile/risk.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#define SUMMARY_NAME_SIZE 64U

typedef struct Counter {
        Arena *arena;
        const Policy *policy;
        size_t arch; /* which of the policy's */
        EvalTable *table;
        Summary summary;
        size_t capacity_conditional;
} Counter;

static bool action_is_open(Action action) {
        return action.kind == ACTION_ALLOW || action.kind == ACTION_LOG;
}

/* The count of an action, made at first need: there are no more than rules and the default. */
static SummaryCount *find_count(Summary *summary, Action action) {
        for (size_t i = 0; i < summary->n_counts; i++)
                if (action_equal(summary->counts[i].action, action))
                        return &summary->counts[i];
        summary->counts[summary->n_counts] = (SummaryCount){ .action = action };
        return &summary->counts[summary->n_counts++];
}

static bool is_multiplexer(const Arch *arch, const char *name) {
        return arch->has_multiplexer &&
                (strcmp(name, "socketcall") == 0 || strcmp(name, "ipc") == 0);
}

static int add_conditional(Counter *counter, const char *name, const ExplainWay *way) {
        Summary *summary = &counter->summary;

        summary->n_conditional[counter->arch]++;
        if (is_multiplexer(way->arch, name))
                return 0;
        if (summary->n_all_conditional == counter->capacity_conditional) {
                size_t capacity =
                        counter->capacity_conditional ? 2 * counter->capacity_conditional : 16;
                SummaryConditional *grown =
                        arena_alloc_array(counter->arena, capacity, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                if (summary->n_all_conditional > 0)
                        memcpy(grown, summary->conditional,
                                summary->n_all_conditional * sizeof(*grown));
                summary->conditional = grown;
                counter->capacity_conditional = capacity;
        }
        summary->conditional[summary->n_all_conditional++] =
                (SummaryConditional){ .name = name, .way = *way };
        return 0;
}

static bool way_is_open(const ExplainWay *way) {
        for (size_t i = 0; i < way->n_cases; i++)
                if (action_is_open(way->cases[i].action))
                        return true;
        return false;
}

/* clone is a risk where it makes a user namespace. Returns 1 if so, 0, -ENOMEM. */
static int clone_is_risk(Counter *counter, const ExplainWay *way) {
        const unsigned flags = arch_clone_flags_index(way->arch);
        ExplainWay again = *way;
        CallArgs args = {};
        int r = 0;

        args.values[flags] = CLONE_NEWUSER;
        args.is_known[flags] = true;
        r = explain_way(counter->arena, counter->policy, counter->table, -1, &args, &again);
        return r < 0 ? r : way_is_open(&again);
}

static int add_risk(Counter *counter, const char *name, const ExplainWay *way) {
        static const char *const namespaces =
                "makes namespaces, and in them capabilities over code that root alone used to "
                "reach";
        Summary *summary = &counter->summary;
        const char *gain = risk_of_call(name);
        int r = 0;

        if (counter->arch != 0 || action_is_open(counter->policy->default_action) ||
                !way_is_open(way))
                return 0;
        if (strcmp(name, "clone3") == 0)
                gain = namespaces;
        if (strcmp(name, "clone") == 0) {
                r = clone_is_risk(counter, way);
                gain = r > 0 ? namespaces : NULL;
        }
        if (r < 0 || !gain)
                return r;
        summary->risks[summary->n_risks++] = (SummaryRisk){
                .name = name,
                .gain = gain,
                .is_conditional = way->n_cases > 1,
        };
        return 0;
}

static int count_call(Counter *counter, int nr, const char *name) {
        static const CallArgs nothing_known;
        Summary *summary = &counter->summary;
        ExplainWay way = { .arch = counter->policy->arches[counter->arch], .nr = nr };
        int r = explain_way(counter->arena, counter->policy, counter->table,
                summary->runc_highest[counter->arch], &nothing_known, &way);

        if (r < 0)
                return r;
        summary->n_calls[counter->arch]++;
        if (way.n_cases > 1)
                r = add_conditional(counter, name, &way);
        else
                find_count(summary, way.cases[0].action)->n[counter->arch]++;
        return r < 0 ? r : add_risk(counter, name, &way);
}

static int count_arch(Counter *counter) {
        const Arch *arch = counter->policy->arches[counter->arch];
        int *highest = &counter->summary.runc_highest[counter->arch];
        int r = eval_table_new(counter->arena, counter->policy, arch, &counter->table);

        *highest = -1;
        (void) policy_runc_highest(counter->policy, arch, highest);
        for (int nr = (int) arch->nr_mask; nr <= syscall_highest(arch) && r == 0; nr++) {
                char name[SUMMARY_NAME_SIZE];
                const char *copy = NULL;

                if (syscall_name(arch, nr, sizeof(name), name) < 0)
                        continue;
                copy = arena_strndup(counter->arena, name, strlen(name));
                r = copy ? count_call(counter, nr, copy) : -ENOMEM;
        }
        return r;
}

static bool is_unknown(const Policy *policy, const char *name) {
        int nr = -1;

        return syscall_number(policy->arches[0], name, &nr) == SYSCALL_UNKNOWN;
}

static int find_unknown(Arena *arena, const Policy *policy, Summary *summary) {
        summary->unknown = arena_alloc_array(arena, policy->n_rules, sizeof(summary->unknown[0]));
        if (!summary->unknown)
                return -ENOMEM;
        for (size_t i = 0; i < policy->n_rules; i++) {
                const char *name = policy->rules[i].name;
                bool is_new = is_unknown(policy, name);

                for (size_t j = 0; j < summary->n_unknown && is_new; j++)
                        is_new = strcmp(summary->unknown[j], name) != 0;
                if (is_new)
                        summary->unknown[summary->n_unknown++] = name;
        }
        return 0;
}

int summary_make(Arena *arena, const Policy *policy, Summary *ret_summary) {
        Counter counter = { .arena = arena, .policy = policy };
        Summary *summary = &counter.summary;
        const int n_native =
                syscall_highest(policy->arches[0]) - (int) policy->arches[0]->nr_mask + 1;
        int r = find_unknown(arena, policy, summary);

        if (r < 0)
                return r;
        summary->counts = arena_alloc_array(arena, policy->n_rules + 1, sizeof(summary->counts[0]));
        summary->risks = arena_alloc_array(
                arena, n_native > 0 ? (size_t) n_native : 0, sizeof(summary->risks[0]));
        if (!summary->counts || !summary->risks)
                return -ENOMEM;
        (void) find_count(summary, policy->default_action);
        for (; counter.arch < policy->n_arches && r == 0; counter.arch++)
                r = count_arch(&counter);
        if (r < 0)
                return r;
        *ret_summary = *summary;
        return 0;
}
