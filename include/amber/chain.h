/* SPDX-License-Identifier: MIT */
/*
 * chain.h: chains of policies with budgets. kernel/policy/chain.c, kernel/chain_parse.c: pure, also
 * compiled on the host.
 * Chains and their counters are class core; what changes at run time goes through a store function
 * (in the kernel: the gate).
 */
#ifndef AMBER_CHAIN_H
#define AMBER_CHAIN_H

#include <amber/annotate.h>
#include <amber/policy.h>

#define CHAINS_MAX          16 /* the default and 15 objects' own */
#define CHAIN_ELEMENTS_MAX  VIOLATION_ASKED_MAX
#define CHAIN_STATES_MAX    16 /* elements of all chains whose policy keeps state */
#define CHAIN_TEXT_MAX      240 /* the longest chain: 8 × "log-and-unprotect:4294967295," is 231 */

struct chain_element {
	const struct policy *policy;
	uint32_t budget; /* 0 = no limit */
	uint32_t used;
	uint8_t *state; /* policy->state_bytes of it, in chain_table.states; NULL: none */
};

struct chain {
	char text[CHAIN_TEXT_MAX]; /* as the command line gave it */
	uint32_t count;
	vaddr_t object, object_end; /* the object it is for; both 0 for the default */
	struct chain_element elements[CHAIN_ELEMENTS_MAX];
};

struct chain_table {
	uint32_t count; /* chains[0] is the default and always there */
	struct chain chains[CHAINS_MAX];
	uint8_t states[CHAIN_STATES_MAX][POLICY_STATE_BYTES];
};

extern struct chain_table chain_table; /* mm/gate_records.c; class core, written by the gate after the seal */

/* How chain_ask changes an element; state (policy->state_bytes of it) = NULL: unchanged. */
typedef void (*chain_store_fn)(struct chain_element *element, uint32_t used, const uint8_t *state);

/* Parses "policy[:budget][,…]" (length bytes of text) into *chain. On an error *chain is the one-element
 * chain "panic", and `why` gets a text such as "unknown policy 'FOO' (known: panic, …)"; false. */
bool chain_parse(struct chain *chain, const char *text, size_t length, char *why, size_t why_bytes) __must_check;
void chain_set_panic(struct chain *chain); /* the chain "panic" */
/* How many elements of all chains need room for state. / Gives it to them: at most CHAIN_STATES_MAX. */
unsigned chain_table_states(const struct chain_table *table);
void chain_table_bind(struct chain_table *table);
/* The chain that decides about addr. */
struct chain *chain_for(struct chain_table *table, vaddr_t addr);
/* Do [addr, addr + bytes) all have the same chain? */
bool chain_is_one(struct chain_table *table, vaddr_t addr, uint64_t bytes);
/* Asks left to right; fills violation->verdict, asked, chain; counts budgets by store(). */
void chain_ask(struct chain *chain, struct violation *violation, chain_store_fn store);
const char *verdict_text(enum verdict verdict);

#endif
