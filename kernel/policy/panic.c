/* SPDX-License-Identifier: MIT */
/*
 * kernel/policy/panic.c: the default: tell the whole story and stop the machine.
 * Pure; any context.
 */
#include <amber/policy.h>

static struct decision panic_decide(const struct violation *violation, void *state)
{
	(void)violation;
	(void)state;
	return policy_decided(VERDICT_PANIC);
}

static const struct policy policy_panic = {
	.name = "panic",
	.help = "report the write and stop the machine",
	.decide = panic_decide,
};
POLICY(policy_panic);
