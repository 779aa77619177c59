/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/pvh_test.c: PVH start information, good, bad and damaged at random.
 *
 * sources: boot/pvh.c boot/boot_fill.c mm/memory_map.c kernel/format.c
 */
#include "untrusted_input.h"

#include "pvh.h"

#define MEMORY_BYTES 16384 /* "physical memory" that can be reached */
#define START_AT     0x100
#define MODULES_AT   0x200
#define MEMMAP_AT    0x400
#define CMDLINE_AT   0x3000

struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, cmdline, rsdp, memmap;
	uint32_t memmap_count, reserved;
};

struct entry {
	uint64_t start, bytes;
	uint32_t type, reserved;
};

struct module {
	uint64_t start, bytes, cmdline, reserved;
};

static struct boot_info info;
static char why[WHY_BYTES];
static uint8_t *memory;
static struct start_info *start;
static struct entry *entries;
static struct module *modules;

static void usual(void)
{
	static const struct entry map[] = {
		{ 0, 0x9fc00, 1, 0 },          { 0x9fc00, 0x400, 2, 0 },    { 0xf0000, 0x10000, 2, 0 },
		{ 0x100000, 0x7ee0000, 1, 0 }, { 0x7fe0000, 0x20000, 2, 0 },
	};

	memset(memory, 0xa5, MEMORY_BYTES);
	*start = (struct start_info){ .magic = 0x336ec578, .version = 1, .modules = MODULES_AT, .cmdline = CMDLINE_AT,
		                      .rsdp = 0xf5a40, .memmap = MEMMAP_AT, .memmap_count = 5 };
	memcpy(entries, map, sizeof(map));
	strcpy((char *)memory + CMDLINE_AT, "exit=debug");
}

