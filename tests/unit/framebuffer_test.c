/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/framebuffer_test.c: characters on a framebuffer of every form, compared with a drawing that goes dot by dot;
 * what lies outside the picture stays as it was.
 *
 * sources: arch/x86_64/framebuffer.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framebuffer.h"

#define GUARD 4096

/* Any dots will do: no two rows alike, so that a wrong one shows. */
const uint8_t screen_font[GLYPH_COUNT][GLYPH_ROWS] = {
	[0] = { 0 },
	['A' - 0x20] = { 0x01, 0x80, 0xff, 0x3c, 0x55, 0xaa, 0x7e, 0x81, 0x10, 0x02, 0xc3, 0x99, 0x66, 0x18, 0xe7, 0x5a },
	['~' - 0x20] = { 0xfe, 0x7f, 0x01, 0x80, 0x00, 0xff, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x0f, 0xa5 },
};

static struct boot_framebuffer screen;
static uint8_t *memory, *wanted;
static size_t bytes;

static void begin(struct boot_framebuffer form)
{
	screen = form;
	bytes = (size_t)form.pitch * form.height;
	memory = malloc(bytes + 2 * GUARD);
	wanted = malloc(bytes + 2 * GUARD);
	memset(memory, 0xc7, bytes + 2 * GUARD);
	memcpy(wanted, memory, bytes + 2 * GUARD);
	memset(wanted + GUARD, 0, bytes);
	framebuffer_learn(&screen);
	framebuffer_start(memory + GUARD);
}

static void finish(void)
{
	assert_memory_equal(memory, wanted, bytes + 2 * GUARD);
	free(memory);
	free(wanted);
}

static uint32_t pixel(uint32_t red, uint32_t green, uint32_t blue)
{
	return red * ((1u << screen.red_bits) - 1) / 255 << screen.red_at | green * ((1u << screen.green_bits) - 1) / 255 << screen.green_at |
	       blue * ((1u << screen.blue_bits) - 1) / 255 << screen.blue_at;
}

/* The drawing as one would do it by hand. */
static void want(unsigned column, unsigned row, char c, bool highlight)
{
	uint32_t scale = screen.width / 640 < screen.height / 400 ? screen.width / 640 : screen.height / 400;
	uint32_t text = highlight ? pixel(255, 255, 255) : pixel(170, 170, 170), ground = highlight ? pixel(170, 0, 0) : 0;

	scale = scale > 4 ? 4 : scale;
	for (uint32_t y = 0; y < 16 * scale; y++)
		for (uint32_t x = 0; x < 8 * scale; x++) {
			bool dot = screen_font[c - 0x20][y / scale] >> (7 - x / scale) & 1;
			uint32_t value = dot ? text : ground;
			uint32_t left = (screen.width - 640 * scale) / 2 + column * 8 * scale + x;
			uint32_t top = (screen.height - 400 * scale) / 2 + row * 16 * scale + y;

			memcpy(wanted + GUARD + (size_t)top * screen.pitch + left * screen.pixel_bytes, &value, screen.pixel_bytes);
		}
}

static void put(unsigned column, unsigned row, char c, bool highlight)
{
	framebuffer_put(column, row, c, highlight);
	want(column, row, c, highlight);
}

#define RGB .red_at = 16, .red_bits = 8, .green_at = 8, .green_bits = 8, .blue_at = 0, .blue_bits = 8

static void test_every_form(void **state)
{
	static const struct boot_framebuffer forms[] = {
		{ .pitch = 2560, .width = 640, .height = 400, .pixel_bytes = 4, RGB },
		{ .pitch = 1920, .width = 640, .height = 400, .pixel_bytes = 3, RGB },
		{ .pitch = 5120, .width = 1280, .height = 800, .pixel_bytes = 4, RGB },
		{ .pitch = 2404, .width = 801, .height = 603, .pixel_bytes = 3, RGB },
		{ .pitch = 8192, .width = 1921, .height = 1201, .pixel_bytes = 4, RGB },
		{ .pitch = 15360, .width = 3840, .height = 2160, .pixel_bytes = 4, RGB },
		{ .pitch = 2560, .width = 640, .height = 400, .pixel_bytes = 4, .red_at = 0, .red_bits = 8, .green_at = 8, .green_bits = 8,
		  .blue_at = 24, .blue_bits = 8 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		begin(forms[i]);
		put(0, 0, 'A', false);
		put(79, 0, '~', true);
		put(0, 24, '~', false);
		put(79, 24, 'A', true);
		put(40, 12, 'A', false);
		put(40, 12, '~', true); /* over it */
		put(41, 12, ' ', true);
		finish();
	}
}

static void test_what_is_no_cell_or_no_character_is_left_out(void **state)
{
	(void)state;
	begin((struct boot_framebuffer){ .pitch = 2560, .width = 640, .height = 400, .pixel_bytes = 4, RGB });
	framebuffer_put(80, 0, 'A', true);
	framebuffer_put(0, 25, 'A', true);
	framebuffer_put(~0u, ~0u, 'A', true);
	framebuffer_put(0, 0, '\x1f', true);
	framebuffer_put(0, 0, '\x7f', true);
	framebuffer_put(0, 0, (char)0xff, true);
	framebuffer_put(0, 0, '\0', true);
	finish();
}

/* First of all: no address is known, so nothing may be stored. */
static void test_off_until_it_is_mapped(void **state)
{
	struct boot_framebuffer form = { .pitch = 2560, .width = 640, .height = 400, .pixel_bytes = 4, RGB };

	(void)state;
	assert_false(framebuffer_is_on());
	framebuffer_put(0, 0, 'A', false);
	framebuffer_learn(&form);
	framebuffer_put(0, 0, 'A', false);
	assert_false(framebuffer_is_on());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off_until_it_is_mapped),
		cmocka_unit_test(test_every_form),
		cmocka_unit_test(test_what_is_no_cell_or_no_character_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
