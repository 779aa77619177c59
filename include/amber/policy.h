/* SPDX-License-Identifier: MIT */
/*
 * policy.h: all that a policy file needs. A policy is one file: a name, a help line, a pure function.
 * decide() runs with interrupts masked, perhaps deep inside the kernel: it must not allocate, lock,
 * block, fault, or call anything but policy_decided and policy_hand_over. It also compiles on the host,
 * where recorded violations are replayed.
 */
#ifndef AMBER_POLICY_H
#define AMBER_POLICY_H

#include <amber/linkerset.h>
#include <amber/types.h>
#include <amber/violation.h>

#define POLICY_STATE_BYTES 256

struct decision {
	enum verdict verdict;
	const char *why; /* with VERDICT_HAND_OVER: the reason, a literal */
};

struct policy {
	const char *name;   /* as on the command line */
	const char *alias;  /* second name or NULL */
	const char *help;   /* one line */
	bool needs_dry_run; /* can't decide, or be carried out, without old and new bytes: not asked where there are none */
	uint32_t state_bytes; /* of state that it keeps, at most POLICY_STATE_BYTES; 0: none */
	/* state: that many bytes of this chain element's own, zero at boot; changes are kept. NULL if there are none. */
	struct decision (*decide)(const struct violation *violation, void *state);
};

SET_DECLARE(policy, const struct policy);
#define POLICY(object) SET_ENTRY(policy, const struct policy, object)

static inline struct decision policy_decided(enum verdict verdict)
{
	return (struct decision){ .verdict = verdict, .why = NULL };
}

static inline struct decision policy_hand_over(const char *why)
{
	return (struct decision){ .verdict = VERDICT_HAND_OVER, .why = why };
}

#endif