static enum error parse(void)
{
	enum error error = pvh_parse(memory, MEMORY_BYTES, START_AT, &info, why, sizeof(why));

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
	start = (struct start_info *)(memory + START_AT);
	entries = (struct entry *)(memory + MEMMAP_AT);
	modules = (struct module *)(memory + MODULES_AT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guarded_free(memory, MEMORY_BYTES);
	return 0;
}

static void test_usual(void **state)
{
	(void)state;
	usual();
	assert_int_equal(parse(), OK);
	assert_int_equal(info.protocol, BOOT_PVH);
	assert_string_equal(info.cmdline, "exit=debug");
	assert_int_equal(info.rsdp, 0xf5a40);
	assert_true(info.text_screen);
	assert_int_equal(info.initrd_end, 0);
	assert_true(memory_map_is(&info.memory, 0, 0x9f000, MEMORY_USABLE));
	assert_true(memory_map_is(&info.memory, 0x9f000, 0xa0000, MEMORY_RESERVED));
	assert_int_equal(memory_map_highest(&info.memory, MEMORY_USABLE), 0x7fe0000);
}

static void test_no_cmdline(void **state)
{
	(void)state;
	usual();
	start->cmdline = 0;
	assert_int_equal(parse(), OK);
	assert_int_equal(info.cmdline_bytes, 0);
}

static void test_cmdline_lengths(void **state)
{
	(void)state;
	for (size_t length = 1020; length < 1030; length++) {
		usual();
		memset(memory + CMDLINE_AT, 'a', length);
		memory[CMDLINE_AT + length] = '\0';
		assert_int_equal(parse(), OK);
		assert_int_equal(info.cmdline_bytes, MIN(length, (size_t)CMDLINE_MAX));
		assert_int_equal(info.cmdline_cut, length > CMDLINE_MAX);
	}
	usual();
	memset(memory + CMDLINE_AT, 'a', MEMORY_BYTES - CMDLINE_AT);
	assert_int_equal(parse(), OK);
	assert_true(info.cmdline_cut);
}

static void test_cmdline_out_of_reach(void **state)
{
	(void)state;
	usual();
	start->cmdline = MEMORY_BYTES;
	assert_refused("pvh: command line at 0x4000 is out of reach");
	start->cmdline = UINT64_MAX;
	assert_refused("pvh: command line at 0xffffffffffffffff is out of reach");
	start->cmdline = MEMORY_BYTES - 16;
	memset(memory + MEMORY_BYTES - 16, 'a', 16);
	assert_refused("pvh: command line at 0x3ff0 has no end");
}

static void test_bad_start(void **state)
{
	(void)state;
	usual();
	start->magic = 0x36d76289;
	assert_refused("pvh: start information at 0x100: magic is 0x36d76289, not 0x336ec578");
	usual();
	start->version = 0;
	assert_refused("pvh: start information has version 0, which has no memory map");
	assert_string_equal(info.cmdline, "exit=debug");
	assert_int_equal(pvh_parse(memory, MEMORY_BYTES, MEMORY_BYTES - 8, &info, why, sizeof(why)), ERR_INVALID);
	assert_string_equal(why, "pvh: start information at 0x3ff8 is out of reach");
	assert_int_equal(pvh_parse(memory, MEMORY_BYTES, UINT64_MAX - 3, &info, why, sizeof(why)), ERR_INVALID);
	assert_int_equal(pvh_parse(memory, 16, 0, &info, why, sizeof(why)), ERR_INVALID);
}

static void test_bad_memmap(void **state)
{
	(void)state;
	usual();
	start->memmap_count = 0;
	assert_refused("pvh: there is no memory map");
	assert_string_equal(info.cmdline, "exit=debug"); /* so exit=debug counts */
	usual();
	start->memmap = 0;
	assert_refused("pvh: there is no memory map");
	usual();
	start->memmap_count = UINT32_MAX;
	assert_refused("pvh: a memory map of 4294967295 entries is absurd");
	usual();
	start->memmap = MEMORY_BYTES - 24;
	memset(memory + MEMORY_BYTES - 24, 0, 24);
	assert_refused("pvh: memory map at 0x4000 is out of reach");
	usual();
	start->memmap = UINT64_MAX - 23;
	assert_refused("pvh: memory map at 0xffffffffffffffe8 is out of reach");
	usual();
	entries[3].bytes = 1ull << 63;
	assert_refused("pvh: memory range at 0x100000, 0x8000000000000000 bytes, ends beyond 2^48");
	usual();
	entries[0].type = entries[3].type = 7;
	assert_refused("pvh: no usable memory in the memory map");
	usual();
	start->memmap_count = 65;
	for (unsigned i = 0; i < 65; i++)
		entries[i] = (struct entry){ 0x100000 + i * 0x2000, 0x1000, 1, 0 };
	assert_refused("pvh: more than 64 memory ranges");
}

static void test_overlaps_and_odd_edges(void **state)
{
	(void)state;
	usual();
	entries[0] = (struct entry){ 0x7000000, 0xfe0001, 1, 0 }; /* overlaps entry 3, ends unaligned */
	entries[1] = (struct entry){ 0x200001, 1, 2, 0 };         /* one reserved byte inside RAM */
	assert_int_equal(parse(), OK);
	assert_true(memory_map_is(&info.memory, 0x200000, 0x201000, MEMORY_RESERVED));
	assert_true(memory_map_is(&info.memory, 0x201000, 0x7fe0000, MEMORY_USABLE));
}

static void test_modules(void **state)
{
	(void)state;
	usual();
	start->module_count = 1;
	modules[0] = (struct module){ 0x400000, 0x1234, 0, 0 };
	assert_int_equal(parse(), OK);
	assert_int_equal(info.initrd_start, 0x400000);
	assert_int_equal(info.initrd_end, 0x401234);
	assert_true(memory_map_is(&info.memory, 0x400000, 0x402000, MEMORY_BOOT));
	modules[0].bytes = UINT64_MAX;
	assert_refused("pvh: initrd or module ends at 0x3fffff, before its start 0x400000");
	modules[0] = (struct module){ 0x8000000, 0x1000, 0, 0 };
	assert_refused("pvh: initrd or module at 0x8000000 to 0x8001000 is not in usable memory");
	modules[0] = (struct module){ 0x9f000, 0x100000, 0, 0 }; /* across the hole below 1 MiB */
	assert_refused("pvh: initrd or module at 0x9f000 to 0x19f000 is not in usable memory");
	start->module_count = 9;
	assert_refused("pvh: 9 modules are absurd");
	start->module_count = 1;
	start->modules = MEMORY_BYTES - 31;
	assert_refused("pvh: module list at 0x3fe1 is out of reach");
}

static void test_random_damage(void **state)
{
	unsigned good = 0;

	(void)state;
	for (unsigned run = 0; run < 30000; run++) {
		usual();
		start->module_count = 1;
		modules[0] = (struct module){ 0x400000, 0x1000, 0, 0 };
		if (run % 2)
			damage((uint8_t *)start, sizeof(*start));
		else
			damage((uint8_t *)entries, 5 * sizeof(*entries));
		if (run % 4 == 0)
			damage(memory, MEMORY_BYTES);
		good += parse() == OK;
	}
	assert_in_range(good, 100, 29900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual),           cmocka_unit_test(test_no_cmdline),
		cmocka_unit_test(test_cmdline_lengths), cmocka_unit_test(test_cmdline_out_of_reach),
		cmocka_unit_test(test_bad_start),       cmocka_unit_test(test_bad_memmap),
		cmocka_unit_test(test_overlaps_and_odd_edges), cmocka_unit_test(test_modules),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
