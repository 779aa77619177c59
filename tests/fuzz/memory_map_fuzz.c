/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/memory_map_fuzz.c: random memory ranges, compared with a slow model that asks page by page, next to every
 * edge. Input: calls: one byte that says which and the kind, then start and length (2 or 8 bytes each).
 *
 * sources: mm/memory_map.c
 */
#include "fuzz.h"

#include <amber/memory_map.h>

#define LIMIT      (1ull << 48)
#define ADDED_MAX  512
#define KINDS      4
#define NO_KIND    KINDS

struct added {
	uint64_t start, end;
	unsigned kind;
};

static struct added added[ADDED_MAX];
static unsigned added_count;

/* The strictest kind other than usable that touches the page; NO_KIND: none does. */
static unsigned model_kind(uint64_t page)
{
	static const unsigned strictest_first[] = { MEMORY_RESERVED, MEMORY_ACPI, MEMORY_BOOT };

	for (unsigned k = 0; k < ARRAY_SIZE(strictest_first); k++)
		for (unsigned i = 0; i < added_count; i++)
			if (added[i].kind == strictest_first[k] && added[i].start < page + PAGE_SIZE && added[i].end > page)
				return strictest_first[k];
	return NO_KIND;
}

/* Is [at, end) usable, as a whole, by all that was added? */
static bool model_is_covered(uint64_t at, uint64_t end)
{
	uint64_t before;

	do {
		before = at;
		for (unsigned i = 0; i < added_count; i++)
			if (added[i].kind == MEMORY_USABLE && added[i].start <= at && added[i].end > at)
				at = added[i].end;
	} while (at != before && at < end);
	return at >= end;
}

static bool model_is_in_one(uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < added_count; i++)
		if (added[i].kind == MEMORY_USABLE && added[i].start <= start && added[i].end >= end)
			return true;
	return false;
}

static unsigned map_kind(const struct memory_map *map, uint64_t page)
{
	for (unsigned i = 0; i < map->count; i++)
		if (map->ranges[i].start <= page && page < map->ranges[i].end)
			return map->ranges[i].kind;
	return NO_KIND;
}

/* A page that two ranges share, both usable, may be usable or lost: they are joined only if they came together. */
static void check_page(const struct memory_map *map, uint64_t page)
{
	unsigned kind = map_kind(map, page), wanted = model_kind(page);

	if (page >= LIMIT)
		return;
	if (wanted != NO_KIND)
		REQUIRE(kind == wanted);
	else if (model_is_in_one(page, page + PAGE_SIZE))
		REQUIRE(kind == MEMORY_USABLE);
	else if (!model_is_covered(page, page + PAGE_SIZE))
		REQUIRE(kind == NO_KIND);
	else
		REQUIRE(kind == MEMORY_USABLE || kind == NO_KIND);
	REQUIRE(memory_map_is(map, page, page + PAGE_SIZE, MEMORY_USABLE) == (kind == MEMORY_USABLE));
}

static void check_form(const struct memory_map *map)
{
	REQUIRE(map->count <= MEMORY_RANGES_MAX);
	for (unsigned i = 0; i < map->count; i++) {
		const struct memory_range *range = &map->ranges[i];

		REQUIRE(((range->start | range->end) & PAGE_MASK) == 0);
		REQUIRE(range->start < range->end && range->end <= LIMIT);
		REQUIRE(i == 0 || range[-1].end < range->start || (range[-1].end == range->start && range[-1].kind != range->kind));
	}
}

static void check_sums(const struct memory_map *map)
{
	for (unsigned kind = 0; kind < KINDS; kind++) {
		uint64_t bytes = 0, lowest = 0, highest = 0;

		for (unsigned i = 0; i < map->count; i++) {
			if (map->ranges[i].kind != kind)
				continue;
			lowest = bytes ? lowest : map->ranges[i].start;
			highest = map->ranges[i].end;
			bytes += map->ranges[i].end - map->ranges[i].start;
		}
		REQUIRE(memory_map_bytes(map, kind) == bytes);
		REQUIRE(memory_map_lowest(map, kind) == lowest && memory_map_highest(map, kind) == highest);
		REQUIRE(memory_kind_text(kind)[0]);
	}
}

static void check_finished(const struct memory_map *map)
{
	check_form(map);
	check_sums(map);
	for (unsigned i = 0; i < added_count; i++) {
		uint64_t edges[] = { ALIGN_DOWN(added[i].start, PAGE_SIZE), ALIGN_DOWN(added[i].end, PAGE_SIZE) };

		for (unsigned e = 0; e < ARRAY_SIZE(edges); e++)
			for (int step = -1; step <= 1; step++)
				if (step >= 0 || edges[e] > 0)
					check_page(map, edges[e] + (uint64_t)step * PAGE_SIZE);
	}
}

/* false: the map is full, and this run is over. */
static bool add(struct memory_map *map, unsigned which, struct input *input)
{
	bool is_wide = which & 0x80, is_reservation = which & 0x40;
	uint64_t start = is_wide ? take(input, 8) : take(input, 2) << 9, bytes = is_wide ? take(input, 8) : take(input, 2) << 9;
	unsigned kind = which & 3, count = map->count;
	bool fits = bytes == 0 || (start < LIMIT && (unsigned __int128)start + bytes <= LIMIT);
	enum error error;

	if (is_reservation && start + bytes < start) {
		REQUIRE(memory_map_reserve(map, start, start + bytes, kind) == ERR_RANGE && map->count == count);
		return true;
	}
	error = is_reservation ? memory_map_reserve(map, start, start + bytes, kind) : memory_map_add(map, start, bytes, kind);
	REQUIRE((error == ERR_RANGE) == !fits);
	if (error != OK) {
		REQUIRE(map->count == count && (error != ERR_FULL || (count == MEMORY_RANGES_MAX && map->overflowed)));
		return error != ERR_FULL;
	}
	if (bytes > 0)
		added[added_count++] = (struct added){ start, start + bytes, kind };
	return true;
}

/* From here on what was finished is what was added; it says the same. false: it has nothing that could be used. */
static bool finish(struct memory_map *map)
{
	enum error error = memory_map_finish(map);

	REQUIRE(error == OK || error == ERR_FULL || error == ERR_NOT_FOUND);
	REQUIRE((error == ERR_FULL) == map->overflowed);
	if (error == ERR_FULL)
		return false;
	REQUIRE((error == OK) == (memory_map_bytes(map, MEMORY_USABLE) > 0));
	check_finished(map);
	added_count = 0;
	for (unsigned i = 0; i < map->count; i++)
		added[added_count++] = (struct added){ map->ranges[i].start, map->ranges[i].end, map->ranges[i].kind };
	return error == OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct memory_map *map = calloc(1, sizeof(*map)); /* a block of its own: a store behind it is seen */
	bool goes_on = true;

	added_count = 0;
	while (goes_on && input.bytes > 0 && added_count < ADDED_MAX) {
		unsigned which = (unsigned)take(&input, 1);

		goes_on = (which & 0x3c) == 0x3c ? finish(map) : add(map, which, &input);
	}
	if (goes_on)
		finish(map);
	free(map);
	return 0;
}
