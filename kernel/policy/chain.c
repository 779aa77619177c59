/* SPDX-License-Identifier: MIT */
/*
 * kernel/policy/chain.c: whose chain decides, and asking it. Pure: any context, also on the host.
 * Chains are sealed once the kernel runs, so what changes (budgets, state) goes through the caller's
 * store function.
 */
#include <amber/chain.h>

#include <amber/string.h>

struct chain *chain_for(struct chain_table *table, vaddr_t addr)
{
	for (uint32_t i = 1; i < table->count; i++) {
		struct chain *chain = &table->chains[i];
		if (addr >= chain->object && addr < chain->object_end)
			return chain;
	}
	return &table->chains[0];
}

/* Two objects may have been given the same chain, each its own copy. */
static bool say_the_same(const struct chain *a, const struct chain *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (a->elements[i].policy != b->elements[i].policy || a->elements[i].budget != b->elements[i].budget)
			return false;
	}
	return true;
}

bool chain_is_one(struct chain_table *table, vaddr_t addr, uint64_t bytes)
{
	const struct chain *first = chain_for(table, addr);
	vaddr_t end = bytes > UINT64_MAX - addr ? UINT64_MAX : addr + bytes;

	/* The chain can change only where an object starts or ends. */
	for (uint32_t i = 1; i < table->count; i++) {
		const vaddr_t edges[] = { table->chains[i].object, table->chains[i].object_end };
		for (unsigned e = 0; e < ARRAY_SIZE(edges); e++) {
			if (edges[e] > addr && edges[e] < end && !say_the_same(first, chain_for(table, edges[e])))
				return false;
		}
	}
	return true;
}

unsigned chain_table_states(const struct chain_table *table)
{
	unsigned states = 0;

	for (uint32_t i = 0; i < table->count; i++)
		for (uint32_t k = 0; k < table->chains[i].count; k++)
			states += table->chains[i].elements[k].policy->state_bytes != 0;
	return states;
}

void chain_table_bind(struct chain_table *table)
{
	unsigned used = 0;

	for (uint32_t i = 0; i < table->count; i++)
		for (uint32_t k = 0; k < table->chains[i].count; k++) {
			struct chain_element *element = &table->chains[i].elements[k];

			element->state = element->policy->state_bytes && used < CHAIN_STATES_MAX ? table->states[used++] : NULL;
		}
}

static bool has_budget(const struct chain_element *element)
{
	return element->budget == 0 || element->used < element->budget;
}

/* These two are carried out by a dry run. */
static bool can_be_carried_out(enum verdict verdict, const struct violation *violation)
{
	return violation->has_dry_run || (verdict != VERDICT_IGNORE && verdict != VERDICT_ONCE);
}

/* Asks one policy on a copy of its state: the state itself is sealed. */
static struct decision ask_element(struct chain_element *element, const struct violation *violation,
                                   chain_store_fn store)
{
	uint8_t state[POLICY_STATE_BYTES] __aligned(8);
	struct decision decision;
	uint32_t used = element->used, state_bytes = element->state ? element->policy->state_bytes : 0;
	bool has_new_state = false;

	if (!has_budget(element))
		return policy_hand_over("budget used up");
	if (element->policy->needs_dry_run && !violation->has_dry_run)
		return policy_hand_over("no dry run");
	if (state_bytes)
		memcpy(state, element->state, state_bytes);
	decision = element->policy->decide(violation, state_bytes ? state : NULL);
	if (!can_be_carried_out(decision.verdict, violation))
		decision = policy_hand_over("needs a dry run: set .needs_dry_run");
	if (element->budget != 0 && decision.verdict != VERDICT_HAND_OVER)
		used++;
	if (state_bytes)
		has_new_state = memcmp(state, element->state, state_bytes) != 0;
	if (used != element->used || has_new_state)
		store(element, used, has_new_state ? state : NULL);
	return decision;
}

void chain_ask(struct chain *chain, struct violation *violation, chain_store_fn store)
{
	violation->verdict = VERDICT_PANIC;
	violation->chain = chain->text;
	violation->asked_count = 0;
	if (violation->several_chains)
		return;
	for (uint32_t i = 0; i < chain->count; i++) {
		struct decision decision = ask_element(&chain->elements[i], violation, store);
		violation->asked[i].policy = chain->elements[i].policy->name;
		violation->asked[i].why = decision.why;
		violation->asked_count = i + 1;
		if (decision.verdict != VERDICT_HAND_OVER) {
			violation->verdict = decision.verdict;
			return;
		}
	}
}

const char *verdict_text(enum verdict verdict)
{
	static const char *const texts[VERDICT_COUNT] = {
		[VERDICT_HAND_OVER] = "hand over",
		[VERDICT_PANIC] = "panic",
		[VERDICT_OOPS] = "oops",
		[VERDICT_UNPROTECT] = "unprotect",
		[VERDICT_IGNORE] = "ignore",
		[VERDICT_ONCE] = "once",
	};

	return (unsigned)verdict < VERDICT_COUNT ? texts[verdict] : "unknown";
}
