/* SPDX-License-Identifier: MIT */
/*
 * kernel/main.c: story 1, top to bottom: from what the boot loader hands over to the sealed kernel, and then what the
 * command line asks for. kernel_main runs on the boot stack under the boot tables; kernel_run on a guarded stack.
 */
#include <amber/boot_info.h>
#include <amber/broken.h>
#include <amber/event.h>
#include <amber/initcall.h>
#include <amber/log.h>
#include <amber/options.h>
#include <amber/panic.h>
#include <amber/selftest.h>
#include <amber/string.h>
#include <amber/symbols.h>
#include <amber/upcalls.h>

#include <arch.h>

#include "boot_report.h"
#include "cpus.h"
#include "device_init.h"
#include "inject.h"
#include "kernel_map.h"
#include "phys.h"
#include "program.h"
#include "sched.h"
#include "seal.h"
#include "stack.h"
#include "system.h"
#include "thread.h"

struct options __ro_after_init options;

static enum error __init find_symbol(void *context, const char *name, size_t length, vaddr_t *start, uint64_t *bytes, char *which,
                                     size_t which_bytes)
{
	const struct symbol *symbol;
	enum error error = symbol_find(name, length, &symbol, which, which_bytes);

	(void)context;
	if (!error) {
		*start = symbol_start(symbol);
		*bytes = symbol->bytes;
	}
	return error;
}

static void __init report_complaint(void *context, const char *line)
{
	(void)context;
	log_error("cmdline", "%s", line + sizeof("cmdline: ") - 1);
}

/* Twice: first without a word, because the first thing printed must be the machine's; then the complaints. */
static void __init parse_cmdline(const struct boot_info *boot_info, bool aloud)
{
	struct cmdline_environment environment = {
		.report = aloud ? report_complaint : NULL,
		.find = find_symbol,
		.sealed_start = (vaddr_t)__ro_after_init_start,
		.sealed_end = (vaddr_t)__ro_after_init_end,
	};
	bool was_cut = boot_info->cmdline_cut && !boot_info->cmdline_cut_behind_word;

	cmdline_parse(boot_info->cmdline, boot_info->cmdline_bytes, was_cut, &options, &chain_table, &environment);
}

static void __init check_cpu(const struct boot_info *boot_info)
{
	const char *missing = arch_cpu_missing(boot_info);
	char line[100];

	if (!missing)
		return;
	arch_uart_write(line, format(line, sizeof(line), "cpu: needs %s, stopping\n", missing));
	if (options.exit_debug)
		arch_exit_debug(EXIT_PANIC);
	arch_halt();
}

static void __init find_devices(const struct boot_info *boot_info)
{
	enum error error = arch_devices_find(boot_info);

	if (error)
		panic("devices: %s", error_text(error));
}

/* Guarded stacks for this CPU's traps and for handling writes to sealed memory; the main thread's. */
static vaddr_t __init make_stacks(void)
{
	if (!cpu_make_stacks(&percpu[0]))
		panic("memory: no room for stacks");
	arch_traps_install(&percpu[0]);
	return percpu[0].idle_sp;
}

/* Init memory goes with the seal, so this and what follows is no init code. Without a supervisor a person may still look. */
static void run_supervisor(void)
{
	enum error error = program_run_supervisor(options.has_run ? options.run : NULL);

	if (error != ERR_NOT_FOUND || options.has_run)
		machine_exit(EXIT_FAILED);
	for (;;)
		thread_wait();
}

static void do_work(void)
{
	if (options.break_list) {
		broken_list_print();
		machine_exit(EXIT_OK);
	}
	if (options.inject_failed) {
		log_error("inject", "not run: inject= has an error");
		machine_exit(EXIT_FAILED);
	}
	if (options.has_test)
		machine_exit(selftest_run_matching(options.test) == 0 ? EXIT_OK : EXIT_FAILED);
	if (options.has_inject && !inject_run())
		system_note_failure();
	if (options.has_inject && !options.has_run)
		machine_exit(system_exit_status());
	if (options.init_failed) {
		log_error("init", "not run: init= has an error");
		machine_exit(EXIT_FAILED);
	}
	if (options.init[0])
		machine_exit(program_run_first(options.init) ? EXIT_OK : EXIT_FAILED);
	log_always("amber", "ready");
	run_supervisor();
}

static void kernel_run(void *argument)
{
	(void)argument;
	initcalls_run();
	arch_irq_enable();
	if (is_broken(BROKEN_WP))
		arch_write_protect_off();
	cpus_start();                      /* before the seal: bring-up writes what it seals */
	seal(options.rodata);
	do_work();
}

void __init kernel_main(struct boot_info *boot_info)
{
	vaddr_t main_stack;

	parse_cmdline(boot_info, false);   /* who is asking for what */
	arch_cpus_find(boot_info);         /* how many CPUs there are */
	check_cpu(boot_info);              /* can we run here at all? */
	boot_report(boot_info);            /* the event `boot`, the first of a run */
	parse_cmdline(boot_info, true);    /* now with complaints */
	device_init_remember(boot_info);
	program_remember_module(boot_info->initrd_start, boot_info->initrd_end);
	find_devices(boot_info);           /* ACPI or device tree; bus mastering off */
	kernel_map_build(boot_info, cpus_wanted()); /* memory map → frame table, arena, page tables */
	kernel_map_go_live();              /* from here on the gate is the one door */
	log_lock_live = true;
	phys_init();                       /* the rest of RAM → page allocator */
	main_stack = make_stacks();
	sched_init();
	thread_init("main", main_stack);
	arch_call_on_stack(main_stack, kernel_run, NULL);
}

void __init kernel_boot_failed(struct boot_info *boot_info, const char *why)
{
	parse_cmdline(boot_info, false);
	boot_report(boot_info);
	panic("boot information can't be used: %s", why);
}
