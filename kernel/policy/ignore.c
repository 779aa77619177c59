/* SPDX-License-Identifier: MIT */
/*
 * kernel/policy/ignore.c: drop the store; registers and flags are as if it had happened. Only the dry run
 * can do that. Pure; any context.
 */
#include <amber/policy.h>

static struct decision ignore_decide(const struct violation *violation, void *state)
{
	(void)violation, (void)state;
	return policy_decided(VERDICT_IGNORE);
}

static const struct policy policy_ignore = {
	.name = "ignore",
	.help = "report the write, drop it and go on",
	.needs_dry_run = true,
	.decide = ignore_decide,
};
POLICY(policy_ignore);
