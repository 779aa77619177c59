/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/console_state_test.c: what one console driver leaves to the next: all that keys can make of it passes for sane; each
 * number that would lead out of bounds doesn't; and what passes, however it came about, can be edited and drawn.
 *
 * sources: user/program/console/sane.c user/program/console/line.c user/program/console/view.c user/program/console/keys.c user/program/console/keyboard.c
 * flags: -I user/program/console
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "state.h"

static struct state kept;

static int begin(void **state)
{
	(void)state;
	srand(1);
	memset(&kept, 0, sizeof(kept));
	line_begin(&kept.editor, "amber> ", 7, "", 0, 0);
	return 0;
}

/* A key, and what follows from it: no key must make this leave its bounds. */
static void press(uint8_t key)
{
	struct view view;
	char bytes[VIEW_UPDATE_MAX];

	if (line_key(&kept.editor, key) > LINE_CLEAR_SCREEN)
		line_begin(&kept.editor, "amber> ", 7, "", 0, 0);
	view_make(&kept.editor, &view);
	assert_in_range(view_update(NULL, &view, true, bytes), 1, VIEW_UPDATE_MAX);
}

static void test_what_keys_leave_is_sane(void **state)
{
	(void)state;
	assert_true(state_is_sane(&kept));
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t key = (uint8_t)(rand() % 4 ? rand() % 0x90 : 'a');

		press(key_from_terminal(&kept.terminal, (uint8_t)rand()));
		press(key_from_keyboard(&kept.keyboard, (uint8_t)rand()));
		press(key);
		if (queue_put(&kept.queue, key) && rand() % 2)
			(void)queue_get(&kept.queue, &key);
		assert_true(state_is_sane(&kept));
	}
	for (unsigned i = 0; i < 1000; i++) /* too long a line, and then the way back through the history */
		press(i < 300 ? 'x' : i < 310 ? KEY_BACKSPACE : KEY_UP);
	assert_true(state_is_sane(&kept));
}

static void test_each_number_that_is_none(void **state)
{
	uint8_t *flags[] = { (uint8_t *)&kept.terminal.has_number, (uint8_t *)&kept.terminal.has_returned, (uint8_t *)&kept.is_reading,
		             (uint8_t *)&kept.is_completing, (uint8_t *)&kept.is_cut, (uint8_t *)&kept.is_owed, (uint8_t *)&kept.is_dropping,
		             (uint8_t *)&kept.is_busy, (uint8_t *)&kept.keyboard.is_extended, (uint8_t *)&kept.keyboard.left_shift,
		             (uint8_t *)&kept.keyboard.num_is_down };
	struct { unsigned *number, bad; } numbers[] = {
		{ &kept.editor.line.length, LINE_CHARACTERS + 1 }, { &kept.editor.line.length, ~0u }, { &kept.editor.line.cursor, 1 },
		{ &kept.editor.unfinished.length, LINE_CHARACTERS + 1 }, { &kept.editor.unfinished.cursor, 1 },
		{ &kept.editor.history[31].length, LINE_CHARACTERS + 1 }, { &kept.editor.prompt_length, PROMPT_MAX + 1 },
		{ &kept.editor.excess, 1 }, { &kept.editor.first, LINE_CHARACTERS + 1 }, { &kept.editor.history_count, HISTORY_LINES + 1 },
		{ &kept.editor.history_count, 1 }, { &kept.editor.history_next, 1 }, { &kept.editor.history_next, HISTORY_LINES },
		{ &kept.editor.steps_back, 1 }, { &kept.queue.first, QUEUE_KEYS }, { &kept.queue.count, QUEUE_KEYS + 1 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		unsigned good = *numbers[i].number;

		*numbers[i].number = numbers[i].bad;
		assert_false(state_is_sane(&kept));
		*numbers[i].number = good;
		assert_true(state_is_sane(&kept));
	}
	for (unsigned i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		*flags[i] = 2;
		assert_false(state_is_sane(&kept));
		*flags[i] = 0;
	}
	kept.keyboard.skip = PAUSE_BYTES + 1;
	assert_false(state_is_sane(&kept));
	kept.keyboard.skip = PAUSE_BYTES;
	assert_true(state_is_sane(&kept));
	press('x');
	kept.editor.line.text[0] = '\x1b';
	assert_false(state_is_sane(&kept));
	kept.editor.line.text[0] = (char)0x9b;
	assert_false(state_is_sane(&kept));
	kept.editor.line.text[0] = 'x';
	kept.editor.prompt[6] = '\n';
	assert_false(state_is_sane(&kept));
}

/* Some of its bytes, or words, are others. */
static void spoil(void)
{
	for (unsigned n = (unsigned)rand() % 4; n; n--) {
		size_t at = rand() % 2 ? (size_t)rand() % sizeof(kept) : offsetof(struct state, editor.history_count) + (size_t)rand() % 12;

		((uint8_t *)&kept)[at] = (uint8_t)(rand() % 2 ? rand() : rand() % 3);
	}
}

static void test_what_passes_can_be_used(void **state)
{
	unsigned passed = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t key;

		spoil();
		if (!state_is_sane(&kept)) {
			begin(NULL);
			srand(i + 2);
			continue;
		}
		passed++;
		for (unsigned n = 0; n < 8; n++) {
			press(queue_get(&kept.queue, &key) ? key : (uint8_t)(rand() % 0x90));
			press(key_from_terminal(&kept.terminal, (uint8_t)rand()));
			press(key_from_keyboard(&kept.keyboard, (uint8_t)rand()));
		}
	}
	assert_in_range(passed, 5000, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_keys_leave_is_sane, begin),
		cmocka_unit_test_setup(test_each_number_that_is_none, begin),
		cmocka_unit_test_setup(test_what_passes_can_be_used, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
