/* SPDX-License-Identifier: MIT */
/*
 * memory_map.h: physical memory as sorted ranges that don't overlap. Filled by the boot protocols
 * through memory_map_add, finished by memory_map_finish. mm/memory_map.c; pure, host-tested.
 */
#ifndef AMBER_MEMORY_MAP_H
#define AMBER_MEMORY_MAP_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

#define MEMORY_RANGES_MAX 64

enum memory_kind {
	MEMORY_USABLE,   /* RAM that nobody uses */
	MEMORY_RESERVED, /* firmware's, a device's, or reserved by the device tree */
	MEMORY_ACPI,     /* RAM with ACPI tables: readable at boot, never allocated */
	MEMORY_BOOT,     /* RAM that holds the image or other things handed over at boot */
};

struct memory_range {
	paddr_t start, end; /* [start, end) */
	enum memory_kind kind;
};

struct memory_map {
	unsigned count;
	bool overflowed; /* more ranges were added than fit */
	struct memory_range ranges[MEMORY_RANGES_MAX];
};

/* Adds a range in any order; zero length is ignored. ERR_RANGE: wraps around or lies above 2^48 (the
 * map is unchanged); ERR_FULL: no room. */
enum error memory_map_add(struct memory_map *map, paddr_t start, uint64_t bytes, enum memory_kind kind) __must_check;
/* Sorts, cuts USABLE to whole pages (inwards), everything else outwards; where ranges overlap, the
 * stricter kind wins (RESERVED > ACPI > BOOT > USABLE); joins neighbours of one kind. ERR_NOT_FOUND: no
 * usable page at all; ERR_FULL: splitting needs more than MEMORY_RANGES_MAX ranges. */
enum error memory_map_finish(struct memory_map *map) __must_check;
/* Marks [start, end) with a kind, whatever was there (call before memory_map_finish; same errors as add). */
enum error memory_map_reserve(struct memory_map *map, paddr_t start, paddr_t end, enum memory_kind kind) __must_check;
uint64_t memory_map_bytes(const struct memory_map *map, enum memory_kind kind); /* sum of that kind */
/* Is [start, end) wholly of that kind? */
bool memory_map_is(const struct memory_map *map, paddr_t start, paddr_t end, enum memory_kind kind);
paddr_t memory_map_lowest(const struct memory_map *map, enum memory_kind kind);
paddr_t memory_map_highest(const struct memory_map *map, enum memory_kind kind); /* end of the last such range */
const char *memory_kind_text(enum memory_kind kind);

#endif
