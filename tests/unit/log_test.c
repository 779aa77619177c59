/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/log_test.c: log lines on serial and screen, events, the lock.
 *
 * sources: tests/unit/fake_arch/fake_arch.c kernel/log.c kernel/console_filter.c kernel/text_screen.c kernel/event.c kernel/lock.c kernel/json.c kernel/format.c
 * flags: -I tests/unit/fake_arch -I arch/x86_64
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_arch.h"
#include "violation_log.h"
#include <amber/event.h>
#include <amber/lock.h>
#include <amber/log.h>
#include <amber/options.h>

struct options options;

static unsigned flushes;
static bool flush_prints;
static jmp_buf panic_jump;
static char panic_text[256];

void violation_log_flush(void)
{
	flushes++;
	if (flush_prints) {
		flush_prints = false;
		struct json *json = event_begin_unflushed("violation");
		json_number(json, "seq", 1);
		event_end(json);
	}
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(panic_text, sizeof(panic_text), fmt, args);
	va_end(args);
	longjmp(panic_jump, 1);
}

static bool panicking;
static unsigned polls;

bool panic_is_under_way(void)
{
	return panicking;
}

void cpu_poll(void)
{
	polls++;
}

static void clear(void)
{
	fake_serial[0] = '\0';
	fake_serial_with_irqs = false;
}

static void expect(const char *text)
{
	assert_string_equal(fake_serial, text);
	assert_false(fake_serial_with_irqs);
	assert_true(fake_irqs_are_enabled);
	clear();
}

static int setup(void **state)
{
	(void)state;
	options.loglevel = 2;
	options.nonce[0] = '\0';
	fake_time_us = 0;
	log_raw("", 0); /* whatever the test before has left on the line */
	clear();
	return 0;
}

/* Runs first: what the firmware has left on the line is ended. */
static void test_first_line(void **state)
{
	(void)state;
	options.loglevel = 2;
	log_info("boot", "hello");
	expect("\n[0.000000] boot: hello\n");
	log_info("boot", "again");
	expect("[0.000000] boot: again\n");
}

static void test_time(void **state)
{
	(void)state;
	fake_time_us = 412031;
	log_info("ro", "write %d", 8);
	expect("[0.412031] ro: write 8\n");
	fake_time_us = 61000007;
	log_info("ro", "x");
	expect("[61.000007] ro: x\n");
}

static void test_levels(void **state)
{
	(void)state;
	for (unsigned level = 0; level <= 4; level++) {
		options.loglevel = level;
		log_error("a", "0");
		log_warn("a", "1");
		log_info("a", "2");
		log_more("a", "3");
		log_debug("a", "4");
		assert_int_equal(strlen(fake_serial), (level + 1) * strlen("[0.000000] a: 0\n"));
		clear();
	}
}

static void test_raw(void **state)
{
	(void)state;
	log_raw("abc", 3);
	expect("abc");
	log_raw("@amber {}\n", 10);
	expect("\n@amber {}\n");
	log_raw("x", 1);
	log_info("a", "line");
	expect("x\n[0.000000] a: line\n");
	log_raw("", 0);
	expect("");
}

static void test_long_line_is_cut(void **state)
{
	(void)state;
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("a", "%s", text);
	assert_int_equal(strlen(fake_serial), 2048);
	assert_int_equal(fake_serial[2047], '\n');
	clear();
}

static void screen_row(unsigned row, const char *text)
{
	char padded[FAKE_COLUMNS_MAX + 1];

	snprintf(padded, sizeof(padded), "%-80s", text);
	assert_string_equal(fake_screen[row], padded);
}

static void test_screen(void **state)
{
	(void)state;
	char text[16];

	for (unsigned i = 0; i < 40; i++)
		log_info("n", "%u", i); /* before there is a screen */
	fake_columns = 80;
	fake_rows = 25;
	log_error("e", "last");
	screen_row(24, "[0.000000] e: last");
	assert_true(fake_highlight[24]);
	assert_false(fake_highlight[23]);
	for (unsigned row = 0; row < 24; row++) {
		snprintf(text, sizeof(text), "%u", 16 + row);
		assert_string_equal(strtok(fake_screen[row] + strlen("[0.000000] n: "), " "), text);
		fake_screen[row][strlen(fake_screen[row])] = ' ';
	}
	log_info("n", "scrolled");
	screen_row(24, "[0.000000] n: scrolled");
	screen_row(23, "[0.000000] e: last");
	assert_true(fake_highlight[23]);
	assert_false(fake_highlight[24]);
}

