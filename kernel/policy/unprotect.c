/* SPDX-License-Identifier: MIT */
/*
 * kernel/policy/unprotect.c: open every page that the instruction writes, for good, and let the write
 * happen. Needs no dry run: without one the instruction is simply retried. Pure; any context.
 */
#include <amber/policy.h>

static struct decision unprotect_decide(const struct violation *violation, void *state)
{
	(void)violation;
	(void)state;
	return policy_decided(VERDICT_UNPROTECT);
}

static const struct policy policy_unprotect = {
	.name = "log-and-unprotect",
	.alias = "unprotect",
	.help = "report the write and make its page writable for good",
	.decide = unprotect_decide,
};
POLICY(policy_unprotect);
