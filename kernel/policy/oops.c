/* SPDX-License-Identifier: MIT */
/*
 * kernel/policy/oops.c: kill the thread that wrote, the rest goes on. Needs a thread that may be killed:
 * an interrupt has none, and a commit section must not be left half done. Pure; any context.
 */
#include <amber/policy.h>

static struct decision oops_decide(const struct violation *violation, void *state)
{
	(void)state;
	if (violation->can_oops)
		return policy_decided(VERDICT_OOPS);
	if (violation->context == CONTEXT_IRQ)
		return policy_hand_over("in an interrupt");
	if (violation->context == CONTEXT_COMMIT)
		return policy_hand_over("in a commit section");
	if (violation->context == CONTEXT_INIT)
		return policy_hand_over("while starting");
	return policy_hand_over("no thread that may be killed");
}

static const struct policy policy_oops = {
	.name = "oops",
	.help = "report the write and kill the thread that did it",
	.decide = oops_decide,
};
POLICY(policy_oops);
