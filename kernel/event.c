/* SPDX-License-Identifier: MIT */
/*
 * kernel/event.c: one "@amber {json}" line at a time, in a static buffer. Any context; a lock is held and interrupts
 * stay masked from begin to end. A panic doesn't wait for it and simply starts a new line. Relies on options.nonce, which
 * is empty until the command line is parsed.
 */
#include <amber/event.h>

#include "arch.h"
#include "violation_log.h"
#include <amber/lock.h>
#include <amber/log.h>
#include <amber/options.h>
#include <amber/panic.h>
#include <amber/string.h>

#define PREFIX       "@amber "
#define PREFIX_BYTES (sizeof(PREFIX) - 1)
/* The boot event repeats the command line, in which each of CMDLINE_MAX bytes may need 6 characters. */
#define LINE_BYTES   8192

static char line[LINE_BYTES];
static struct json json;
static const char *event_name;
static struct lock event_lock = LOCK_INIT("event");
static uint64_t irq_state;
static bool has_lock;

/* As for the log: no lock while starting, none in a panic. */
static void take_buffer(void)
{
	bool wants_lock = log_lock_live && !panic_is_under_way();
	uint64_t state = wants_lock ? lock_acquire(&event_lock) : arch_irq_save();

	irq_state = state;
	has_lock = wants_lock;
}

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
	take_buffer();
	start(name);
	return &json;
}

struct json *event_begin(const char *name)
{
	violation_log_flush(); /* may write events of its own */
	take_buffer();
	start(name);
	return &json;
}

void event_end(struct json *unfinished)
{
	uint64_t state = irq_state;
	bool had_lock = has_lock;

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
	if (had_lock)
		lock_release(&event_lock, state);
	else
		arch_irq_restore(state);
}