static void test_screen_wraps_and_hides(void **state)
{
	(void)state;
	log_info("w", "%s|%s", "1234567890123456789012345678901234567890123456789012345678901234", "second\trow");
	screen_row(23, "[0.000000] w: 1234567890123456789012345678901234567890123456789012345678901234|s");
	screen_row(24, "econd?row");
	clear();
	log_raw("raw\n", 4);
	log_serial_only(true);
	log_info("s", "serial only");
	log_serial_only(false);
	expect("raw\n[0.000000] s: serial only\n");
	screen_row(24, "econd?row");
	fake_puts = 0;
	log_info("w", "%s", "");
	assert_true(fake_puts < 25 * 80);
	clear();
}

static void test_small_screen(void **state)
{
	(void)state;
	fake_columns = 40;
	fake_rows = 10;
	log_info("a", "small");
	log_info("a", "small");
	fake_columns = fake_rows = 0;
	clear();
}

static void test_event(void **state)
{
	(void)state;
	struct json *json = event_begin("boot");

	assert_false(fake_irqs_are_enabled);
	json_text(json, "arch", "x86_64");
	event_end(json);
	expect("@amber {\"event\":\"boot\",\"arch\":\"x86_64\"}\n");
	strcpy(options.nonce, "Abc0");
	json = event_begin("exit");
	json_number(json, "stores", 1);
	event_end(json);
	expect("@amber {\"event\":\"exit\",\"nonce\":\"Abc0\",\"stores\":1}\n");
	options.loglevel = 0; /* whatever the loglevel, and alone on its line */
	log_raw("x", 1);
	event_end(event_begin("e"));
	expect("x\n@amber {\"event\":\"e\",\"nonce\":\"Abc0\"}\n");
}

static void test_event_flushes_first(void **state)
{
	(void)state;
	flushes = 0;
	flush_prints = true;
	event_end(event_begin("panic"));
	assert_int_equal(flushes, 1);
	expect("@amber {\"event\":\"violation\",\"seq\":1}\n@amber {\"event\":\"panic\"}\n");
	event_end(event_begin_unflushed("panic"));
	assert_int_equal(flushes, 1);
	expect("@amber {\"event\":\"panic\"}\n");
}

static void test_event_too_long(void **state)
{
	(void)state;
	struct json *json = event_begin("boot");
	char text[1024];

	memset(text, 1, sizeof(text) - 1); /* the longest command line fits … */
	text[sizeof(text) - 1] = '\0';
	json_text(json, "cmdline", text);
	event_end(json);
	assert_int_equal(strlen(fake_serial), strlen("@amber {\"event\":\"boot\",\"cmdline\":\"\"}\n") + 6 * 1023);
	clear();
	json = event_begin("boot"); /* … two don't */
	json_text(json, "cmdline", text);
	json_text(json, "cmdline", text);
	event_end(json);
	expect("@amber {\"event\":\"boot\",\"overflow\":true}\n");
}

static bool console(const char *text, bool stands)
{
	char copy[64];
	bool is_printed = log_console(strcpy(copy, text), strlen(text), stands);

	log_console_draw();
	return is_printed;
}

/* The console's line stands; a kernel line ends it; going on with it is refused until it is begun anew. */
static void test_console_line(void **state)
{
	(void)state;
	assert_true(console("client\n", false));
	expect("client\n");
	assert_true(console("\ramber> a", true));
	assert_true(console("b", true));
	expect("amber> ab");
	assert_false(log_console_news());
	log_info("a", "one");
	log_info("a", "two");
	expect("\n[0.000000] a: one\n[0.000000] a: two\n");
	assert_true(log_console_news());
	assert_false(log_console_news());
	assert_false(console("c", true));
	assert_false(console("\n", false));
	expect("");
	assert_true(console("\ramber> abc", true));
	assert_true(console("\ramber> abcd", true));
	expect("amber> abc\ramber> abcd");
	assert_true(console("\n", false));
	log_info("a", "three");
	assert_false(log_console_news());
	assert_true(console("out", false));
	log_info("a", "four"); /* that wasn't to stand: it is just ended */
	assert_false(log_console_news());
	assert_true(console("put\n", false));
	expect("\n[0.000000] a: three\nout\n[0.000000] a: four\nput\n");
	assert_true(console("\ramber> ", true));
	log_info("a", "five");
	assert_true(console("\ramber> ", true)); /* begun anew before anybody told it: no news any more */
	assert_false(log_console_news());
	assert_true(console("\n", false));
	clear();
}

