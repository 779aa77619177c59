/* SPDX-License-Identifier: MIT */
/*
 * mm/memory_map.c: physical memory as sorted ranges that don't overlap.
 *
 * In:      ranges in any order, of any alignment, overlapping, as a boot protocol says them.
 * Out:     whole pages, sorted, each with one kind; where kinds overlap the stricter one.
 * Context: pure, any; also compiled on the host. What fills a map is init code.
 */
#include <amber/memory_map.h>

#define PHYSICAL_LIMIT (1ull << 48) /* 4-level tables reach no further */

/* How a kind fares where ranges overlap: the higher one wins. */
static __init int kind_strictness(enum memory_kind kind)
{
	switch (kind) {
	case MEMORY_USABLE:
		return 1;
	case MEMORY_BOOT:
		return 2;
	case MEMORY_ACPI:
		return 3;
	case MEMORY_RESERVED:
		break;
	}
	return 4;
}

/* Only whole pages are used, and a page that is only partly something else is not used at all. */
static __init void range_align(struct memory_range *range)
{
	if (range->kind == MEMORY_USABLE) {
		range->start = ALIGN_UP(range->start, PAGE_SIZE);
		range->end = ALIGN_DOWN(range->end, PAGE_SIZE);
	} else {
		range->start = ALIGN_DOWN(range->start, PAGE_SIZE);
		range->end = ALIGN_UP(range->end, PAGE_SIZE);
	}
}

static __init void edge_insert(paddr_t *edges, unsigned *count, paddr_t edge)
{
	unsigned i = *count;

	while (i > 0 && edges[i - 1] > edge)
		i--;
	if (i > 0 && edges[i - 1] == edge)
		return;
	for (unsigned j = *count; j > i; j--)
		edges[j] = edges[j - 1];
	edges[i] = edge;
	(*count)++;
}

/* Aligns all ranges and collects where one begins or ends, sorted, each once. */
static __init unsigned edges_collect(struct memory_map *map, paddr_t *edges)
{
	unsigned count = 0;

	for (unsigned i = 0; i < map->count; i++) {
		struct memory_range *range = &map->ranges[i];

		range_align(range);
		if (range->start >= range->end)
			continue;
		edge_insert(edges, &count, range->start);
		edge_insert(edges, &count, range->end);
	}
	return count;
}

/* What [start, end) is, which no edge divides. false: nobody said anything about it. */
static __init bool stretch_kind(const struct memory_map *map, paddr_t start, paddr_t end, enum memory_kind *kind)
{
	int strictest = 0;

	for (unsigned i = 0; i < map->count; i++) {
		const struct memory_range *range = &map->ranges[i];

		if (range->start > start || range->end < end || kind_strictness(range->kind) <= strictest)
			continue;
		strictest = kind_strictness(range->kind);
		*kind = range->kind;
	}
	return strictest > 0;
}

static __init enum error range_append(struct memory_map *map, paddr_t start, paddr_t end, enum memory_kind kind)
{
	struct memory_range *last = map->count > 0 ? &map->ranges[map->count - 1] : NULL;

	if (last && last->end == start && last->kind == kind) {
		last->end = end;
		return OK;
	}
	if (map->count == MEMORY_RANGES_MAX) {
		map->overflowed = true;
		return ERR_FULL;
	}
	map->ranges[map->count++] = (struct memory_range){ .start = start, .end = end, .kind = kind };
	return OK;
}

__init enum error memory_map_add(struct memory_map *map, paddr_t start, uint64_t bytes, enum memory_kind kind)
{
	if (bytes == 0)
		return OK;
	if (start >= PHYSICAL_LIMIT || bytes > PHYSICAL_LIMIT - start)
		return ERR_RANGE;
	return range_append(map, start, start + bytes, kind);
}

__init enum error memory_map_reserve(struct memory_map *map, paddr_t start, paddr_t end, enum memory_kind kind)
{
	if (end < start)
		return ERR_RANGE;
	return memory_map_add(map, start, end - start, kind);
}

__init enum error memory_map_finish(struct memory_map *map)
{
	static __initdata paddr_t edges[2 * MEMORY_RANGES_MAX];
	static __initdata struct memory_map finished;
	unsigned edge_count = edges_collect(map, edges);

	finished.count = 0;
	finished.overflowed = map->overflowed;
	for (unsigned i = 1; i < edge_count; i++) {
		enum memory_kind kind;

		if (!stretch_kind(map, edges[i - 1], edges[i], &kind))
			continue;
		if (range_append(&finished, edges[i - 1], edges[i], kind) != OK) {
			map->overflowed = true;
			return ERR_FULL;
		}
	}
	*map = finished;
	return memory_map_bytes(map, MEMORY_USABLE) > 0 ? OK : ERR_NOT_FOUND;
}

uint64_t memory_map_bytes(const struct memory_map *map, enum memory_kind kind)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < map->count; i++)
		if (map->ranges[i].kind == kind)
			bytes += map->ranges[i].end - map->ranges[i].start;
	return bytes;
}

bool memory_map_is(const struct memory_map *map, paddr_t start, paddr_t end, enum memory_kind kind)
{
	if (start >= end)
		return false;
	/* Neighbours of one kind are joined, so one range holds it all or none does. */
	for (unsigned i = 0; i < map->count; i++)
		if (map->ranges[i].start <= start && end <= map->ranges[i].end)
			return map->ranges[i].kind == kind;
	return false;
}

paddr_t memory_map_lowest(const struct memory_map *map, enum memory_kind kind)
{
	for (unsigned i = 0; i < map->count; i++)
		if (map->ranges[i].kind == kind)
			return map->ranges[i].start;
	return 0;
}

paddr_t memory_map_highest(const struct memory_map *map, enum memory_kind kind)
{
	for (unsigned i = map->count; i > 0; i--)
		if (map->ranges[i - 1].kind == kind)
			return map->ranges[i - 1].end;
	return 0;
}

const char *memory_kind_text(enum memory_kind kind)
{
	switch (kind) {
	case MEMORY_USABLE:
		return "usable";
	case MEMORY_RESERVED:
		return "reserved";
	case MEMORY_ACPI:
		return "acpi";
	case MEMORY_BOOT:
		return "boot";
	}
	return "unknown";
}
