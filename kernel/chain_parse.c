/* SPDX-License-Identifier: MIT */
/*
 * kernel/chain_parse.c: from the text of ro_fault= to a chain of policies. Pure: any context, also on the host.
 */
#include <amber/chain.h>

#include <amber/string.h>

#define NAME_SHOWN_MAX 64 /* of a wrong name in a complaint */

static bool is_name(const char *name, const char *text, size_t length)
{
	return name && strlen(name) == length && memcmp(name, text, length) == 0;
}

static const struct policy *policy_find(const char *name, size_t length)
{
	SET_FOREACH(entry, policy) {
		if (is_name((*entry)->name, name, length) || is_name((*entry)->alias, name, length))
			return *entry;
	}
	return NULL;
}

static void say_unknown(const char *name, size_t length, char *why, size_t why_bytes)
{
	int shown = (int)MIN(length, NAME_SHOWN_MAX);
	size_t used = (size_t)format(why, why_bytes, "unknown policy '%.*s' (known", shown, name);

	SET_FOREACH(entry, policy) {
		if (used < why_bytes)
			used += (size_t)format(why + used, why_bytes - used, "%s%s",
			                       entry == __start_set_policy ? ": " : ", ", (*entry)->name);
	}
	if (used < why_bytes)
		format(why + used, why_bytes - used, ")");
}

/* 1…4294967295 in decimal. */
static bool parse_budget(const char *text, size_t length, uint32_t *budget)
{
	uint64_t value = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*budget = (uint32_t)value;
	return value > 0;
}

static bool parse_element(struct chain_element *element, const char *text, size_t length, char *why, size_t why_bytes)
{
	const char *colon = memchr(text, ':', length);
	size_t name_length = colon ? (size_t)(colon - text) : length;

	if (name_length == 0) {
		format(why, why_bytes, "a policy's name is missing");
		return false;
	}
	element->policy = policy_find(text, name_length);
	if (!element->policy) {
		say_unknown(text, name_length, why, why_bytes);
		return false;
	}
	if (colon && !parse_budget(colon + 1, length - name_length - 1, &element->budget)) {
		format(why, why_bytes, "budget of '%s' is not 1 to 4294967295", element->policy->name);
		return false;
	}
	return true;
}

static bool parse_elements(struct chain *chain, const char *text, size_t length, char *why, size_t why_bytes)
{
	const char *end = text + length;

	for (;;) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma ? comma : end;
		if (chain->count == CHAIN_ELEMENTS_MAX) {
			format(why, why_bytes, "more than %d policies", CHAIN_ELEMENTS_MAX);
			return false;
		}
		if (!parse_element(&chain->elements[chain->count], text, (size_t)(stop - text), why, why_bytes))
			return false;
		chain->count++;
		if (!comma)
			return true;
		text = comma + 1;
	}
}

bool chain_parse(struct chain *chain, const char *text, size_t length, char *why, size_t why_bytes)
{
	memset(chain, 0, sizeof(*chain));
	if (length >= CHAIN_TEXT_MAX) {
		format(why, why_bytes, "longer than %d characters", CHAIN_TEXT_MAX - 1);
		chain_set_panic(chain);
		return false;
	}
	if (!parse_elements(chain, text, length, why, why_bytes)) {
		chain_set_panic(chain);
		return false;
	}
	memcpy(chain->text, text, length);
	return true;
}

void chain_set_panic(struct chain *chain)
{
	static const char name[] = "panic";

	memset(chain, 0, sizeof(*chain));
	copy_text(chain->text, sizeof(chain->text), name);
	chain->elements[0].policy = policy_find(name, sizeof(name) - 1);
	/* Without that policy the chain is empty, and a chain that runs out is a panic as well. */
	chain->count = chain->elements[0].policy ? 1 : 0;
}
