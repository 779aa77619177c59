/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_kernel.h: log, panic and lock for host tests, in place of kernel/log.c and its friends.
 * Lines are kept, so that a test can look at them; a panic that a test expects comes back to it.
 */
#ifndef AMBER_TESTS_FAKE_KERNEL_H
#define AMBER_TESTS_FAKE_KERNEL_H

#include <amber/log.h>
#include <amber/panic.h>
#include <setjmp.h>
#include <stdbool.h>

extern char fake_log_text[65536]; /* what was logged since fake_log_clear(): lines "area: text\n", and raw text */
extern jmp_buf fake_panic_jump;
extern bool fake_panic_is_expected;
extern char fake_panic_text[512]; /* of the last panic */

void fake_log_clear(void);

/* Runs the statement; true if it panicked. Variables of the caller that it changes must be volatile. */
#define PANICS(statement) \
	({ \
		volatile bool panicked = true; \
		fake_panic_is_expected = true; \
		if (setjmp(fake_panic_jump) == 0) { \
			statement; \
			panicked = false; \
		} \
		fake_panic_is_expected = false; \
		panicked; \
	})

#endif
