/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A profile for a trial rollout: nothing fails that worked before, and the kernel's log shows what
 * the real profile would have refused. What is made is a policy like any other, and is checked and
 * evaluated like any other before it is printed.
 */

#include "profile/log_only.h"

#include <errno.h>

static Action log_instead(Action action) {
        switch (action.kind) {
        case ACTION_ALLOW:
        case ACTION_LOG:
        case ACTION_NOTIFY: return action;
        default: return (Action){ .kind = ACTION_LOG };
        }
}

int policy_log_only(Arena *arena, const Policy *policy, Policy *ret_policy) {
        Policy trial = *policy;

        trial.default_action = log_instead(policy->default_action);
        trial.rules = arena_alloc_array(arena, policy->n_rules, sizeof(trial.rules[0]));
        if (!trial.rules)
                return -ENOMEM;
        trial.n_rules = 0;
        for (size_t i = 0; i < policy->n_rules; i++) {
                PolicyRule rule = policy->rules[i];

                rule.action = log_instead(rule.action);
                if (!action_equal(rule.action, trial.default_action))
                        trial.rules[trial.n_rules++] = rule;
        }
        *ret_policy = trial;
        return 0;
}
