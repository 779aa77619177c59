/* SPDX-License-Identifier: MIT */
/*
 * kernel/log.c: lines for people, on serial and on a text screen. Any context. Until log_lock_live is set
 * there is one CPU and no lock is taken (atomics may be missing); after log_break_lock nobody waits.
 * The console driver's text (kernel/sys_console.c) goes the same way: a line of it may stand unfinished, and ends when
 * another comes.
 */
#include <amber/log.h>

#include "arch.h"
#include <amber/lock.h>
#include <amber/options.h>
#include <amber/stretch.h>
#include <amber/string.h>

#include "console.h"
#include "text_screen.h"

#define LINE_BYTES  2048 /* a complaint repeats a word of up to 1023 bytes */
#define US_PER_S    1000000
#define DRAW_EFFORT 6000 /* instructions at once, while others wait */

bool __ro_after_init log_lock_live;

static struct lock log_lock = LOCK_INIT("log");
static bool lock_is_broken;

/* Everything below is guarded by log_lock. */
static char line[LINE_BYTES];
/* True at first: the firmware or GRUB may have left something on the line. */
static bool line_is_started = true;
static bool is_serial_only;
static uint64_t spent_instructions;

/* The console's unfinished line stands there. */
static bool serial_stands, screen_stands;
static bool console_has_begun; /* something of the console's stands in the serial line */
static bool has_broken_in; /* other lines came since, and the console hasn't begun anew */
static bool break_is_news; /* … and nobody was told; read without the lock */

struct log_hold {
	uint64_t irq_state;
	bool has_lock;
};

static struct log_hold log_hold(void)
{
	if (log_lock_live && !lock_is_broken)
		return (struct log_hold){ .irq_state = lock_acquire(&log_lock), .has_lock = true };
	return (struct log_hold){ .irq_state = arch_irq_save() };
}

static void log_let_go(struct log_hold hold)
{
	/* The lock may have been broken since: the panic that did it never comes back here. */
	if (hold.has_lock)
		lock_release(&log_lock, hold.irq_state);
	else
		arch_irq_restore(hold.irq_state);
}

static void serial_write(const char *text, size_t bytes)
{
	if (bytes == 0)
		return;
	line_is_started = true; /* a panic may come in the middle of it */
	arch_uart_write(text, bytes);
	line_is_started = text[bytes - 1] != '\n';
}

static void break_in(bool *stands)
{
	if (!*stands)
		return;
	*stands = false;
	has_broken_in = true;
	__atomic_store_n(&break_is_news, true, __ATOMIC_RELAXED);
}

static void serial_end_line(void)
{
	if (line_is_started)
		serial_write("\n", 1);
	console_has_begun = false;
	break_in(&serial_stands);
}

static void screen_put_line(const char *text, bool highlight)
{
	text_screen_line(text, highlight);
	text_screen_set_cursor(false);
	break_in(&screen_stands);
	(void)text_screen_draw(TEXT_SCREEN_ALL);
}

/* One line, with its time, to screen and serial. A function of its own, whose labels exist once. */
static __single void put_line(enum log_level level, const char *area, const char *fmt, va_list args)
{
	uint64_t us;
	int length;

	LEFT_OUT_BEGIN("log_line");
	us = arch_time_us();
	length = format(line, sizeof(line), "[%llu.%06llu] %s: ", (unsigned long long)(us / US_PER_S),
	                (unsigned long long)(us % US_PER_S), area);
	length = MIN(length, LINE_BYTES - 1);
	length += format_args(line + length, sizeof(line) - (size_t)length, fmt, args);
	length = MIN(length, LINE_BYTES - 1);
	if (!is_serial_only)
		screen_put_line(line, level == LOG_ERROR);
	serial_end_line();
	line[length++] = '\n'; /* in place of the final 0 */
	serial_write(line, (size_t)length);
	LEFT_OUT_END("log_line");
}

static __single void put_raw(const char *text, size_t bytes)
{
	LEFT_OUT_BEGIN("log_raw");
	serial_end_line();
	serial_write(text, bytes);
	LEFT_OUT_END("log_raw");
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
	struct log_hold hold;
	uint64_t begin;
	va_list args;

	if ((int)level > (int)options.loglevel)
		return;
	hold = log_hold();
	begin = arch_instructions();
	va_start(args, fmt);
	put_line(level, area, fmt, args);
	va_end(args);
	spent_instructions += arch_instructions() - begin;
	log_let_go(hold);
}

void log_raw(const char *text, size_t bytes)
{
	struct log_hold hold = log_hold();
	uint64_t begin = arch_instructions();

	put_raw(text, bytes);
	spent_instructions += arch_instructions() - begin;
	log_let_go(hold);
}

/* At the start of a row: where the standing line begins, or a new one. */
static void console_begin(void)
{
	if (serial_stands)
		serial_write("\r", 1);
	else
		serial_end_line();
	if (screen_stands)
		text_screen_write("\r", 1);
	else
		text_screen_begin_row();
}

static __single void put_console(char *text, size_t bytes, bool stands)
{
	bool is_anew;

	LEFT_OUT_BEGIN("log_console");
	is_anew = bytes && *text == '\r';
	if (is_anew)
		console_begin();
	console_filter(text, bytes, &console_has_begun);
	serial_write(text + is_anew, bytes - is_anew);
	text_screen_write(text + is_anew, bytes - is_anew);
	text_screen_set_cursor(stands);
	serial_stands = screen_stands = stands;
	has_broken_in = false;
	__atomic_store_n(&break_is_news, false, __ATOMIC_RELAXED);
	LEFT_OUT_END("log_console");
}

bool log_console(char *text, size_t bytes, bool stands)
{
	struct log_hold hold = log_hold();
	uint64_t begin = arch_instructions();
	bool is_lost = has_broken_in && bytes && *text != '\r';

	if (!is_lost)
		put_console(text, bytes, stands);
	spent_instructions += arch_instructions() - begin;
	log_let_go(hold);
	return !is_lost;
}

static __single bool draw_some(void)
{
	bool is_all;

	LEFT_OUT_BEGIN("log_draw");
	is_all = text_screen_draw(DRAW_EFFORT);
	LEFT_OUT_END("log_draw");
	return is_all;
}

void log_console_draw(void)
{
	bool is_all;

	do {
		struct log_hold hold = log_hold();
		uint64_t begin = arch_instructions();

		is_all = draw_some();
		spent_instructions += arch_instructions() - begin;
		log_let_go(hold);
	} while (!is_all);
}

bool log_console_news(void)
{
	return __atomic_load_n(&break_is_news, __ATOMIC_RELAXED) && __atomic_exchange_n(&break_is_news, false, __ATOMIC_RELAXED);
}

uint64_t log_instructions(void)
{
	return spent_instructions;
}

void log_serial_only(bool on)
{
	is_serial_only = on;
}

void log_break_lock(void)
{
	lock_is_broken = true;
}
