/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/panic_story_test.c: the panic's story on a screen of 80 × 25, with names, chains and stacks of every length:
 * its first line is still there when its last one is, and nothing is lost between them.
 *
 * sources: tests/unit/fake_arch/fake_arch.c kernel/panic_story.c kernel/log.c kernel/console_filter.c kernel/text_screen.c kernel/lock.c kernel/format.c
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
#include "panic_story.h"
#include "violation_log.h"
#include <amber/log.h>
#include <amber/options.h>
#include <amber/symbols.h>

#define ROWS 25

struct options options;
struct violation_counts violation_counts;

/* What the story asks for; a test sets how long each is. */
static size_t words_length, name_length, stack_depth;
static uint64_t opened_pages;

static void fill(char *buf, size_t bytes, size_t length, char with)
{
	size_t n = MIN(length, bytes - 1);

	memset(buf, with, n);
	buf[n] = '\0';
}

void violation_words(const struct violation *violation, char *buf, size_t bytes)
{
	(void)violation;
	fill(buf, bytes, words_length, 'w');
}

const char *symbol_format(vaddr_t addr, char *buf, size_t bytes)
{
	fill(buf, bytes, name_length, (char)('A' + addr % 26));
	return buf;
}

const char *symbol_format_return(vaddr_t addr, char *buf, size_t bytes)
{
	return symbol_format(addr, buf, bytes);
}

unsigned backtrace_from(vaddr_t frame_pointer, vaddr_t *addresses, unsigned max)
{
	unsigned count = (unsigned)MIN(stack_depth, (size_t)max);

	(void)frame_pointer;
	for (unsigned i = 0; i < count; i++)
		addresses[i] = i;
	return count;
}

const char *thread_name(void)
{
	return "a-thread-of-15c";
}

uint64_t seal_unprotected_pages(void)
{
	return opened_pages;
}

unsigned panic_cpu(void)
{
	return 0;
}

void cpu_poll(void)
{
}

void panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

/* The text that the screen shows, rows joined as they were cut. */
static char shown[ROWS * 80 + 1];

static void read_screen(void)
{
	fake_serial[0] = '\0'; /* it would run full */
	for (unsigned row = 0; row < ROWS; row++)
		memcpy(shown + 80 * row, fake_screen[row], 80);
	shown[ROWS * 80] = '\0';
}

static unsigned times(const char *text)
{
	unsigned count = 0;

	for (const char *at = shown; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static struct violation make(unsigned asked, unsigned depth, const char *chain)
{
	struct violation violation = {
		.class = CLASS_DATA, .verdict = VERDICT_PANIC, .chain = chain, .asked_count = asked, .backtrace_count = depth,
		.initcall = "an_initcall", .context = CONTEXT_COMMIT, .thread = "a-thread-of-15c",
	};

	for (unsigned i = 0; i < asked; i++)
		violation.asked[i] = (struct violation_asked){ "log-and-unprotect", "the dry run was not possible here" };
	for (unsigned i = 0; i < depth; i++)
		violation.backtrace[i] = i;
	return violation;
}

static void tell(const struct violation *violation)
{
	for (unsigned i = 0; i < ROWS; i++)
		log_info("n", "before");
	panic_story_sealed(violation);
	log_error("panic", "halted");
	read_screen();
}

static int setup(void **state)
{
	(void)state;
	fake_columns = 80;
	fake_rows = ROWS;
	fake_time_us = 99999999999; /* the longest time that is planned for */
	options.loglevel = LOG_INFO;
	return 0;
}

static void test_an_ordinary_story_has_the_whole_stack(void **state)
{
	struct violation violation = make(2, VIOLATION_BACKTRACE_MAX, "same,panic");

	(void)state;
	words_length = 50;
	name_length = 20;
	tell(&violation);
	assert_int_equal(times("WRITE TO SEALED MEMORY"), 1);
	for (char name[21] = "AAAAAAAAAAAAAAAAAAAA", c = 'A'; c < 'A' + VIOLATION_BACKTRACE_MAX; c++) {
		memset(name, c, 20);
		assert_true(times(name) >= 1);
	}
	assert_int_equal(times("ro_fault=same,panic "), 1);
}

static void test_it_always_fits(void **state)
{
	static char chain[CHAIN_TEXT_MAX];
	static const size_t words[] = { 1, 60, 159 }, names[] = { 8, 40, 79, 200 }, chains[] = { 5, 90, 96, 97, CHAIN_TEXT_MAX - 1 };

	(void)state;
	for (unsigned asked = 0; asked <= VIOLATION_ASKED_MAX; asked++)
		for (unsigned i = 0; i < ARRAY_SIZE(words) * ARRAY_SIZE(names) * ARRAY_SIZE(chains) * 2; i++) {
			struct violation violation = make(asked, VIOLATION_BACKTRACE_MAX, chain);

			words_length = words[i % 3];
			name_length = names[i / 3 % 4];
			fill(chain, sizeof(chain), chains[i / 12 % 5], 'c');
			opened_pages = i / 60 ? 99999 : 0;
			tell(&violation);
			assert_int_equal(times("WRITE TO SEALED MEMORY"), 1);
			assert_int_equal(times("  what  w"), 1);
			assert_int_equal(times("a-thread-of-15c"), 1);
			assert_int_equal(times("an_initcall"), 1);
			assert_int_equal(times("  rule  ro_fault=c"), 1);
			assert_int_equal(times("log-and-unprotect: the dry run"), asked);
			assert_true(times("  stack A") == 1); /* at least the innermost */
			assert_int_equal(times(opened_pages ? "99999 pages opened before" : "sealed memory is unchanged"), 1);
			assert_int_equal(times("  next  try"), 1);
			assert_int_equal(times("halted"), 1);
		}
}

static void test_a_plain_panic_fits(void **state)
{
	char reason[200];

	(void)state;
	stack_depth = 50;
	for (size_t length = 1; length < sizeof(reason); length += 33) {
		fill(reason, sizeof(reason), length, 'r');
		name_length = length;
		for (unsigned i = 0; i < ROWS; i++)
			log_info("n", "before");
		panic_story_plain(reason, 0);
		log_error("panic", "halted");
		read_screen();
		assert_int_equal(times(" panic: r"), 1);
		assert_int_equal(times("  stack A"), 1);
		assert_int_equal(times("         H"), 1); /* the eighth */
		assert_int_equal(times("halted"), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_an_ordinary_story_has_the_whole_stack, setup),
		cmocka_unit_test_setup(test_it_always_fits, setup),
		cmocka_unit_test_setup(test_a_plain_panic_fits, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
