/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/inject_fuzz.c: random values of inject=, compared with a second reading by the C library's functions. Input:
 * the room for the reason in 2 bytes, then the text (characters 0x20 to 0x7e, as the command line lets through).
 *
 * sources: kernel/inject_parse.c kernel/format.c
 */
#include "cmdline_fixture.h"
#include "fuzz.h"

#include "inject_parse.h"
#include <ctype.h>
#include <errno.h>

static bool read_number(const char *text, size_t length, uint64_t *number)
{
	char copy[64], *end;
	bool is_hex = length > 2 && strncmp(text, "0x", 2) == 0;

	/* Zeros in front are legal, however many. */
	for (text += is_hex ? 2 : 0, length -= is_hex ? 2 : 0; length > 1 && *text == '0'; length--)
		text++;
	if (length == 0 || length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	for (size_t i = 0; i < length; i++)
		if (is_hex ? !isxdigit((unsigned char)copy[i]) : !isdigit((unsigned char)copy[i]))
			return false;
	errno = 0;
	*number = strtoull(copy, &end, is_hex ? 16 : 10);
	return errno == 0 && *end == '\0';
}

/* Cuts the text at its last separator; what stands behind it, or NULL. */
static char *cut_last(char *text, char separator)
{
	char *found = strrchr(text, separator);

	if (!found)
		return NULL;
	*found = '\0';
	return found + 1;
}

static bool read_target(char *text, struct injection *wanted)
{
	char *plus = cut_last(text, '+'), which[160];
	uint64_t offset = 0, bytes;

	if (plus && !read_number(plus, strlen(plus), &offset))
		return false;
	if (isdigit((unsigned char)text[0]) ? !read_number(text, strlen(text), &wanted->addr) :
	                                      find_known(NULL, text, strlen(text), &wanted->addr, &bytes, which, sizeof(which)) != OK)
		return false;
	wanted->addr += offset;
	return wanted->addr >= offset;
}

/* One injection, as the contract says it; false: it is wrong. */
static bool read_one(char *text, struct injection *wanted)
{
	static const char *const contexts[] = { "thread", "irq", "commit" };
	static const char *const forms[] = { "store1", "store2", "store4", "store8", "or", "swap", "cmpxchg", "fill" };
	static const unsigned bits[] = { 8, 16, 32, 64, 64, 64, 64, 64 };
	char *context = cut_last(text, '@'), *value = cut_last(text, ':'), *form = value ? cut_last(text, ':') : NULL;
	unsigned c = 0, f = 0;

	while (context && c < ARRAY_SIZE(contexts) && strcmp(context, contexts[c]) != 0)
		c++;
	while (form && f < ARRAY_SIZE(forms) && strcmp(form, forms[f]) != 0)
		f++;
	if (!form || c == ARRAY_SIZE(contexts) || f == ARRAY_SIZE(forms))
		return false;
	memset(wanted, 0, sizeof(*wanted));
	snprintf(wanted->target, sizeof(wanted->target), "%s", text);
	wanted->context = (enum violation_context[]){ CONTEXT_THREAD, CONTEXT_IRQ, CONTEXT_COMMIT }[c];
	wanted->form = (enum inject_form)f;
	wanted->same = strcmp(value, "same") == 0;
	if (wanted->same ? wanted->form == INJECT_FILL : !read_number(value, strlen(value), &wanted->value))
		return false;
	return (bits[f] == 64 || wanted->value >> bits[f] == 0) && read_target(text, wanted);
}

static bool read_all(char *text, struct injection *wanted, unsigned *count)
{
	for (*count = 0; text; ++*count) {
		char *semicolon = strchr(text, ';');

		if (semicolon)
			*semicolon++ = '\0';
		if (*count == INJECTIONS_MAX || !read_one(text, &wanted[*count]))
			return false;
		text = semicolon;
	}
	return true;
}

static void check_same_injection(const struct injection *a, const struct injection *b)
{
	REQUIRE(a->addr == b->addr && a->form == b->form && a->same == b->same && a->context == b->context);
	REQUIRE(a->value == b->value && strcmp(a->target, b->target) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct injection wanted[INJECTIONS_MAX];
	struct input input = { data, size };
	size_t why_bytes = take(&input, 2) % 320 + 1;
	struct options *options = malloc(sizeof(*options));
	char *text = calloc(1, input.bytes + 1), *why = calloc(1, why_bytes);
	bool is_good, is_wanted;
	unsigned count;

	memcpy(text, input.data, input.bytes);
	for (char *c = text; *c; c++)
		*c = *c < 0x20 || *c > 0x7e ? '0' : *c;
	memset(options, 0xa5, sizeof(*options));
	is_good = inject_parse(options, text, &environment, why, why_bytes);
	check_printable(why, why_bytes);
	REQUIRE(is_good || why_bytes == 1 || why[0]);
	is_wanted = read_all(text, wanted, &count);
	REQUIRE(is_good == is_wanted);
	REQUIRE(options->injection_count == (is_good ? count : 0));
	for (unsigned i = 0; i < options->injection_count; i++) {
		check_same_injection(&options->injections[i], &wanted[i]);
		REQUIRE(inject_form_bytes(wanted[i].form) >= 1 && inject_form_text(wanted[i].form));
	}
	free(options);
	free(text);
	free(why);
	return 0;
}
