/* SPDX-License-Identifier: MIT */
/*
 * kernel/event.c: one "@amber {json}" line at a time, in a static buffer. Any context; interrupts stay
 * masked from begin to end, so the buffer has one user (one CPU today). A panic in between simply starts
 * a new line. Relies on options.nonce, which is empty until the command line is parsed.
 */
#include <amber/event.h>

#include "arch.h"
#include "violation_log.h"
#include <amber/log.h>
#include <amber/options.h>
#include <amber/string.h>

#define PREFIX       "@amber "
#define PREFIX_BYTES (sizeof(PREFIX) - 1)
/* The boot event repeats the command line, in which each of CMDLINE_MAX bytes may need 6 characters. */
#define LINE_BYTES   8192

static char line[LINE_BYTES];
static struct json json;
static const char *event_name;
static uint64_t irq_state;

static void start(const char *name)
{
	event_name = name;
	memcpy(line, PREFIX, PREFIX_BYTES);
	/* One byte stays free for the line end. */
	json_start(&json, line + PREFIX_BYTES, sizeof(line) - PREFIX_BYTES - 1);
	json_text(&json, "event", name);
	if (options.nonce[0])
		json_text(&json, "nonce", options.nonce);
}

struct json *event_begin_unflushed(const char *name)
{
	irq_state = arch_irq_save();
	start(name);
	return &json;
}

struct json *event_begin(const char *name)
{
	uint64_t state = arch_irq_save();

	violation_log_flush(); /* may write events of its own, so the state is kept only afterwards */
	irq_state = state;
	start(name);
	return &json;
}

void event_end(struct json *unfinished)
{
	uint64_t state = irq_state;

	json_finish(unfinished);
	if (unfinished->overflow) {
		/* A cut line is no JSON: say at least what was lost. */
		start(event_name);
		json_bool(unfinished, "overflow", true);
		json_finish(unfinished);
	}
	size_t bytes = PREFIX_BYTES + unfinished->length;
	line[bytes++] = '\n';
	log_raw(line, bytes);
	arch_irq_restore(state);
}
