/* SPDX-License-Identifier: MIT */
/*
 * kernel/violation_print.c: a record in words, and as the event `violation`. Any context, interrupts masked.
 */
#include <amber/chain.h>
#include <amber/event.h>
#include <amber/log.h>
#include <amber/string.h>
#include <amber/symbols.h>

#include "place.h"
#include "syscall.h"
#include "violation_log.h"

static const char *const kind_names[] = { "unknown", "store", "atomic", "string", "zero-block", "exclusive" };
static const char *const context_names[] = { "thread", "irq", "commit", "init" };

static const char *what_happened(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_IGNORE:
		return "the write was dropped, execution goes on";
	case VERDICT_ONCE:
		return "the write was let through once, the page stays sealed";
	case VERDICT_UNPROTECT:
		return "the write was let through, the page is writable from now on";
	case VERDICT_OOPS:
		return "the write was dropped, its thread is killed";
	default:
		return "the machine stops";
	}
}

/* Up to 8 bytes as a number, more as a dump of the first 16. */
static void format_bytes(char *buf, size_t bytes, const uint8_t *data, uint64_t size)
{
	uint64_t value = 0;
	size_t length = 0;

	if (size <= sizeof(value)) {
		memcpy(&value, data, size);
		format(buf, bytes, "0x%lx", value);
		return;
	}
	for (unsigned i = 0; i < MIN(size, 16ull) && length + 4 < bytes; i++)
		length += format(buf + length, bytes - length, "%02x", data[i]);
	if (size > 16)
		copy_text(buf + length, bytes - length, "...");
}

void violation_words(const struct violation *violation, char *buf, size_t bytes)
{
	char place[80], old[48] = "?", new[48] = "?", size[24] = "size unknown";

	place_format(violation->paddr, violation->addr, place, sizeof(place));
	if (violation->has_size)
		format(size, sizeof(size), "%lu byte%s", (unsigned long)violation->size_bytes, violation->size_bytes == 1 ? "" : "s");
	if (violation->has_values)
		format_bytes(old, sizeof(old), violation->old, violation->has_size ? violation->size_bytes : 8);
	if (violation->has_values && violation->has_size)
		format_bytes(new, sizeof(new), violation->new, violation->size_bytes);
	if (violation->class == CLASS_CORE)
		format(buf, bytes, "%s, which holds %s", place, old);
	else if (!violation->has_dry_run)
		format(buf, bytes, "%s, size and values unknown", place);
	else if (!violation->has_values)
		format(buf, bytes, "%s, %s, nothing would change", place, size);
	else
		format(buf, bytes, "%s, %s%s %s -> %s", place, violation->has_size && !violation->size_exact ? "at least " : "", size,
		       old, new);
}

static void first_line(const struct violation *violation, char *buf, size_t bytes)
{
	char words[200], pc[80];

	violation_words(violation, words, sizeof(words));
	symbol_format(violation->pc, pc, sizeof(pc));
	format(buf, bytes, "write to sealed memory: %s, by %s in thread '%s'", words, pc, violation->thread);
}

/* " (by POLICY)", where the chain's text alone doesn't say who of those that were asked decided. */
static void format_rule(const struct violation *violation, char *buf, size_t bytes)
{
	const struct violation_asked *last = violation->asked_count > 1 ? &violation->asked[violation->asked_count - 1] : NULL;
	bool is_told = last && !last->why;

	format(buf, bytes, "  ro_fault=%s: %s%s%s%s", violation->chain ? violation->chain : "panic", what_happened(violation->verdict),
	       is_told ? " (by " : "", is_told ? last->policy : "", is_told ? ")" : "");
}

bool violation_line(const struct violation *violation, unsigned n, char *buf, size_t bytes)
{
	buf[0] = '\0';
	if (n == 0)
		first_line(violation, buf, bytes);
	else if (n == 1 && violation->count > 1)
		format(buf, bytes, "  %lu stores in a row", (unsigned long)violation->count);
	else if (n == 2 && violation->verdict != VERDICT_PANIC) /* the panic's own story says the rest */
		format_rule(violation, buf, bytes);
	return buf[0];
}

static void print_words(const struct violation *violation)
{
	char line[VIOLATION_LINE_BYTES];

	for (unsigned n = 0; n < VIOLATION_LINES; n++)
		if (violation_line(violation, n, line, sizeof(line)))
			log_warn("ro", "%s", line);
}

static void number_or_null(struct json *json, const char *key, bool known, uint64_t value)
{
	if (known)
		json_number(json, key, value);
	else
		json_null(json, key);
}

static void bool_or_null(struct json *json, const char *key, bool known, bool value)
{
	if (known)
		json_bool(json, key, value);
	else
		json_null(json, key);
}

static void bytes_or_null(struct json *json, const char *key, bool known, const uint8_t *data, uint64_t bytes)
{
	if (known)
		json_bytes(json, key, data, MIN(bytes, (uint64_t)VIOLATION_BYTES_MAX));
	else
		json_null(json, key);
}

static void print_lists(struct json *json, const struct violation *violation)
{
	char text[128];

	json_list_begin(json, "asked");
	for (unsigned i = 0; i < violation->asked_count; i++) {
		const struct violation_asked *asked = &violation->asked[i];

		format(text, sizeof(text), asked->why ? "%s: %s" : "%s", asked->policy, asked->why);
		json_text(json, NULL, text);
	}
	json_list_end(json);
	json_list_begin(json, "backtrace");
	for (unsigned i = 0; i < violation->backtrace_count; i++)
		json_text(json, NULL, symbol_format_return(violation->backtrace[i], text, sizeof(text)));
	json_list_end(json);
}

static void print_event(const struct violation *violation)
{
	struct json *json = event_begin_unflushed("violation");
	uint64_t bytes = violation->has_size ? violation->size_bytes : 8;
	char text[128];

	json_number(json, "seq", violation->seq);
	json_number(json, "time", violation->time_us);
	json_text(json, "class", violation->class == CLASS_CORE ? "core" : "data");
	json_number(json, "cpu", violation->cpu);
	json_text(json, "thread", violation->thread);
	json_text(json, "syscall", violation->syscall ? syscall_name(violation->syscall - 1u) : NULL);
	json_text(json, "context", context_names[violation->context]);
	json_address(json, "pc", violation->pc);
	json_text(json, "pc_symbol", symbol_format(violation->pc, text, sizeof(text)));
	json_address(json, "addr", violation->addr);
	json_text(json, "symbol", place_is_known(violation->paddr) ?
	          place_format(violation->paddr, violation->addr, text, sizeof(text)) : NULL);
	number_or_null(json, "size", violation->has_size, violation->size_bytes);
	json_bool(json, "size_exact", violation->has_size && violation->size_exact);
	bytes_or_null(json, "old", violation->has_values, violation->old, bytes);
	bytes_or_null(json, "new", violation->has_values && violation->has_size, violation->new, bytes);
	bool_or_null(json, "redundant", violation->has_dry_run, violation->redundant);
	json_number(json, "count", violation->count);
	json_text(json, "kind", kind_names[violation->kind]);
	json_text(json, "initcall", violation->initcall);
	json_text(json, "chain", violation->chain);
	print_lists(json, violation);
	json_text(json, "verdict", verdict_text(violation->verdict));
	event_end(json);
}

void violation_print(const struct violation *violation)
{
	print_words(violation);
	print_event(violation);
}
