/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/multiboot2_screen_test.c: the framebuffer tag: each field good, at its edges, bad, and damaged at random.
 *
 * sources: boot/multiboot2_screen.c mm/memory_map.c kernel/format.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <amber/boot_info.h>
#include <amber/types.h>

#include "multiboot2.h"

struct __attribute__((packed)) screen_tag {
	uint32_t type, size;
	uint64_t addr;
	uint32_t pitch, width, height;
	uint8_t bits, kind;
	uint16_t reserved;
	uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits;
};

static struct boot_info info;

/* As OVMF has it. */
static const struct screen_tag usual = {
	.type = 8, .size = 38, .addr = 0x80000000, .pitch = 5120, .width = 1280, .height = 800, .bits = 32, .kind = 1,
	.red_at = 16, .red_bits = 8, .green_at = 8, .green_bits = 8, .blue_at = 0, .blue_bits = 8,
};

static void read_tag(struct screen_tag tag)
{
	/* Exactly its bytes, so that the sanitizer sees a read behind them. */
	uint8_t *copy = malloc(tag.size);

	memcpy(copy, &tag, MIN((size_t)tag.size, sizeof(tag)));
	multiboot2_screen_read(copy, tag.size, &info);
	free(copy);
}

static void assert_refused(struct screen_tag tag, const char *why)
{
	read_tag(tag);
	assert_string_equal(info.framebuffer_refused, why);
	assert_int_equal(info.framebuffer.pixel_bytes, 0);
	assert_false(info.text_screen);
}

#define WITH(...) ({ struct screen_tag t = usual; __VA_ARGS__; t; })

static void test_good_ones(void **state)
{
	(void)state;
	read_tag(usual);
	assert_string_equal(info.framebuffer_refused, "");
	assert_false(info.text_screen);
	assert_int_equal(info.framebuffer.start, 0x80000000);
	assert_int_equal(info.framebuffer.pitch, 5120);
	assert_int_equal(info.framebuffer.width, 1280);
	assert_int_equal(info.framebuffer.height, 800);
	assert_int_equal(info.framebuffer.pixel_bytes, 4);
	assert_int_equal(info.framebuffer.red_at, 16);
	assert_int_equal(info.framebuffer.blue_bits, 8);
	read_tag(WITH(t.bits = 24, t.width = 640, t.height = 400, t.pitch = 1920));
	assert_int_equal(info.framebuffer.pixel_bytes, 3);
	read_tag(WITH(t.addr = (1ull << 48) - 5120 * 800));
	assert_int_equal(info.framebuffer.pixel_bytes, 4);
	read_tag(WITH(t.kind = 2, t.addr = 0xb8000, t.width = 80, t.height = 25, t.bits = 16, t.size = 31));
	assert_true(info.text_screen);
	assert_int_equal(info.framebuffer.pixel_bytes, 0);
	assert_string_equal(info.framebuffer_refused, "");
}

static void test_sizes(void **state)
{
	(void)state;
	assert_refused(WITH(t.size = 8), "framebuffer: a tag of 8 bytes is too small");
	assert_refused(WITH(t.size = 30), "framebuffer: a tag of 30 bytes is too small");
	assert_refused(WITH(t.size = 37), "framebuffer: a tag of 37 bytes has no colours");
	assert_refused(WITH(t.width = 639), "framebuffer: 639 x 800 pixels: not between 640 x 400 and 8192 x 8192");
	assert_refused(WITH(t.height = 399), "framebuffer: 1280 x 399 pixels: not between 640 x 400 and 8192 x 8192");
	assert_refused(WITH(t.width = 8193), "framebuffer: 8193 x 800 pixels: not between 640 x 400 and 8192 x 8192");
	assert_refused(WITH(t.height = ~0u), "framebuffer: 1280 x 4294967295 pixels: not between 640 x 400 and 8192 x 8192");
	assert_refused(WITH(t.bits = 16), "framebuffer: 16 bits per pixel, neither 32 nor 24");
	assert_refused(WITH(t.bits = 0), "framebuffer: 0 bits per pixel, neither 32 nor 24");
	assert_refused(WITH(t.pitch = 5119), "framebuffer: rows of 5119 bytes don't hold 1280 pixels of 32 bits");
	assert_refused(WITH(t.pitch = 0), "framebuffer: rows of 0 bytes don't hold 1280 pixels of 32 bits");
	assert_refused(WITH(t.pitch = ~0u), "framebuffer: 3435973836000 bytes are absurd");
	assert_refused(WITH(t.pitch = 0x1000000), "framebuffer: 13421772800 bytes are absurd");
}

static void test_addresses(void **state)
{
	(void)state;
	assert_refused(WITH(t.addr = 0), "framebuffer: 0x0, 4096000 bytes: no pages of memory");
	assert_refused(WITH(t.addr = 0x80000004), "framebuffer: 0x80000004, 4096000 bytes: no pages of memory");
	assert_refused(WITH(t.addr = 1ull << 48), "framebuffer: 0x1000000000000, 4096000 bytes: no pages of memory");
	assert_refused(WITH(t.addr = (1ull << 48) - 5120 * 800 + 4096),
	               "framebuffer: 0xffffffc19000, 4096000 bytes: no pages of memory");
	assert_refused(WITH(t.addr = -4096ull), "framebuffer: 0xfffffffffffff000, 4096000 bytes: no pages of memory");
}

