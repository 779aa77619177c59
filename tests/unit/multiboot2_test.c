/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/multiboot2_test.c: Multiboot2 boot information, good, bad and damaged at random.
 *
 * sources: boot/multiboot2.c boot/multiboot2_screen.c boot/boot_fill.c mm/memory_map.c kernel/format.c
 */
#include "untrusted_input.h"

#include "multiboot2.h"

#define MEMORY_BYTES 16384
#define INFO_AT      0x1000 /* as if it lay there in physical memory */

static struct boot_info info;
static char why[WHY_BYTES];
static uint8_t *memory;
static uint32_t end; /* offset of the next tag in the boot information */

static void put32(uint32_t offset, uint32_t value)
{
	memcpy(memory + INFO_AT + offset, &value, sizeof(value));
}

static void put64(uint32_t offset, uint64_t value)
{
	memcpy(memory + INFO_AT + offset, &value, sizeof(value));
}

/* Appends a tag and returns its offset. */
static uint32_t tag(uint32_t type, const void *content, uint32_t bytes)
{
	uint32_t at = end;

	put32(at, type);
	put32(at + 4, 8 + bytes);
	if (content)
		memcpy(memory + INFO_AT + at + 8, content, bytes);
	end = (uint32_t)ALIGN_UP(at + 8 + bytes, 8);
	return at;
}

static uint32_t tag_memory(unsigned count)
{
	uint32_t at = tag(6, NULL, 8 + 24 * count);

	put32(at + 8, 24);
	put32(at + 12, 0);
	return at;
}

static void entry(uint32_t map, unsigned index, uint64_t start, uint64_t bytes, uint32_t type)
{
	put64(map + 16 + 24 * index, start);
	put64(map + 24 + 24 * index, bytes);
	put32(map + 32 + 24 * index, type);
}

/* A PC with 128 MiB; the tag's offset is returned. */
static uint32_t tag_memory_usual(void)
{
	uint32_t map = tag_memory(5);

	entry(map, 0, 0, 0x9fc00, 1);
	entry(map, 1, 0x9fc00, 0x400, 2);
	entry(map, 2, 0xf0000, 0x10000, 2);
	entry(map, 3, 0x100000, 0x7ee0000, 1);
	entry(map, 4, 0x7fe0000, 0x20000, 3);
	return map;
}

static void begin(void)
{
	memset(memory, 0xa5, MEMORY_BYTES);
	end = 8;
}

/* Writes the end tag and the total size. */
static void finish(void)
{
	tag(0, NULL, 0);
	put32(0, end);
}

static enum error parse(void)
{
	enum error error = multiboot2_parse(memory, MEMORY_BYTES, INFO_AT, &info, why, sizeof(why));

	assert_parsed(error, &info, why);
	return error;
}

static void assert_refused(const char *reason)
{
	assert_int_equal(parse(), ERR_INVALID);
	assert_string_equal(why, reason);
}

