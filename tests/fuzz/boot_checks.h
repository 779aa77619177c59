/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/boot_checks.h: what must hold of a boot_info whatever a boot parser was fed: it is refused with one
 * printable line, or every field is within its bounds. Included once by each target of a boot protocol.
 */
#ifndef AMBER_TESTS_BOOT_CHECKS_H
#define AMBER_TESTS_BOOT_CHECKS_H

#include "boot_entries.h"
#include "fuzz.h"

#include "boot_fill.h"
#include <amber/upcalls.h>

#define ENTRIES_MAX 4096

/* One entry of the memory map that came in. */
struct entry {
	uint64_t start, bytes;
	uint32_t type;
};

typedef enum error (*boot_parser)(const void *memory, uint64_t memory_bytes, paddr_t at, struct boot_info *out, char *why,
                                  size_t why_bytes);

static struct boot_info info, info_again;

static inline void check_map(const struct memory_map *map)
{
	REQUIRE(map->count >= 1 && map->count <= MEMORY_RANGES_MAX);
	REQUIRE(memory_map_bytes(map, MEMORY_USABLE) >= PAGE_SIZE);
	for (unsigned i = 0; i < map->count; i++) {
		const struct memory_range *range = &map->ranges[i];

		REQUIRE(((range->start | range->end) & PAGE_MASK) == 0);
		REQUIRE(range->start < range->end && range->end <= 1ull << 48);
		REQUIRE(range->kind <= MEMORY_BOOT);
		REQUIRE(i == 0 || range[-1].end < range->start || (range[-1].end == range->start && range[-1].kind != range->kind));
	}
}

/* Nothing of [start, end) may be given to the allocator. */
static inline void check_not_usable(const struct memory_map *map, paddr_t start, paddr_t end)
{
	for (unsigned i = 0; i < map->count; i++) {
		const struct memory_range *range = &map->ranges[i];

		REQUIRE(range->kind != MEMORY_USABLE || start >= end || range->end <= start || range->start >= end);
	}
}

/* Usable memory is RAM by an entry of type 1, and nothing else by another one. */
static inline void check_usable(const struct memory_map *map, const struct entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (entries[i].type != 1)
			check_not_usable(map, entries[i].start, entries[i].start + entries[i].bytes);
	for (unsigned i = 0; i < map->count; i++) {
		const struct memory_range *range = &map->ranges[i];
		paddr_t at = range->start, before;

		do {
			before = at;
			for (size_t j = 0; j < count; j++)
				if (entries[j].type == 1 && entries[j].start <= at && entries[j].start + entries[j].bytes > at)
					at = entries[j].start + entries[j].bytes;
		} while (at != before);
		REQUIRE(range->kind != MEMORY_USABLE || at >= range->end);
	}
}

static inline void check_cmdline(const struct boot_info *boot)
{
	REQUIRE(boot->cmdline_bytes <= CMDLINE_MAX);
	REQUIRE(strlen(boot->cmdline) == boot->cmdline_bytes);
	REQUIRE(!boot->cmdline_cut || boot->cmdline_bytes == CMDLINE_MAX);
	REQUIRE(!boot->cmdline_cut_behind_word || boot->cmdline_cut);
}

static inline void check_devices(const struct fdt_devices *devices)
{
	REQUIRE(devices->gic_version == 0 || devices->gic_version == 2 || devices->gic_version == 3);
	REQUIRE(devices->timer_irq == 0 || (devices->timer_irq >= 16 && devices->timer_irq < 1020));
	REQUIRE(!devices->psci_smc || devices->has_psci);
}

/* A reason: "NAME: …", one line without its end. */
static inline void check_why(const char *why, size_t why_bytes, const char *name)
{
	size_t length = strlen(name);

	check_printable(why, why_bytes);
	REQUIRE(strncmp(why, name, length) == 0 && strncmp(why + length, ": ", 2) == 0 && why[length + 2]);
}

static inline void check_info(const struct boot_info *boot)
{
	check_map(&boot->memory);
	check_devices(&boot->devices);
	REQUIRE(boot->cpu_count >= 1);
	REQUIRE(boot->initrd_start <= boot->initrd_end);
	check_not_usable(&boot->memory, boot->initrd_start, boot->initrd_end);
}

/* By fields: padding between them and ranges that aren't used may hold anything. */
static inline void check_same_info(struct boot_info *a, struct boot_info *b)
{
	REQUIRE(a->memory.count == b->memory.count);
	for (unsigned i = 0; i < a->memory.count; i++) {
		REQUIRE(a->memory.ranges[i].start == b->memory.ranges[i].start && a->memory.ranges[i].end == b->memory.ranges[i].end);
		REQUIRE(a->memory.ranges[i].kind == b->memory.ranges[i].kind);
	}
	b->memory = a->memory;
	REQUIRE(memcmp(a, b, sizeof(*a)) == 0);
}

/* Parses into `info` and checks it; twice, over different rubbish: what comes out must not depend on what was there. */
static inline enum error parse_and_check(boot_parser parse, const char *name, enum boot_protocol protocol, const void *memory,
                                         uint64_t memory_bytes, paddr_t at)
{
	char *why = malloc(BOOT_WHY_BYTES), *why_again = malloc(BOOT_WHY_BYTES);
	enum error error;

	memset(&info, 0xa5, sizeof(info));
	memset(&info_again, 0x5a, sizeof(info_again));
	memset(why, 0xa5, BOOT_WHY_BYTES);
	error = parse(memory, memory_bytes, at, &info, why, BOOT_WHY_BYTES);
	REQUIRE(error == OK || error == ERR_INVALID);
	REQUIRE(info.protocol == protocol);
	check_cmdline(&info);
	if (error == OK) {
		REQUIRE(!why[0]);
		check_info(&info);
	} else {
		check_why(why, BOOT_WHY_BYTES, name);
	}
	REQUIRE(parse(memory, memory_bytes, at, &info_again, why_again, BOOT_WHY_BYTES) == error);
	REQUIRE(strcmp(why, why_again) == 0);
	if (error == OK)
		check_same_info(&info, &info_again);
	free(why);
	free(why_again);
	return error;
}

#endif