static void test_kinds_and_colours(void **state)
{
	(void)state;
	assert_refused(WITH(t.kind = 0), "framebuffer: type 0 is neither direct colours nor text");
	assert_refused(WITH(t.kind = 3), "framebuffer: type 3 is neither direct colours nor text");
	assert_refused(WITH(t.kind = 2), "framebuffer: text of 1280 x 800 at 0x80000000 is not the usual screen");
	assert_refused(WITH(t.kind = 2, t.addr = 0xb8000, t.width = 132, t.height = 25),
	               "framebuffer: text of 132 x 25 at 0xb8000 is not the usual screen");
	assert_refused(WITH(t.red_at = 25), "framebuffer: colours 25+8, 8+8, 0+8 don't fit 32 bits");
	assert_refused(WITH(t.red_at = 255), "framebuffer: colours 255+8, 8+8, 0+8 don't fit 32 bits");
	assert_refused(WITH(t.red_at = 12), "framebuffer: colours 12+8, 8+8, 0+8 don't fit 32 bits");
	assert_refused(WITH(t.green_at = 7), "framebuffer: colours 16+8, 7+8, 0+8 don't fit 32 bits");
	assert_refused(WITH(t.blue_at = 16), "framebuffer: colours 16+8, 8+8, 16+8 don't fit 32 bits");
	assert_refused(WITH(t.blue_bits = 0), "framebuffer: colours 16+8, 8+8, 0+0 don't fit 32 bits");
	assert_refused(WITH(t.green_bits = 9), "framebuffer: colours 16+8, 8+9, 0+8 don't fit 32 bits");
	assert_refused(WITH(t.bits = 24, t.red_at = 17), "framebuffer: colours 17+8, 8+8, 0+8 don't fit 24 bits");
}

static void test_the_last_tag_counts_whole(void **state)
{
	(void)state;
	read_tag(usual);
	assert_refused(WITH(t.bits = 16), "framebuffer: 16 bits per pixel, neither 32 nor 24");
	read_tag(WITH(t.kind = 2, t.addr = 0xb8000, t.width = 80, t.height = 25));
	read_tag(usual);
	assert_false(info.text_screen);
	assert_string_equal(info.framebuffer_refused, "");
}

static void memory(paddr_t start, uint64_t bytes, enum memory_kind kind)
{
	info.memory = (struct memory_map){ 0 };
	assert_int_equal(memory_map_add(&info.memory, 0x100000, 0x1000, MEMORY_USABLE), OK);
	assert_int_equal(memory_map_add(&info.memory, start, bytes, kind), OK);
	assert_int_equal(memory_map_finish(&info.memory), OK);
	read_tag(usual);
	multiboot2_screen_check_memory(&info);
}

static void test_ram_is_refused(void **state)
{
	static const enum memory_kind kinds[] = { MEMORY_USABLE, MEMORY_ACPI, MEMORY_BOOT };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		memory(0x803e7000, 0x1000, kinds[i]); /* its last page */
		assert_string_equal(info.framebuffer_refused, "framebuffer: 0x80000000 to 0x803e8000 lies in RAM");
		assert_int_equal(info.framebuffer.pixel_bytes, 0);
		memory(0x7f000000, 0x1001000, kinds[i]); /* its first page */
		assert_string_equal(info.framebuffer_refused, "framebuffer: 0x80000000 to 0x803e8000 lies in RAM");
		memory(0x803e8000, 0x1000, kinds[i]);
		assert_string_equal(info.framebuffer_refused, "");
		memory(0x7f000000, 0x1000000, kinds[i]);
		assert_string_equal(info.framebuffer_refused, "");
	}
	memory(0x80000000, 0x1000000, MEMORY_RESERVED);
	assert_string_equal(info.framebuffer_refused, "");
	assert_int_equal(info.framebuffer.pixel_bytes, 4);
}

/* Whatever is accepted can be mapped and drawn on. */
static void test_damaged(void **state)
{
	uint64_t accepted = 0;

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 200000; round++) {
		struct screen_tag tag = usual;
		uint8_t *bytes = (uint8_t *)&tag;
		const struct boot_framebuffer *screen = &info.framebuffer;

		for (int i = rand() % 3; i >= 0; i--)
			bytes[8 + rand() % (sizeof(tag) - 8)] ^= (uint8_t)(1u << rand() % 8);
		read_tag(tag);
		assert_int_equal(strlen(info.framebuffer_refused) > 0, !screen->pixel_bytes && !info.text_screen);
		if (!screen->pixel_bytes)
			continue;
		accepted++;
		assert_true(screen->pixel_bytes == 3 || screen->pixel_bytes == 4);
		assert_true(screen->width >= 640 && screen->height >= 400);
		assert_true((uint64_t)screen->width * screen->pixel_bytes <= screen->pitch);
		assert_true((uint64_t)screen->pitch * screen->height <= MIB(64));
		assert_true(!(screen->start & PAGE_MASK) && screen->start + (uint64_t)screen->pitch * screen->height <= 1ull << 48);
		assert_true(screen->red_at + screen->red_bits <= 8 * screen->pixel_bytes && screen->red_bits <= 8);
	}
	assert_true(accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_ones),         cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_addresses),         cmocka_unit_test(test_kinds_and_colours),
		cmocka_unit_test(test_ram_is_refused),    cmocka_unit_test(test_the_last_tag_counts_whole),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
