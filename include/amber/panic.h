/* SPDX-License-Identifier: MIT */
/* panic.h: stopping the machine with words, and ending a run. kernel/panic.c, kernel/exit.c; any context. */
#ifndef AMBER_PANIC_H
#define AMBER_PANIC_H

#include <amber/annotate.h>
#include <amber/fault.h>
#include <amber/types.h>

enum exit_status { EXIT_OK, EXIT_FAILED, EXIT_PANIC, EXIT_SEALED };

struct violation;

/* Prints the reason, thread and a short stack, then the events panic and exit; never returns. Survives
 * being entered a second time. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;
/* The same for a trap that nothing handles; registers come after the story. */
void panic_fault(const struct trap_frame *frame, const struct fault *fault, const char *what) __noreturn;
/* The same for a write to sealed memory whose verdict is panic: exit status EXIT_SEALED. */
void panic_sealed(const struct trap_frame *frame, const struct violation *violation) __noreturn;
bool panic_is_under_way(void);
unsigned panic_cpu(void); /* the CPU whose panic it is; without one: this CPU */

/* Ends the run: the exit event, then power off or (exit=debug) QEMU's exit status. After a panic
 * without exit=debug the machine halts. */
void machine_exit(enum exit_status status) __noreturn;
void machine_stop(enum exit_status status) __noreturn; /* the same without a word: where printing is what fails */
/* The exit event, then the machine starts again (QEMU ends if it has -no-reboot). */
void machine_reboot(enum exit_status status) __noreturn;

#define ASSERT(condition) \
	do { \
		if (!(condition)) \
			panic("assertion failed: %s (%s:%d)", #condition, __FILE__, __LINE__); \
	} while (0)

#endif
