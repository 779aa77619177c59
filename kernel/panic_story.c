/* SPDX-License-Identifier: MIT */
/*
 * kernel/panic_story.c: the story of a panic: what, who, before, rule, stack, what is certain, what to try next. It fits
 * a screen of 80×25 whole, whatever the names are: what can be long is cut, and the stack gets the rows that are left.
 * Any context, interrupts masked.
 */
#include "panic_story.h"

#include <amber/log.h>
#include <amber/options.h>
#include <amber/string.h>
#include <amber/symbols.h>

#include <arch.h>

#include "backtrace.h"
#include "seal.h"
#include "text_screen.h"
#include "thread.h"
#include "violation_log.h"

#define STACK_LINES    8
#define COLUMNS        80
#define ROWS           25
#define PREFIX         "[99999.123456] panic: "
#define PREFIX_COLUMNS (sizeof(PREFIX) - 1)
#define ONE_ROW        (COLUMNS - PREFIX_COLUMNS - 8) /* behind a line's title */
#define LAST_ROWS      3  /* what is certain, what is next, "halted" */
#define CHAIN_SHOWN    96 /* of a chain's text; the event has all of it */

static unsigned rows_used;

/* One line of the story, which may take several rows. */
static void __printf(1, 2) say(const char *fmt, ...)
{
	char text[PREFIX_COLUMNS + 200] = PREFIX;
	va_list args;

	va_start(args, fmt);
	format_args(text + PREFIX_COLUMNS, sizeof(text) - PREFIX_COLUMNS, fmt, args);
	va_end(args);
	rows_used += text_screen_rows(text);
	log_error("panic", "%s", text + PREFIX_COLUMNS);
}

static void print_stack(const vaddr_t *addresses, unsigned count)
{
	char name[ONE_ROW + 1];

	for (unsigned i = 0; i < count && i < STACK_LINES && rows_used + LAST_ROWS < ROWS; i++)
		say("  %s %s", i ? "     " : "stack", symbol_format_return(addresses[i], name, sizeof(name)));
}

void panic_story_plain(const char *reason, vaddr_t frame_pointer)
{
	vaddr_t addresses[STACK_LINES];
	unsigned count = backtrace_from(frame_pointer, addresses, STACK_LINES);

	rows_used = 0;
	say("%s", reason);
	say("  who   thread '%s' on CPU %u", thread_name(), panic_cpu());
	print_stack(addresses, count);
}

static void print_writer(const struct violation *violation)
{
	if (violation->initcall)
		say("  init  last written by initcall %s", violation->initcall);
	else if (violation->class == CLASS_DATA && options.initcall_trace)
		say("  init  not written by any initcall");
	else if (violation->class == CLASS_DATA)
		say("  init  who wrote it: boot with initcall_trace=on");
}

static void print_rule(const struct violation *violation)
{
	const char *chain = violation->chain ? violation->chain : "panic";

	if (violation->class == CLASS_CORE) {
		say("  rule  it is part of the protection itself: always panic");
		return;
	}
	say("  rule  ro_fault=%.*s%s", CHAIN_SHOWN, chain, strlen(chain) > CHAIN_SHOWN ? "..." : "");
	for (unsigned i = 0; i < violation->asked_count; i++) {
		const struct violation_asked *asked = &violation->asked[i];
		char answer[ONE_ROW + 1];

		format(answer, sizeof(answer), "%s: %s", asked->policy, asked->why ? asked->why : "stop the machine");
		say("        %s", answer);
	}
	if (violation->several_chains)
		say("        the store reaches objects with different chains");
	else if (!violation->asked_count || violation->asked[violation->asked_count - 1].why)
		say("        nobody is left to ask: panic");
}

static void print_next(const struct violation *violation)
{
	if (violation->class == CLASS_CORE)
		say("  next  look at the stack: no option forgives this write");
	else
		say("  next  try ro_fault=ignore (drop), once, unprotect (pass)");
}

void panic_story_sealed(const struct violation *violation)
{
	static const char *const contexts[] = { "", ", in an interrupt", ", in a commit section", ", while starting" };
	char words[160], pc[80];

	violation_words(violation, words, sizeof(words));
	symbol_format(violation->pc, pc, sizeof(pc));
	rows_used = 0;
	say("WRITE TO SEALED MEMORY");
	say("  what  %s", words);
	say("  who   %s", pc);
	say("        in thread '%s' on CPU %u%s", violation->thread, violation->cpu, contexts[violation->context]);
	print_writer(violation);
	print_rule(violation);
	print_stack(violation->backtrace, violation->backtrace_count);
	if (seal_unprotected_pages())
		say("  this write changed nothing; %lu pages opened before", (unsigned long)seal_unprotected_pages());
	else if (violation_counts.by_verdict[VERDICT_ONCE])
		say("  this write changed nothing; %lu let through before",
		          (unsigned long)violation_counts.by_verdict[VERDICT_ONCE]);
	else
		say("  sealed memory is unchanged");
	print_next(violation);
}
