/* SPDX-License-Identifier: MIT */
/*
 * kernel/initcall.c: runs the init functions, level by level. Process context, once, before the seal.
 * Relies on options; the set is in init memory and goes with it.
 */
#include <amber/initcall.h>

#include "arch.h"
#include "initcall_trace.h"
#include "phys.h"
#include <amber/layout.h>
#include <amber/log.h>
#include <amber/options.h>

static void __init run_one(const struct initcall *call)
{
	enum error error = call->fn();

	if (error)
		log_error("init", "initcall %s failed: %s", call->name, error_text(error));
	else
		log_debug("init", "initcall %s done", call->name);
	if (options.initcall_trace)
		initcall_trace_after(call);
}

static void __init run_level(enum initcall_level level)
{
	size_t count = (size_t)(__stop_set_initcall - __start_set_initcall);

	for (size_t i = 0; i < count; i++) {
		const struct initcall *call = __start_set_initcall[options.initcall_reversed ? count - 1 - i : i];
		if (call->level == level)
			run_one(call);
	}
}

/* The trace stays for good: records name the initcall after the seal. */
static void __init start_trace(void)
{
	uint64_t pages = ALIGN_UP(initcall_trace_bytes(), PAGE_SIZE) >> PAGE_SHIFT;
	paddr_t memory;

	if (phys_alloc(pages, &memory))
		log_error("init", "no memory for initcall_trace");
	else
		initcall_trace_init((void *)(DIRECT_MAP_BASE + memory), pages << PAGE_SHIFT);
}

void __init initcalls_run(void)
{
	if (options.initcall_trace)
		start_trace();
	for (unsigned level = 0; level < INITCALL_LEVELS; level++)
		run_level((enum initcall_level)level);
}
