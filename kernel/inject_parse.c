/* SPDX-License-Identifier: MIT */
/*
 * kernel/inject_parse.c: TARGET[+OFF]:FORM:VALUE[@CONTEXT][;…]. A target may be "file:name", so an
 * injection is read from its end. The text is untrusted; any error makes the whole value void. Pure; the
 * parser is init only, the two lists of names at the end are not.
 */
#include "inject_parse.h"

#include <amber/string.h>

#define SHOWN_MAX 64 /* of a wrong text in a complaint */
#define SHOW(p)   (int)MIN((p).length, SHOWN_MAX), (p).text

/* A part of the value: not ended by a 0. */
struct part {
	const char *text;
	size_t length;
};

struct form {
	const char *name;
	unsigned bytes;       /* that it writes */
	unsigned value_bytes; /* that VALUE may have */
};

static const struct form forms[] = {
	[INJECT_STORE1] = { "store1", 1, 1 },   [INJECT_STORE2] = { "store2", 2, 2 },
	[INJECT_STORE4] = { "store4", 4, 4 },   [INJECT_STORE8] = { "store8", 8, 8 },
	[INJECT_OR] = { "or", 8, 8 },           [INJECT_SWAP] = { "swap", 8, 8 },
	[INJECT_CMPXCHG] = { "cmpxchg", 8, 8 }, [INJECT_FILL] = { "fill", 64, 8 },
};

static const struct {
	const char *name;
	enum violation_context context;
} contexts[] = {
	{ "thread", CONTEXT_THREAD },
	{ "irq", CONTEXT_IRQ },
	{ "commit", CONTEXT_COMMIT },
};

static bool __init part_is(struct part part, const char *text)
{
	return strlen(text) == part.length && memcmp(text, part.text, part.length) == 0;
}

/* Cuts *part at its last `separator` and returns what stood behind it; false: there is none. */
static bool __init split_last(struct part *part, char separator, struct part *behind)
{
	for (size_t at = part->length; at-- > 0;) {
		if (part->text[at] != separator)
			continue;
		*behind = (struct part){ part->text + at + 1, part->length - at - 1 };
		part->length = at;
		return true;
	}
	return false;
}

static int __init digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16; /* no digit in any base */
}

/* Decimal, or hexadecimal behind 0x; up to 64 bits. */
static bool __init parse_number(struct part part, uint64_t *number)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (part.length >= 2 && part.text[0] == '0' && part.text[1] == 'x') {
		base = 16;
		part = (struct part){ part.text + 2, part.length - 2 };
	}
	if (part.length == 0)
		return false;
	for (size_t i = 0; i < part.length; i++) {
		unsigned digit = (unsigned)digit_value(part.text[i]);
		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	*number = value;
	return true;
}

static bool __init is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool __init parse_target(struct injection *injection, struct part target,
                                const struct cmdline_environment *environment, char *why, size_t why_bytes)
{
	struct part offset_text;
	uint64_t offset = 0, bytes;

	copy_text(injection->target, MIN(sizeof(injection->target), target.length + 1), target.text);
	if (split_last(&target, '+', &offset_text) && !parse_number(offset_text, &offset)) {
		format(why, why_bytes, "offset '%.*s' is no number of up to 64 bits", SHOW(offset_text));
		return false;
	}
	if (target.length == 0) {
		format(why, why_bytes, "a target is missing");
		return false;
	}
	if (!is_digit(target.text[0])) {
		if (!symbol_lookup(environment, target.text, target.length, &injection->addr, &bytes, why, why_bytes))
			return false;
	} else if (!parse_number(target, &injection->addr)) {
		format(why, why_bytes, "address '%.*s' is no number of up to 64 bits", SHOW(target));
		return false;
	}
	if (offset > UINT64_MAX - injection->addr) {
		format(why, why_bytes, "offset '%.*s' leads beyond the last address", SHOW(offset_text));
		return false;
	}
	injection->addr += offset;
	return true;
}