/* What a program prints never looks like an event, also in parts, and behind lines of the kernel. */
static void test_console_line_is_no_event(void **state)
{
	(void)state;
	assert_true(console("@amber {}\n@am", false));
	assert_true(console("ber {}\na", false));
	assert_true(console("@amber {}", false));
	log_info("a", "one");
	assert_true(console("@amber {}\n", false));
	assert_true(console("\r", true));
	assert_true(console("@amber {}", true));
	event_end(event_begin("e"));
	assert_true(console("\r@amber {}", true));
	assert_true(console("\n", false));
	expect(".amber {}\n.amber {}\na@amber {}\n[0.000000] a: one\n.amber {}\n.amber {}\n@amber {\"event\":\"e\"}\n.amber {}\n");
}

/* Events are on serial only: what stands on the screen stays, and is drawn over. */
static void test_console_line_and_event(void **state)
{
	(void)state;
	fake_columns = 80;
	fake_rows = 25;
	assert_true(console("\ramber> a", true));
	screen_row(24, "amber> a");
	event_end(event_begin("e"));
	expect("amber> a\n@amber {\"event\":\"e\"}\n");
	assert_true(log_console_news());
	assert_false(console("b", true));
	assert_true(console("\ramber> ab\x1b[K", true));
	expect("amber> ab\x1b[K");
	screen_row(24, "amber> ab");
	log_error("e", "an error");
	screen_row(23, "amber> ab");
	screen_row(24, "[0.000000] e: an error");
	assert_true(fake_highlight[24] && !fake_highlight[23]);
	assert_true(console("\ramber> ab", true));
	screen_row(24, "amber> ab");
	assert_int_equal(fake_cursor_row, 24);
	assert_int_equal(fake_cursor_column, 9);
	assert_true(console("\n", false));
	fake_columns = fake_rows = 0;
	clear();
}

static void test_lock(void **state)
{
	(void)state;
	static struct lock lock = LOCK_INIT("test");
	uint64_t outer = lock_acquire(&lock);

	assert_false(fake_irqs_are_enabled);
	assert_int_equal(lock.holder, 1);
	if (setjmp(panic_jump) == 0) {
		lock_acquire(&lock);
		fail();
	}
	assert_string_equal(panic_text, "lock 'test' taken twice by CPU 0");
	lock_release(&lock, outer);
	assert_true(fake_irqs_are_enabled);
	if (setjmp(panic_jump) == 0) {
		lock_release(&lock, outer);
		fail();
	}
	assert_string_equal(panic_text, "lock 'test' released by CPU 0, which does not hold it");
}

static void test_log_locks(void **state)
{
	(void)state;
	log_lock_live = true;
	log_info("a", "locked");
	expect("[0.000000] a: locked\n");
	log_break_lock();
	log_info("a", "after panic");
	expect("[0.000000] a: after panic\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_line),
		cmocka_unit_test_setup(test_time, setup),
		cmocka_unit_test_setup(test_levels, setup),
		cmocka_unit_test_setup(test_raw, setup),
		cmocka_unit_test_setup(test_long_line_is_cut, setup),
		cmocka_unit_test_setup(test_screen, setup),
		cmocka_unit_test_setup(test_screen_wraps_and_hides, setup),
		cmocka_unit_test_setup(test_small_screen, setup),
		cmocka_unit_test_setup(test_event, setup),
		cmocka_unit_test_setup(test_event_flushes_first, setup),
		cmocka_unit_test_setup(test_event_too_long, setup),
		cmocka_unit_test_setup(test_console_line, setup),
		cmocka_unit_test_setup(test_console_line_is_no_event, setup),
		cmocka_unit_test_setup(test_console_line_and_event, setup),
		cmocka_unit_test_setup(test_lock, setup),
		cmocka_unit_test_setup(test_log_locks, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
