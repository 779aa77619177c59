/* SPDX-License-Identifier: MIT */
/*
 * kernel/policy/same.c: let a store pass that writes the bytes which are there already. Real kernels
 * stopped on such stores although nothing would have changed. Pure; any context.
 */
#include <amber/policy.h>

static struct decision same_decide(const struct violation *violation, void *state)
{
	(void)state;
	if (!violation->redundant)
		return policy_hand_over("the store changes data");
	return policy_decided(VERDICT_ONCE);
}

static const struct policy policy_same = {
	.name = "same",
	.help = "let a write pass that changes nothing, else ask the next policy",
	.needs_dry_run = true,
	.decide = same_decide,
};
POLICY(policy_same);