static int setup(void **state)
{
	(void)state;
	memory = guarded_new(MEMORY_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guarded_free(memory, MEMORY_BYTES);
	return 0;
}

static uint32_t framebuffer(uint64_t addr, uint32_t width, uint32_t height, uint8_t type)
{
	uint32_t at = tag(8, NULL, 24);

	put64(at + 8, addr);
	put32(at + 16, 160);
	put32(at + 20, width);
	put32(at + 24, height);
	memory[INFO_AT + at + 28] = 16;
	memory[INFO_AT + at + 29] = type;
	return at;
}

static void usual(void)
{
	static const char rsdp[36] = "RSD PTR ";

	begin();
	tag(1, "ro_fault=ignore x", 18);
	tag(2, "GRUB 2.06", 10);
	tag_memory_usual();
	framebuffer(0xb8000, 80, 25, 2);
	tag(14, rsdp, 20);
	finish();
}

static void test_usual(void **state)
{
	(void)state;
	usual();
	assert_int_equal(parse(), OK);
	assert_string_equal(info.cmdline, "ro_fault=ignore x");
	assert_false(info.cmdline_cut);
	assert_int_equal(info.protocol, BOOT_MULTIBOOT2);
	assert_true(info.text_screen);
	assert_int_equal(info.cpu_count, 1);
	assert_memory_equal(memory + info.rsdp, "RSD PTR ", 8);
	/* The information itself is kept, page-wise, out of low memory. */
	assert_true(memory_map_is(&info.memory, 0, 0x1000, MEMORY_USABLE));
	assert_true(memory_map_is(&info.memory, 0x1000, 0x2000, MEMORY_BOOT));
	assert_true(memory_map_is(&info.memory, 0x2000, 0x9f000, MEMORY_USABLE));
	assert_true(memory_map_is(&info.memory, 0x100000, 0x7fe0000, MEMORY_USABLE));
	assert_true(memory_map_is(&info.memory, 0x7fe0000, 0x8000000, MEMORY_ACPI));
}

static void test_newer_rsdp_is_better(void **state)
{
	uint32_t newer;

	(void)state;
	begin();
	tag_memory_usual();
	newer = tag(15, "RSD PTR 2222222222222222222222222222", 36);
	tag(14, "RSD PTR 111111111111", 20);
	finish();
	assert_int_equal(parse(), OK);
	assert_int_equal(info.rsdp, INFO_AT + newer + 8);
}

static void test_screens(void **state)
{
	(void)state;
	begin();
	tag_memory_usual();
	finish();
	assert_int_equal(parse(), OK);
	assert_false(info.text_screen);
	for (int i = 0; i < 4; i++) {
		begin();
		tag_memory_usual();
		framebuffer(i == 0 ? 0xfd000000 : 0xb8000, i == 1 ? 132 : 80, i == 2 ? 50 : 25, i == 3 ? 1 : 2);
		finish();
		assert_int_equal(parse(), OK);
		assert_false(info.text_screen);
		assert_memory_equal(info.framebuffer_refused, "framebuffer: ", 13);
	}
	/* Too short: no screen, but the boot goes on. */
	begin();
	tag(8, NULL, 22);
	tag_memory_usual();
	finish();
	assert_int_equal(parse(), OK);
	assert_string_equal(info.framebuffer_refused, "framebuffer: a tag of 30 bytes is too small");
}

static void module(uint32_t start, uint32_t stop)
{
	uint32_t at = tag(3, NULL, 9);

	put32(at + 8, start);
	put32(at + 12, stop);
}

static void test_modules(void **state)
{
	(void)state;
	begin();
	module(0x400800, 0x402001);
	module(0x500000, 0x500010);
	module(0x600000, 0x600000); /* empty */
	tag_memory_usual();
	finish();
	assert_int_equal(parse(), OK);
	assert_int_equal(info.initrd_start, 0x400800);
	assert_int_equal(info.initrd_end, 0x402001);
	assert_true(memory_map_is(&info.memory, 0x400000, 0x403000, MEMORY_BOOT));
	assert_true(memory_map_is(&info.memory, 0x500000, 0x501000, MEMORY_BOOT));

	begin();
	tag_memory_usual();
	module(0x402000, 0x401000);
	finish();
	assert_refused("multiboot2: initrd or module ends at 0x401000, before its start 0x402000");

	begin();
	tag_memory_usual();
	module(0x7fdf000, 0x7fe0001);
	finish();
	assert_refused("multiboot2: initrd or module at 0x7fdf000 to 0x7fe0001 is not in usable memory");

	begin();
	for (unsigned i = 0; i < 20; i++)
		module(0x400000 + i * 0x1000, 0x400010 + i * 0x1000);
	tag_memory_usual();
	finish();
	assert_refused("multiboot2: more than 16 areas handed over");
}

static void test_cmdline_lengths(void **state)
{
	static char text[2048];

	(void)state;
	for (size_t length = 1020; length < 1030; length++) {
		begin();
		memset(text, 'a', sizeof(text));
		text[length] = '\0';
		tag(1, text, (uint32_t)length + 1);
		tag_memory_usual();
		finish();
		assert_int_equal(parse(), OK);
		assert_int_equal(info.cmdline_bytes, MIN(length, (size_t)CMDLINE_MAX));
		assert_int_equal(info.cmdline_cut, length > CMDLINE_MAX);
	}
}

static void test_cmdline_without_end(void **state)
{
	(void)state;
	begin();
	tag(1, "exit=debug", 10);
	tag_memory_usual();
	finish();
	assert_refused("multiboot2: tag 1 at 0x8: the command line has no end");
	assert_string_equal(info.cmdline, "exit=debug"); /* what is there says how the run ends */
	begin();
	tag(1, "", 0);
	tag_memory_usual();
	finish();
	assert_refused("multiboot2: tag 1 at 0x8: the command line has no end");
}

static void test_cmdline_is_read_before_bad_tags(void **state)
{
	uint32_t map;

	(void)state;
	begin();
	map = tag_memory_usual();
	tag(1, "exit=debug", 11);
	put32(map + 8, 8);
	finish();
	assert_refused("multiboot2: tag 6 at 0x8: entries of 8 bytes don't fit into 136");
	assert_string_equal(info.cmdline, "exit=debug");
}

static void test_bad_header(void **state)
{
	static const uint32_t sizes[] = { 0, 8, 15, 0x3001, 0x100001, 0x7fffffff, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		usual();
		put32(0, sizes[i]);
		assert_int_equal(parse(), ERR_INVALID);
		assert_non_null(strstr(why, "is absurd"));
	}
	assert_int_equal(multiboot2_parse(memory, MEMORY_BYTES, INFO_AT + 4, &info, why, sizeof(why)), ERR_INVALID);
	assert_string_equal(why, "multiboot2: boot information at 0x1004: unaligned or out of reach");
	assert_int_equal(multiboot2_parse(memory, MEMORY_BYTES, MEMORY_BYTES, &info, why, sizeof(why)), ERR_INVALID);
	assert_int_equal(multiboot2_parse(memory, MEMORY_BYTES, ~7ull, &info, why, sizeof(why)), ERR_INVALID);
	assert_int_equal(multiboot2_parse(memory, 4, 0, &info, why, sizeof(why)), ERR_INVALID);
}

static void test_missing_end_tag(void **state)
{
	(void)state;
	usual();
	put32(0, end - 8);
	assert_int_equal(parse(), ERR_INVALID);
	assert_non_null(strstr(why, "no end tag"));
	put32(0, end - 1); /* half of one */
	assert_int_equal(parse(), ERR_INVALID);
	assert_non_null(strstr(why, "no end tag"));
}

static void test_bad_tag_sizes(void **state)
{
	static const uint32_t sizes[] = { 0xffffffff, 0xfffffff8, 0x80000000, 0x1000 };
	uint32_t at;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		begin();
		at = tag(99, NULL, 16);
		tag_memory_usual();
		finish();
		put32(at + 4, sizes[i]);
		assert_int_equal(parse(), ERR_INVALID);
		assert_non_null(strstr(why, "reaches behind the end"));
	}
	put32(at + 4, 7);
	assert_refused("multiboot2: tag 99 at 0x8: size 7 is too small");
	put32(at + 4, 0);
	assert_refused("multiboot2: tag 99 at 0x8: size 0 is too small");
}

