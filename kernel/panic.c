/* SPDX-License-Identifier: MIT */
/*
 * kernel/panic.c: last words. First the story for a person (it fits a screen of 80×25), then for tools, then, on
 * serial only, the registers. Any context; takes no lock that it may hold; a second panic only says so.
 */
#include <amber/panic.h>

#include <amber/event.h>
#include <amber/log.h>
#include <amber/string.h>
#include <amber/symbols.h>

#include <arch.h>

#include "backtrace.h"
#include "cpus.h"
#include "gate.h"
#include "panic_story.h"
#include "thread.h"
#include "violation_log.h"

static uint32_t panicking; /* CPU + 1; 0 = none */

bool panic_is_under_way(void)
{
	return __atomic_load_n(&panicking, __ATOMIC_RELAXED) != 0;
}

static unsigned this_cpu_id(void)
{
	return this_cpu() ? this_cpu()->id : 0;
}

unsigned panic_cpu(void)
{
	return panicking ? panicking - 1 : this_cpu_id();
}

/* The first CPU to come here; no atomic instruction before there are several. */
static bool is_first(void)
{
	uint32_t expected = 0;

	if (cpus_online() > 1)
		return __atomic_compare_exchange_n(&panicking, &expected, this_cpu_id() + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	expected = panicking;
	panicking = this_cpu_id() + 1;
	return !expected;
}

/* Masks interrupts, stops the other CPUs; stops at once if this is a panic inside a panic, and without a word if saying that
 * leads to the next one. */
static void enter(const char *reason)
{
	static bool is_said;
	bool first;

	arch_irq_save();
	first = is_first();
	if (!first && panic_cpu() != this_cpu_id())
		cpu_stop(); /* it was first and tells its story */
	if (first && cpus_online() > 1)
		cpus_stop_others();
	log_break_lock();
	if (!first) {
		if (is_said)
			machine_stop(EXIT_PANIC);
		is_said = true;
		log_error("panic", "again, while the first one was being reported: %s", reason);
		machine_exit(EXIT_PANIC);
	}
}

static void __noreturn leave(const char *reason, const struct trap_frame *frame, enum exit_status status)
{
	struct json *json;

	if (frame) {
		log_serial_only(true);
		arch_frame_print(frame);
	}
	json = event_begin("panic");
	json_text(json, "reason", reason);
	json_number(json, "cpu", panic_cpu());
	event_end(json);
	machine_exit(status);
}

void panic(const char *fmt, ...)
{
	char reason[200];
	va_list args;

	va_start(args, fmt);
	format_args(reason, sizeof(reason), fmt, args);
	va_end(args);
	enter(reason);
	violation_log_flush();
	panic_story_plain(reason, arch_frame_pointer());
	leave(reason, NULL, EXIT_PANIC);
}

static const char *access_text(const struct fault *fault)
{
	return fault->is_exec ? "execute" : fault->is_write ? "write to" : "read from";
}

void panic_fault(const struct trap_frame *frame, const struct fault *fault, const char *what)
{
	char reason[200], pc[80], addr[80];

	symbol_format(arch_frame_pc(frame), pc, sizeof(pc));
	if (fault->is_memory)
		format(reason, sizeof(reason), "%s%scannot %s %s (%s) at %s", what ? what : "", what ? ": " : "", access_text(fault),
		       symbol_format(fault->addr, addr, sizeof(addr)), fault->is_present ? "not permitted" : "not mapped", pc);
	else
		format(reason, sizeof(reason), "%s%s%s at %s", what ? what : "", what ? ": " : "", fault->name, pc);
	enter(reason);
	violation_log_flush();
	panic_story_plain(reason, arch_frame_fp(frame));
	log_serial_only(true);
	log_error("panic", "  %s, code 0x%lx", fault->name, (unsigned long)fault->code);
	leave(reason, frame, EXIT_PANIC);
}

void panic_sealed(const struct trap_frame *frame, const struct violation *violation)
{
	char reason[200], words[160];

	violation_words(violation, words, sizeof(words));
	format(reason, sizeof(reason), "write to sealed memory: %s", words);
	enter(reason);
	violation_log_flush(); /* the event; for a person the story says it */
	panic_story_sealed(violation);
	leave(reason, frame, EXIT_SEALED);
}
