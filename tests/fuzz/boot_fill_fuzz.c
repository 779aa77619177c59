/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/boot_fill_fuzz.c: random calls of what the boot protocols share. Input: how much room the reason has (one
 * byte), then calls: one byte that says which, and its arguments.
 *
 * sources: boot/boot_fill.c mm/memory_map.c kernel/format.c
 */
#include "boot_checks.h"

#define AREAS_MAX 32

/* What was added, to be compared with the finished map. */
static struct entry entries[ENTRIES_MAX], areas[AREAS_MAX];
static size_t entry_count, area_count;

/* Mostly small, in quarters of a page; sometimes any number. */
static uint64_t take_number(struct input *input, unsigned is_wide)
{
	return is_wide ? take(input, 8) : take(input, 2) << 10;
}

static void check_text(struct boot_fill *fill, struct input *input)
{
	size_t bytes, length;
	char *text = (char *)take_block(input, take(input, 2) % 1400, &bytes);
	bool has_end = boot_fill_cmdline(fill, text, bytes);

	length = strnlen(text, bytes);
	REQUIRE(has_end == (length < bytes));
	REQUIRE(info.cmdline_bytes == MIN(length, (size_t)CMDLINE_MAX) && memcmp(info.cmdline, text, info.cmdline_bytes) == 0);
	REQUIRE(info.cmdline_cut == (length > CMDLINE_MAX));
	REQUIRE(info.cmdline_cut_behind_word == (info.cmdline_cut && text[CMDLINE_MAX] == ' '));
	check_cmdline(&info);
	free(text);
}

static enum error add_memory(struct boot_fill *fill, struct input *input, unsigned is_wide)
{
	static const uint32_t types[] = { 1, 2, 3, 4, 0, 5, 1, 0xffffffff };
	struct entry entry;
	enum error error;

	entry.start = take_number(input, is_wide);
	entry.bytes = take_number(input, is_wide);
	entry.type = types[take(input, 1) % ARRAY_SIZE(types)];
	error = boot_fill_memory(fill, entry.start, entry.bytes, boot_memory_kind(entry.type));
	if (error == OK && entry_count < ENTRIES_MAX)
		entries[entry_count++] = entry;
	return error;
}

static enum error add_area(struct boot_fill *fill, struct input *input, unsigned is_wide, bool is_initrd, bool must_be_ram)
{
	paddr_t start = take_number(input, is_wide), end = start + take_number(input, is_wide);
	enum error error = is_initrd ? boot_fill_initrd(fill, start, end) :
	                               boot_fill_keep(fill, start, end, "something", must_be_ram);

	REQUIRE(error == OK || end < start || fill->kept_count == BOOT_KEPT_MAX);
	REQUIRE(error != OK || start <= end);
	if (error == OK && start < end) {
		REQUIRE(area_count < BOOT_KEPT_MAX);
		areas[area_count++] = (struct entry){ start, end - start, is_initrd || must_be_ram };
	}
	return error;
}

static enum error call(struct boot_fill *fill, struct input *input)
{
	unsigned which = (unsigned)take(input, 1), is_wide = which >> 7;

	switch (which & 7) {
	case 0:
		check_text(fill, input);
		return OK;
	case 1:
		return add_area(fill, input, is_wide, true, true);
	case 2:
		return add_area(fill, input, is_wide, false, true);
	case 3:
		return add_area(fill, input, is_wide, false, false);
	default:
		return add_memory(fill, input, is_wide);
	}
}

static void check_finished(void)
{
	check_info(&info);
	check_usable(&info.memory, entries, entry_count);
	for (size_t i = 0; i < area_count; i++)
		check_not_usable(&info.memory, areas[i].start, areas[i].start + areas[i].bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	size_t why_bytes = take(&input, 1) % (BOOT_WHY_BYTES + 1);
	struct boot_fill *fill = malloc(sizeof(*fill)); /* blocks of their own: a store behind them is seen */
	char *why = malloc(why_bytes);
	enum error error = OK;

	entry_count = area_count = 0;
	memset(&info, 0xa5, sizeof(info));
	boot_fill_begin(fill, &info, BOOT_PVH, "name", why, why_bytes);
	while (input.bytes > 0 && error == OK)
		error = call(fill, &input);
	if (error == OK)
		error = boot_fill_finish(fill);
	REQUIRE(error == OK || error == ERR_INVALID);
	if (error == OK)
		check_finished();
	else if (why_bytes > 8)
		check_why(why, why_bytes, "name");
	else if (why_bytes > 0)
		check_printable(why, why_bytes);
	free(why);
	free(fill);
	return 0;
}
