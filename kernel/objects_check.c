/* SPDX-License-Identifier: MIT */
/*
 * kernel/objects_check.c: what every operation of the microkernel must leave true. All spaces are walked, ending ones
 * too: their handle tables (numbers, tree, how many handles each object has), their regions (order, lists, sums, what is mapped
 * and how), and by mm/tables_check.h the frame table. Process context, big lock held.
 */
#include "objects_check.h"

#include <amber/string.h>

#include "frame.h"
#include "region.h"
#include "tables_check.h"

struct report {
	char *why;
	size_t bytes;
	bool is_bad;
};

/* The first complaint stays. */
static void complain(struct report *report, const struct space *space, const char *what, uint64_t value)
{
	if (!report->is_bad)
		format(report->why, report->bytes, "space '%s': %s (0x%lx)", space ? space->name : "-", what, (unsigned long)value);
	report->is_bad = true;
}

#define REQUIRE(report, space, condition, value) \
	do { \
		if (!(condition)) \
			complain(report, space, #condition, (uint64_t)(value)); \
	} while (0)

typedef void (*handle_visitor)(struct report *report, struct space *space, struct handle *handle);

static void each_handle(struct report *report, handle_visitor visit)
{
	for (struct link *at = all_spaces.next; at != &all_spaces; at = at->next) {
		struct space *space = LINK_OWNER(at, struct space, all);
		uint32_t entries = MIN(space->handles.pages_made * HANDLE_PAGE_ENTRIES, HANDLES_MAX);

		for (uint32_t i = 0; i < entries; i++) {
			struct handle *handle = &space->handles.pages[i / HANDLE_PAGE_ENTRIES][i % HANDLE_PAGE_ENTRIES];

			if (handle->object)
				visit(report, space, handle);
		}
	}
}

static void forget(struct report *report, struct space *space, struct handle *handle)
{
	(void)report, (void)space;
	handle->object->found = 0;
}

static void find(struct report *report, struct space *space, struct handle *handle)
{
	(void)report;
	handle->object->found += handle_counts(&space->handles, handle->object);
}

static bool is_in(const struct link *head, const struct link *link)
{
	for (const struct link *at = head->next; at != head; at = at->next)
		if (at == link)
			return true;
	return false;
}

static void check_handle(struct report *report, struct space *space, struct handle *handle)
{
	uint32_t index = handle->value % HANDLES_MAX;
	const struct handle *page = space->handles.pages[index / HANDLE_PAGE_ENTRIES];

	REQUIRE(report, space, index && &page[index % HANDLE_PAGE_ENTRIES] == handle, index);
	REQUIRE(report, space, space->handles.taken[index / 64] >> (index % 64) & 1, index);
	REQUIRE(report, space, handle->table == &space->handles, index);
	REQUIRE(report, space, !handle->object->is_dead || !handle_counts(&space->handles, handle->object), index);
	REQUIRE(report, space, handle->object->type > OBJECT_NONE && handle->object->type < OBJECT_TYPES, index);
	REQUIRE(report, space, handle->object->handles == handle->object->found, handle->object->found);
	REQUIRE(report, space, !handle->parent || handle->parent->object == handle->object, index);
	REQUIRE(report, space, !handle->parent || !(handle->rights & ~handle->parent->rights), index);
	for (const struct link *at = handle->children.next; at != &handle->children; at = at->next)
		REQUIRE(report, space, LINK_OWNER(at, struct handle, siblings)->parent == handle, index);
	for (const struct link *at = handle->regions.next; at != &handle->regions; at = at->next)
		REQUIRE(report, space, LINK_OWNER(at, struct region, of_handle)->handle == handle, index);
	REQUIRE(report, space, !handle->parent || is_in(&handle->parent->children, &handle->siblings), index);
}

static void check_table(struct report *report, const struct space *space)
{
	const struct handle_table *table = &space->handles;
	unsigned taken = 0;

	for (unsigned i = 0; i < HANDLES_MAX; i++)
		taken += table->taken[i / 64] >> (i % 64) & 1;
	REQUIRE(report, space, taken == table->used + (table->pages_made != 0), taken);
	for (unsigned i = 0; i < table->low; i++)
		REQUIRE(report, space, !~table->taken[i], i);
}

static void check_page(struct report *report, const struct region *region, uint32_t page)
{
	const struct space *space = region->space;
	vaddr_t addr = region->start + (vaddr_t)page * PAGE_SIZE;
	bool should_be = page < region->mapped;
	struct mapping mapping;

	if (!address_space_lookup(&space->memory, addr, &mapping)) {
		REQUIRE(report, space, !should_be, addr);
		return;
	}
	if (!should_be) /* a message page may have come in between */
		return;
	REQUIRE(report, space, mapping.frame == memory_frame(region->memory, region->offset_pages + page), addr);
	REQUIRE(report, space, mapping.perms & PERM_USER, addr);
	REQUIRE(report, space, !(mapping.perms & (PERM_R | PERM_W | PERM_X) & ~(unsigned)region->rights), addr);
	REQUIRE(report, space, !(mapping.perms & PERM_DEVICE) == !region->memory->is_device, addr);
	if (region->state == REGION_SEALED)
		REQUIRE(report, space, !(mapping.perms & PERM_W) && frame_type_at(mapping.frame) == FRAME_USER_SEALED, addr);
	if (region->state == REGION_WHOLE && !region->memory->is_device)
		REQUIRE(report, space, frame_type_at(mapping.frame) == FRAME_USER, addr);
}

static void check_region(struct report *report, const struct region *region)
{
	const struct space *space = region->space;
	const struct memory *memory = region->memory;

	REQUIRE(report, space, region->pages && region->mapped <= region->pages, region->start);
	REQUIRE(report, space, region->mapped == region->pages || region->state <= REGION_GOING, region->start);
	REQUIRE(report, space, region->mapped == region->pages || region->state != REGION_WHOLE, region->start);
	REQUIRE(report, space, !memory->object.is_dead && memory->object.type == OBJECT_MEMORY, region->start);
	REQUIRE(report, space, region->offset_pages + region->pages <= memory->pages, region->start);
	REQUIRE(report, space, memory->object.refs, region->start);
	REQUIRE(report, space, is_in(&memory->regions, &region->of_memory), region->start);
	REQUIRE(report, space, !region->handle || is_in(&region->handle->regions, &region->of_handle), region->start);
	REQUIRE(report, space, !region->handle || region->handle->object == &memory->object, region->start);
	for (uint32_t page = 0; page < region->pages; page++)
		check_page(report, region, page);
}

static void check_regions(struct report *report, struct space *space)
{
	bool has_hint = space->hint == &space->regions;
	uint64_t mapped = 0, count = 0;
	vaddr_t end = USER_START;

	for (struct link *at = space->regions.next; at != &space->regions; at = at->next) {
		const struct region *region = region_of(at);

		REQUIRE(report, space, region->space == space && at->next->previous == at, region->start);
		REQUIRE(report, space, region->start >= end && region_end(region) <= USER_END, region->start);
		check_region(report, region);
		end = region_end(region);
		mapped += region->mapped;
		count++;
		has_hint |= space->hint == at;
	}
	REQUIRE(report, space, mapped == space->mapped_pages, mapped);
	REQUIRE(report, space, count == space->region_count && count <= REGIONS_MAX, count);
	REQUIRE(report, space, has_hint, space->hint);
}

static void check_threads(struct report *report, const struct space *space)
{
	uint64_t count = 0;

	for (const struct link *at = space->threads.next; at != &space->threads; at = at->next) {
		REQUIRE(report, space, LINK_OWNER(at, struct thread, of_space)->space == space, count);
		count++;
	}
	REQUIRE(report, space, count == space->thread_count, count);
	REQUIRE(report, space, !space->is_ended || (!space->handles.used && !space->region_count && !space->memory.root), count);
}

static void check_frames(struct report *report)
{
	struct tables_check check;
	enum error error = tables_check(&check);

	REQUIRE(report, NULL, !error, error);
	REQUIRE(report, NULL, error || !check.wrong_counts, check.first_wrong);
	REQUIRE(report, NULL, error || !check.broken_rules, check.first_wrong);
}

bool objects_consistent(char *why, size_t bytes)
{
	struct report report = { .why = why, .bytes = bytes };

	each_handle(&report, forget);
	each_handle(&report, find);
	each_handle(&report, check_handle);
	for (struct link *at = all_spaces.next; at != &all_spaces; at = at->next) {
		struct space *space = LINK_OWNER(at, struct space, all);

		check_table(&report, space);
		check_regions(&report, space);
		check_threads(&report, space);
	}
	check_frames(&report);
	return !report.is_bad;
}
