/* SPDX-License-Identifier: MIT */
/*
 * kernel/policy/once.c: let this one store through; the memory stays sealed. The gate copies what the dry
 * run found, so it needs one. Pure; any context.
 */
#include <amber/policy.h>

static struct decision once_decide(const struct violation *violation, void *state)
{
	(void)violation, (void)state;
	return policy_decided(VERDICT_ONCE);
}

static const struct policy policy_once = {
	.name = "once",
	.help = "report the write, let it through and stay sealed",
	.needs_dry_run = true,
	.decide = once_decide,
};
POLICY(policy_once);
