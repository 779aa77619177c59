/* SPDX-License-Identifier: MIT */
/*
 * kernel/panic_story.c: the story of a panic in at most 20 lines of 80 columns: what, who, before, rule, stack, what is
 * certain, what to try next. Any context, interrupts masked.
 */
#include "panic_story.h"

#include <amber/log.h>
#include <amber/options.h>
#include <amber/string.h>
#include <amber/symbols.h>

#include <arch.h>

#include "backtrace.h"
#include "seal.h"
#include "thread.h"
#include "violation_log.h"

#define STACK_LINES 6

static void print_stack(const vaddr_t *addresses, unsigned count)
{
	char name[80];

	for (unsigned i = 0; i < count && i < STACK_LINES; i++)
		log_error("panic", "  %s %s", i ? "     " : "stack", symbol_format(addresses[i], name, sizeof(name)));
}

void panic_story_plain(const char *reason, vaddr_t frame_pointer)
{
	vaddr_t addresses[STACK_LINES];
	unsigned count = backtrace_from(frame_pointer, addresses, STACK_LINES);

	log_error("panic", "%s", reason);
	log_error("panic", "  who   thread '%s' on CPU %u", thread_name(), panic_cpu());
	print_stack(addresses, count);
}

static void print_writer(const struct violation *violation)
{
	if (violation->initcall)
		log_error("panic", "  init  last written by initcall %s", violation->initcall);
	else if (violation->class == CLASS_DATA && options.initcall_trace)
		log_error("panic", "  init  not written by any initcall");
	else if (violation->class == CLASS_DATA)
		log_error("panic", "  init  who wrote it: boot with initcall_trace=on");
}

static void print_rule(const struct violation *violation)
{
	if (violation->class == CLASS_CORE) {
		log_error("panic", "  rule  it is part of the protection itself: always panic");
		return;
	}
	log_error("panic", "  rule  ro_fault=%s", violation->chain ? violation->chain : "panic");
	for (unsigned i = 0; i < violation->asked_count; i++) {
		const struct violation_asked *asked = &violation->asked[i];

		log_error("panic", "        %s: %s", asked->policy, asked->why ? asked->why : "stop the machine");
	}
	if (violation->several_chains)
		log_error("panic", "        the store reaches objects with different chains");
	else if (!violation->asked_count || violation->asked[violation->asked_count - 1].why)
		log_error("panic", "        nobody is left to ask: panic");
}

static void print_next(const struct violation *violation)
{
	if (violation->class == CLASS_CORE)
		log_error("panic", "  next  look at the stack: no option forgives this write");
	else
		log_error("panic", "  next  try ro_fault=ignore (drop), once or unprotect (let through)");
}

void panic_story_sealed(const struct violation *violation)
{
	static const char *const contexts[] = { "", ", in an interrupt", ", in a commit section", ", while starting" };
	char words[160], pc[80];

	violation_words(violation, words, sizeof(words));
	symbol_format(violation->pc, pc, sizeof(pc));
	log_error("panic", "WRITE TO SEALED MEMORY");
	log_error("panic", "  what  %s", words);
	log_error("panic", "  who   %s", pc);
	log_error("panic", "        in thread '%s' on CPU %u%s", violation->thread, violation->cpu, contexts[violation->context]);
	print_writer(violation);
	print_rule(violation);
	print_stack(violation->backtrace, violation->backtrace_count);
	if (seal_unprotected_pages())
		log_error("panic", "  this write changed nothing; %lu pages were opened before", (unsigned long)seal_unprotected_pages());
	else if (violation_counts.by_verdict[VERDICT_ONCE])
		log_error("panic", "  this write changed nothing; %lu were let through before",
		          (unsigned long)violation_counts.by_verdict[VERDICT_ONCE]);
	else
		log_error("panic", "  sealed memory is unchanged");
	print_next(violation);
}
