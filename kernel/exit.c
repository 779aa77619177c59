/* SPDX-License-Identifier: MIT */
/*
 * kernel/exit.c: the end of a run: the event `exit`, then power off, QEMU's exit status, a reset, or (after a panic) a
 * halt. Any context; never returns.
 */
#include <amber/chain.h>
#include <amber/event.h>
#include <amber/log.h>
#include <amber/options.h>
#include <amber/panic.h>

#include <arch.h>

#include "seal.h"
#include "violation_log.h"

static const char *status_text(enum exit_status status)
{
	static const char *const names[] = { "ok", "failed", "panic", "sealed" };

	return names[status];
}

static bool is_panic(enum exit_status status)
{
	return status == EXIT_PANIC || status == EXIT_SEALED;
}

static void print_verdicts(struct json *json)
{
	json_object_begin(json, "by_verdict");
	for (unsigned verdict = VERDICT_PANIC; verdict < VERDICT_COUNT; verdict++)
		json_number(json, verdict_text(verdict), violation_counts.by_verdict[verdict]);
	json_object_end(json);
}

static void print_exit(enum exit_status status)
{
	struct json *json = event_begin("exit");

	json_text(json, "status", status_text(status));
	json_number(json, "violations", violation_counts.records);
	json_number(json, "stores", violation_counts.stores);
	print_verdicts(json);
	json_number(json, "unprotected_pages", seal_unprotected_pages());
	if (arch_clock_counts_instructions())
		json_number(json, "instructions", arch_instructions() - arch_entry_instructions());
	else
		json_null(json, "instructions");
	event_end(json);
}

/* Last words of every kind. */
static void finish(enum exit_status status)
{
	arch_irq_save();
	violation_log_flush();
	if (violation_counts.not_printed)
		log_warn("ro", "%zu records were not printed in all", (size_t)violation_counts.not_printed);
	if (status == EXIT_FAILED)
		log_error("amber", "this run has failed");
	if (is_panic(status) && !options.exit_debug)
		log_error("panic", "halted");
	print_exit(status);
}

void machine_stop(enum exit_status status)
{
	arch_irq_save();
	if (options.exit_debug)
		arch_exit_debug(status); /* returns where that device is missing */
	if (!is_panic(status) || options.exit_debug)
		arch_power_off();
	arch_halt();
}

void machine_exit(enum exit_status status)
{
	finish(status);
	machine_stop(status);
}

void machine_reboot(enum exit_status status)
{
	finish(status);
	arch_reset();
	arch_halt();
}
