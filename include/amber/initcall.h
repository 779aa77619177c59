/* SPDX-License-Identifier: MIT */
/*
 * initcall.h: init functions that need no line in kernel/main.c. Levels run in order; within a level no
 * order is promised (a test boots with each level reversed). A failure is printed with the name and the
 * boot goes on without what failed, unless the function panics. kernel/initcall.c runs them.
 */
#ifndef AMBER_INITCALL_H
#define AMBER_INITCALL_H

#include <amber/annotate.h>
#include <amber/error.h>

enum initcall_level {
	INITCALL_EARLY,  /* page tables, gate and allocator work; interrupts are masked */
	INITCALL_DEVICE, /* devices are mapped: screen, interrupt controller, timer */
	INITCALL_KERNEL, /* time, log, panic work; threads may be created, none runs yet */
	INITCALL_LATE,   /* last: whatever fills sealed objects from all of the above */
	INITCALL_LEVELS,
};

struct initcall {
	const char *name; /* in .rodata: records name it after the seal */
	enum error (*fn)(void);
	enum initcall_level level;
};

#define INITCALL(lvl, function) \
	static const char initcall_name_##function[] = #function; \
	static const struct initcall __initconst initcall_##function = { initcall_name_##function, function, lvl }; \
	static const struct initcall *const __used __section(".init.set.initcall") initcall_entry_##function = &initcall_##function

void initcalls_run(void); /* kernel/initcall.c: all levels, in order */

extern const struct initcall *const __start_set_initcall[];
extern const struct initcall *const __stop_set_initcall[];

#endif
