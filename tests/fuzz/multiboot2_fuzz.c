/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/multiboot2_fuzz.c: random Multiboot2 boot information. Input: 4 bytes that say at which physical address
 * it lies, then the information itself, with nothing behind it.
 *
 * sources: boot/multiboot2.c boot/multiboot2_screen.c boot/boot_fill.c mm/memory_map.c kernel/format.c
 */
#include "boot_checks.h"

#include "multiboot2.h"

static struct entry entries[ENTRIES_MAX];

static uint32_t number_at(const uint8_t *block, uint64_t offset)
{
	uint32_t value;

	memcpy(&value, block + offset, sizeof(value));
	return value;
}

/* The entries of all memory maps, of information that was accepted. */
static size_t collect_entries(const uint8_t *block)
{
	size_t count = 0;

	for (uint64_t tag = 8; number_at(block, tag) != 0; tag = ALIGN_UP(tag + number_at(block, tag + 4), 8)) {
		if (number_at(block, tag) != 6)
			continue;
		for (uint64_t at = 16; at < number_at(block, tag + 4); at += number_at(block, tag + 8)) {
			REQUIRE(count < ENTRIES_MAX);
			memcpy(&entries[count].start, block + tag + at, 8);
			memcpy(&entries[count].bytes, block + tag + at + 8, 8);
			entries[count++].type = number_at(block, tag + at + 16);
		}
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	paddr_t at = take(&input, 4) << 3 | (input.bytes > 0 && *input.data == 0xff ? 1 : 0);
	size_t bytes;
	uint8_t *block = take_block(&input, SIZE_MAX, &bytes);

	if (parse_and_check(multiboot2_parse, "multiboot2", BOOT_MULTIBOOT2, block - at, at + bytes, at) == OK) {
		check_usable(&info.memory, entries, collect_entries(block));
		check_not_usable(&info.memory, at, at + number_at(block, 0));
		REQUIRE(info.rsdp == 0 || (info.rsdp >= at && info.rsdp < at + bytes));
		REQUIRE(info.devices.has_psci == false && info.cpu_count == 1);
	}
	free(block);
	return 0;
}
