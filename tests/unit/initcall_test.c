/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/initcall_test.c: initcalls in order of their levels, failures with names, and the trace of who
 * wrote what. The sealed section is an array between the linker's names for its edges.
 *
 * sources: tests/unit/fake_kernel.c kernel/initcall.c kernel/initcall_trace.c kernel/format.c
 * flags: -I tests/unit/fake_arch -I arch/x86_64 -Wl,-T,tests/unit/host_sets.ld -Wl,-T,tests/unit/host_sealed.ld
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "initcall_trace.h"
#include "kernel_map.h"
#include "phys.h"
#include <amber/initcall.h>
#include <amber/options.h>

struct options options;

static uint64_t section[4096 / 8] __section("sealed_for_test") __aligned(4096);
static char order[64];
static uint64_t trace_memory[2 * 4096 / 8];

#define ADDR(i) ((vaddr_t)&section[i])

static enum error late_a(void)
{
	strcat(order, "a");
	section[0] = 1; /* already so: no trace of it */
	return OK;
}
INITCALL(INITCALL_LATE, late_a);

static enum error early_b(void)
{
	strcat(order, "b");
	section[1] = 7;
	section[2] = 7;
	return ERR_HARDWARE;
}
INITCALL(INITCALL_EARLY, early_b);

static enum error kernel_c(void)
{
	strcat(order, "c");
	section[0] = 1;
	section[1] = 1;
	return OK;
}
INITCALL(INITCALL_KERNEL, kernel_c);

static enum error device_d(void)
{
	strcat(order, "d");
	return OK;
}
INITCALL(INITCALL_DEVICE, device_d);

static enum error late_e(void)
{
	strcat(order, "e");
	((uint8_t *)section)[4095] = 9; /* the last byte */
	return OK;
}
INITCALL(INITCALL_LATE, late_e);

/* What initcalls_run asks mm for. */
enum error phys_alloc(uint64_t pages, paddr_t *first)
{
	assert_int_equal(pages, 2);
	*first = (vaddr_t)trace_memory - DIRECT_MAP_BASE;
	return OK;
}

static void run(void)
{
	order[0] = '\0';
	memset(section, 0, sizeof(section));
	section[3] = 3; /* written before the first initcall */
	fake_log_clear();
	initcalls_run();
}

static void test_order(void **state)
{
	(void)state;
	memset(&options, 0, sizeof(options));
	run();
	/* Which of the two in one level comes first is the linker's choice. */
	bool is_a_first = strcmp(order, "bdcae") == 0;
	assert_string_equal(order, is_a_first ? "bdcae" : "bdcea");
	options.initcall_reversed = true;
	run();
	assert_string_equal(order, is_a_first ? "bdcea" : "bdcae");
}

static void test_failure_is_named(void **state)
{
	(void)state;
	memset(&options, 0, sizeof(options));
	run();
	assert_non_null(strstr(fake_log_text, "init: initcall early_b failed: hardware does not answer\n"));
	assert_null(strstr(fake_log_text, "late_a failed"));
}

static void test_no_trace(void **state)
{
	(void)state;
	assert_null(initcall_trace_writer(ADDR(0), 8));
}

static void test_trace(void **state)
{
	(void)state;
	memset(&options, 0, sizeof(options));
	options.initcall_trace = true;
	run();
	assert_int_equal(initcall_trace_bytes(), 4096 + 512);
	assert_string_equal(initcall_trace_writer(ADDR(0), 8), "kernel_c");
	assert_string_equal(initcall_trace_writer(ADDR(1), 8), "kernel_c"); /* the last of two */
	assert_string_equal(initcall_trace_writer(ADDR(2), 8), "early_b");
	assert_null(initcall_trace_writer(ADDR(3), 8));
	assert_string_equal(initcall_trace_writer(ADDR(511) + 7, 1), "late_e");
	assert_string_equal(initcall_trace_writer(ADDR(511), 1), "late_e"); /* by 8 bytes */
	/* Ranges: the last of all that wrote in it. */
	assert_string_equal(initcall_trace_writer(ADDR(1) + 4, 8), "kernel_c");
	assert_string_equal(initcall_trace_writer(ADDR(2) + 4, 8), "early_b");
	assert_null(initcall_trace_writer(ADDR(3), 504 * 8));
	assert_string_equal(initcall_trace_writer(ADDR(0), 4096), "late_e");
	assert_string_equal(initcall_trace_writer(ADDR(511), UINT64_MAX), "late_e");
	/* Outside. */
	assert_null(initcall_trace_writer(ADDR(0) - 1, 8));
	assert_null(initcall_trace_writer(ADDR(512), 8));
	assert_null(initcall_trace_writer(ADDR(0), 0));
}

/* The notes lie in ordinary memory: whatever stands there, nothing is read behind a table. */
static void test_overwritten_notes(void **state)
{
	(void)state;
	memset((uint8_t *)trace_memory + 4096, 0xff, 512);
	assert_null(initcall_trace_writer(ADDR(0), 4096));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_trace),          cmocka_unit_test(test_order),
		cmocka_unit_test(test_failure_is_named),  cmocka_unit_test(test_trace),
		cmocka_unit_test(test_overwritten_notes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
