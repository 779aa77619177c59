/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/policy_check.h: is a policy what the command line can name and a chain can ask? For host programs; the kernel's
 * policies are checked when it is linked (tools/check_elf.py:check_policies, the same lines).
 */
#ifndef POLICY_CHECK_H
#define POLICY_CHECK_H

#include <amber/policy.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static inline bool policy_word_is_good(const char *word)
{
	size_t length = 0;

	while (isalnum((unsigned char)word[length]) || word[length] == '-' || word[length] == '_')
		length++;
	return length && !word[length];
}

static inline bool policy_is_called(const struct policy *policy, const char *word)
{
	return (policy->name && strcmp(policy->name, word) == 0) || (policy->alias && strcmp(policy->alias, word) == 0);
}

/* Is one of its names the name of another policy? */
static inline const char *policy_doubled_word(const struct policy *policy)
{
	SET_FOREACH(other, policy) {
		if (*other != policy && policy_is_called(*other, policy->name))
			return policy->name;
		if (*other != policy && policy->alias && policy_is_called(*other, policy->alias))
			return policy->alias;
	}
	return NULL;
}

/* False: `why` says what is wrong with it. */
static inline bool policy_is_good(const struct policy *policy, char *why, size_t why_bytes)
{
	const char *name = policy->name ? policy->name : "", *wrong = NULL;

	if (!policy_word_is_good(name))
		wrong = name;
	else if (policy->alias && !policy_word_is_good(policy->alias))
		wrong = policy->alias;
	if (wrong)
		snprintf(why, why_bytes, "policy '%s': a name has letters, digits, '-' and '_', not '%s'", name, wrong);
	else if (policy->state_bytes > POLICY_STATE_BYTES)
		snprintf(why, why_bytes, "policy '%s': state of %u bytes, at most %u", name, policy->state_bytes, POLICY_STATE_BYTES);
	else if (!policy->help || !policy->help[0] || !policy->decide)
		snprintf(why, why_bytes, "policy '%s': no %s", name, policy->help && policy->help[0] ? ".decide" : ".help");
	else if ((wrong = policy_doubled_word(policy)))
		snprintf(why, why_bytes, "policy '%s': another policy is called '%s'", name, wrong);
	else
		return true;
	return false;
}

#endif