static bool __init parse_form(struct injection *injection, struct part form, char *why, size_t why_bytes)
{
	size_t used;

	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		if (part_is(form, forms[i].name)) {
			injection->form = (enum inject_form)i;
			return true;
		}
	}
	used = (size_t)format(why, why_bytes, "unknown form '%.*s' (known:", SHOW(form));
	for (unsigned i = 0; i < ARRAY_SIZE(forms) && used < why_bytes; i++)
		used += (size_t)format(why + used, why_bytes - used, " %s%s", forms[i].name,
		                       i + 1 < ARRAY_SIZE(forms) ? "" : ")");
	return false;
}

static bool __init parse_value(struct injection *injection, struct part value, char *why, size_t why_bytes)
{
	const struct form *form = &forms[injection->form];

	injection->same = part_is(value, "same");
	if (injection->same) {
		if (injection->form != INJECT_FILL)
			return true;
		format(why, why_bytes, "fill has no value 'same'");
		return false;
	}
	if (!parse_number(value, &injection->value)) {
		format(why, why_bytes, "value '%.*s' is no number of up to 64 bits and not 'same'", SHOW(value));
		return false;
	}
	if (form->value_bytes < 8 && injection->value >> (8 * form->value_bytes)) {
		format(why, why_bytes, "value '%.*s' does not fit into %s", SHOW(value), form->name);
		return false;
	}
	return true;
}

static bool __init parse_context(struct injection *injection, struct part context, char *why, size_t why_bytes)
{
	for (unsigned i = 0; i < ARRAY_SIZE(contexts); i++) {
		if (part_is(context, contexts[i].name)) {
			injection->context = contexts[i].context;
			return true;
		}
	}
	format(why, why_bytes, "unknown context '%.*s' (known: thread irq commit)", SHOW(context));
	return false;
}

static bool __init parse_injection(struct injection *injection, struct part text,
                                   const struct cmdline_environment *environment, char *why, size_t why_bytes)
{
	struct part context, value, form, rest = text;

	memset(injection, 0, sizeof(*injection));
	injection->context = CONTEXT_THREAD;
	if (split_last(&rest, '@', &context) && !parse_context(injection, context, why, why_bytes))
		return false;
	if (!split_last(&rest, ':', &value) || !split_last(&rest, ':', &form)) {
		format(why, why_bytes, "'%.*s' is not TARGET[+OFF]:FORM:VALUE[@CONTEXT]", SHOW(text));
		return false;
	}
	return parse_form(injection, form, why, why_bytes) && parse_value(injection, value, why, why_bytes) &&
	       parse_target(injection, rest, environment, why, why_bytes);
}

bool __init symbol_lookup(const struct cmdline_environment *environment, const char *name, size_t length,
                          vaddr_t *start, uint64_t *bytes, char *why, size_t why_bytes)
{
	char which[160];
	enum error error = environment->find(environment->context, name, length, start, bytes, which, sizeof(which));

	if (error == ERR_AMBIGUOUS)
		format(why, why_bytes, "'%.*s' is ambiguous (%s)", (int)MIN(length, SHOWN_MAX), name, which);
	else if (error)
		format(why, why_bytes, "unknown symbol '%.*s'", (int)MIN(length, SHOWN_MAX), name);
	return error == OK;
}

bool __init inject_parse(struct options *options, const char *text, const struct cmdline_environment *environment,
                         char *why, size_t why_bytes)
{
	unsigned count = 0;

	options->injection_count = 0;
	for (;;) {
		const char *semicolon = strchr(text, ';');
		struct part part = { text, semicolon ? (size_t)(semicolon - text) : strlen(text) };
		if (count == INJECTIONS_MAX) {
			format(why, why_bytes, "more than %d injections", INJECTIONS_MAX);
			return false;
		}
		if (!parse_injection(&options->injections[count], part, environment, why, why_bytes))
			return false;
		count++;
		if (!semicolon)
			break;
		text = semicolon + 1;
	}
	options->injection_count = count;
	return true;
}

unsigned inject_form_bytes(enum inject_form form)
{
	return forms[form].bytes;
}

const char *inject_form_text(enum inject_form form)
{
	return forms[form].name;
}
