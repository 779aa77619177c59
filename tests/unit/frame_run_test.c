/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/frame_run_test.c: runs of frame-table entries against the plain loop, at every alignment, length and place of
 * the odd entry; nothing beside the run is read (address sanitizer) or written.
 *
 * sources: mm/frame_run.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame_run.h"

#define LENGTH_MAX 70

static const struct frame usual = { FRAME_KERNEL, 1, 3 };
static const struct frame odd_ones[] = { { FRAME_SEALED, 1, 3 }, { FRAME_KERNEL, 0, 3 }, { FRAME_KERNEL, 1, 2 }, { FRAME_KERNEL, 1, 259 } };

static bool is_same(struct frame a, struct frame b)
{
	return a.type == b.type && a.level == b.level && a.writable == b.writable;
}

/* Exactly as many entries as asked for, so that a read behind them is seen; `shift` 1: not 8-byte aligned. */
static struct frame *frames(unsigned count, unsigned shift, void **memory)
{
	struct frame *frame = *memory = malloc((count + shift) * sizeof(*frame));

	for (unsigned i = 0; i < count + shift; i++)
		frame[i] = usual;
	return frame + shift;
}

static void check_reading(struct frame *frame, unsigned count)
{
	bool alike = true;
	unsigned length = 0;

	for (unsigned i = 0; i < count; i++)
		alike = alike && is_same(frame[i], frame[0]);
	while (length < count && frame[length].type == frame[0].type)
		length++;
	assert_int_equal(frame_run_is_alike(frame, count), alike);
	assert_int_equal(frame_run_length(frame, count), length);
}

static void test_reading(void **state)
{
	(void)state;
	for (unsigned shift = 0; shift < 2; shift++)
		for (unsigned count = 1; count <= LENGTH_MAX; count++) {
			void *memory;
			struct frame *frame = frames(count, shift, &memory);

			check_reading(frame, count);
			for (unsigned i = 0; i < count; i++)
				for (unsigned k = 0; k < sizeof(odd_ones) / sizeof(odd_ones[0]); k++) {
					frame[i] = odd_ones[k];
					check_reading(frame, count);
					frame[i] = usual;
				}
			free(memory);
		}
}

/* Types that differ behind entries that differ only in their counts. */
static void test_random_runs(void **state)
{
	(void)state;
	srand(5);
	for (unsigned round = 0; round < 20000; round++) {
		void *memory;
		unsigned count = 1 + rand() % LENGTH_MAX;
		struct frame *frame = frames(count, rand() % 2, &memory);

		for (unsigned i = rand() % 3; i; i--)
			frame[rand() % count] = odd_ones[rand() % 4];
		check_reading(frame, count);
		free(memory);
	}
}

static void test_setting(void **state)
{
	struct frame frame[LENGTH_MAX + 20], value = { FRAME_RING, 2, 0xabcd };

	(void)state;
	for (unsigned start = 0; start < 18; start++)
		for (unsigned count = 0; count <= LENGTH_MAX; count++) {
			for (unsigned i = 0; i < LENGTH_MAX + 20; i++)
				frame[i] = usual;
			frame_run_set(&frame[start], count, value);
			for (unsigned i = 0; i < LENGTH_MAX + 20; i++)
				assert_true(is_same(frame[i], i >= start && i < start + count ? value : usual));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_random_runs),
		cmocka_unit_test(test_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