static void test_short_tags(void **state)
{
	static const struct { uint32_t type, bytes; } tags[] = { { 3, 7 }, { 6, 4 }, { 14, 19 }, { 15, 35 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		char reason[WHY_BYTES];

		begin();
		tag(tags[i].type, NULL, tags[i].bytes);
		tag_memory_usual();
		finish();
		snprintf(reason, sizeof(reason), "multiboot2: tag %u at 0x8: size %u is too small", tags[i].type,
		         tags[i].bytes + 8);
		assert_refused(reason);
	}
}

static void test_memory_entries(void **state)
{
	uint32_t map;

	(void)state;
	begin();
	map = tag_memory_usual();
	finish();
	put32(map + 8, 0);
	assert_refused("multiboot2: tag 6 at 0x8: entries of 0 bytes don't fit into 136");
	put32(map + 8, 25);
	assert_refused("multiboot2: tag 6 at 0x8: entries of 25 bytes don't fit into 136");
	put32(map + 8, 24);
	entry(map, 3, 0x100000, ~0ull, 1);
	assert_refused("multiboot2: memory range at 0x100000, 0xffffffffffffffff bytes, ends beyond 2^48");
	entry(map, 3, 0x100000, 0, 1);
	assert_int_equal(parse(), OK); /* only low memory: form, not sense, is checked here */

	begin(); /* longer entries than known today */
	map = tag(6, NULL, 8 + 2 * 32);
	put32(map + 8, 32);
	put64(map + 16, 0x100000);
	put64(map + 24, 0x100000);
	put32(map + 32, 1);
	put64(map + 48, 0x200000);
	put64(map + 56, 0x100000);
	put32(map + 64, 5);
	finish();
	assert_int_equal(parse(), OK);
	assert_true(memory_map_is(&info.memory, 0x200000, 0x300000, MEMORY_RESERVED));
}

static void test_no_memory(void **state)
{
	uint32_t map;

	(void)state;
	begin();
	tag(1, "x", 2);
	finish();
	assert_refused("multiboot2: there is no memory map");
	begin();
	map = tag_memory(1);
	entry(map, 0, 0x100000, 0x100000, 2);
	finish();
	assert_refused("multiboot2: no usable memory in the memory map");
}

static void test_too_many_ranges(void **state)
{
	uint32_t map;

	(void)state;
	begin();
	map = tag_memory(MEMORY_RANGES_MAX + 1);
	for (unsigned i = 0; i <= MEMORY_RANGES_MAX; i++)
		entry(map, i, 0x100000 + i * 0x2000, 0x1000, 1);
	finish();
	assert_refused("multiboot2: more than 64 memory ranges");
	begin(); /* exactly as many, joined ones don't count */
	map = tag_memory(2 * MEMORY_RANGES_MAX);
	for (unsigned i = 0; i < 2 * MEMORY_RANGES_MAX; i++)
		entry(map, i, 0x100000 + i * 0x1000, 0x1000, 1);
	finish();
	assert_int_equal(parse(), OK);
}

static void test_random_damage(void **state)
{
	unsigned good = 0;

	(void)state;
	for (unsigned run = 0; run < 30000; run++) {
		usual();
		module(0x400000, 0x500000);
		finish();
		damage(memory + INFO_AT, end);
		if (run % 8 == 0)
			put32(0, (uint32_t)(random_next() % (end + 64)));
		good += parse() == OK;
	}
	assert_in_range(good, 100, 29900); /* else the damage hits nothing, or everything */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual),          cmocka_unit_test(test_newer_rsdp_is_better),
		cmocka_unit_test(test_screens),        cmocka_unit_test(test_modules),
		cmocka_unit_test(test_cmdline_lengths), cmocka_unit_test(test_cmdline_without_end),
		cmocka_unit_test(test_cmdline_is_read_before_bad_tags), cmocka_unit_test(test_bad_header),
		cmocka_unit_test(test_missing_end_tag), cmocka_unit_test(test_bad_tag_sizes),
		cmocka_unit_test(test_short_tags),     cmocka_unit_test(test_memory_entries),
		cmocka_unit_test(test_no_memory),      cmocka_unit_test(test_too_many_ranges),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
