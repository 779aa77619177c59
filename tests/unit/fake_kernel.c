/* SPDX-License-Identifier: MIT */
/* tests/unit/fake_kernel.c: see fake_kernel.h. Lines also go to standard error if FAKE_LOG is set. */
#include "fake_kernel.h"

#include <amber/lock.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char fake_log_text[65536];
jmp_buf fake_panic_jump;
bool fake_panic_is_expected;
char fake_panic_text[512];
bool log_lock_live;

static void keep(const char *text, size_t bytes)
{
	size_t used = strlen(fake_log_text);

	if (getenv("FAKE_LOG"))
		fwrite(text, 1, bytes, stderr);
	if (bytes >= sizeof(fake_log_text) - used)
		bytes = sizeof(fake_log_text) - used - 1;
	memcpy(fake_log_text + used, text, bytes);
	fake_log_text[used + bytes] = '\0';
}

void fake_log_clear(void)
{
	fake_log_text[0] = '\0';
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
	char line[2048];
	int used = snprintf(line, sizeof(line), "%s: ", area);
	va_list args;

	(void)level;
	va_start(args, fmt);
	vsnprintf(line + used, sizeof(line) - (size_t)used - 1, fmt, args);
	va_end(args);
	strcat(line, "\n");
	keep(line, strlen(line));
}

void log_raw(const char *text, size_t bytes)
{
	keep(text, bytes);
}

void log_serial_only(bool on)
{
	(void)on;
}

void log_break_lock(void)
{
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(fake_panic_text, sizeof(fake_panic_text), fmt, args);
	va_end(args);
	if (fake_panic_is_expected)
		longjmp(fake_panic_jump, 1);
	fprintf(stderr, "panic: %s\n", fake_panic_text);
	abort();
}

bool panic_is_under_way(void)
{
	return false;
}

unsigned panic_cpu(void)
{
	return 0;
}

void machine_exit(enum exit_status status)
{
	fprintf(stderr, "machine_exit(%d)\n", (int)status);
	abort();
}

uint64_t lock_acquire(struct lock *lock)
{
	if (lock->holder)
		panic("lock '%s' taken twice", lock->name);
	lock->holder = 1;
	return 0;
}

void lock_release(struct lock *lock, uint64_t irq_state)
{
	(void)irq_state;
	if (!lock->holder)
		panic("lock '%s' is not held", lock->name);
	lock->holder = 0;
}
