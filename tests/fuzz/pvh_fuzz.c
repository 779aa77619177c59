/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/pvh_fuzz.c: random PVH start information. Input: its physical address in 8 bytes, then physical memory
 * from address 0 on, all that can be reached.
 *
 * sources: boot/pvh.c boot/boot_fill.c mm/memory_map.c kernel/format.c
 */
#include "boot_checks.h"

#include "pvh.h"

static struct entry entries[ENTRIES_MAX];

static uint64_t number_at(const uint8_t *memory, uint64_t at, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, memory + at, bytes);
	return value;
}

/* The memory map of start information that was accepted. */
static size_t collect_entries(const uint8_t *memory, paddr_t start)
{
	uint64_t map = number_at(memory, start + 40, 8);
	size_t count = number_at(memory, start + 48, 4);

	REQUIRE(count <= ENTRIES_MAX);
	for (size_t i = 0; i < count; i++) {
		entries[i].start = number_at(memory, map + 24 * i, 8);
		entries[i].bytes = number_at(memory, map + 24 * i + 8, 8);
		entries[i].type = (uint32_t)number_at(memory, map + 24 * i + 16, 4);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	paddr_t start = take(&input, 8);
	size_t bytes;
	uint8_t *memory = take_block(&input, SIZE_MAX, &bytes);

	if (parse_and_check(pvh_parse, "pvh", BOOT_PVH, memory, bytes, start) == OK) {
		check_usable(&info.memory, entries, collect_entries(memory, start));
		REQUIRE(info.rsdp == number_at(memory, start + 32, 8));
		REQUIRE(info.text_screen && info.cpu_count == 1);
	}
	free(memory);
	return 0;
}
