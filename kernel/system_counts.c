/* SPDX-License-Identifier: MIT */
/*
 * kernel/system_counts.c: how much of everything there is, and the seal's report. Frames are counted by a walk over the frame
 * table, in steps. System calls, big lock held.
 */
#include "system.h"

#include "boot_report.h"
#include "frame.h"
#include "handle.h"
#include "kernel_map.h"
#include "phys.h"
#include "region.h"
#include "seal.h"
#include "user_frames.h"
#include "violation_log.h"

#define FRAMES_AT_ONCE 384 /* one costs about 30 instructions */

/* What a walk keeps from step to step. */
enum { AT, USER_FRAMES, ARENA, ARENA_UNUSED, SPACE_TABLES };

/* True: it is over. */
static bool count_some(uint64_t kept[])
{
	const struct frame *frames = phys_to_virt(frame_table.table);
	uint64_t end = MIN(kept[AT] + FRAMES_AT_ONCE, frame_table.count);

	for (; kept[AT] < end; kept[AT]++) {
		enum frame_type type = frames[kept[AT]].type;

		kept[USER_FRAMES] += type == FRAME_USER || type == FRAME_USER_SEALED;
		kept[ARENA] += frame_is_arena(type);
		kept[ARENA_UNUSED] += type == FRAME_ARENA;
		kept[SPACE_TABLES] += type == FRAME_SPACE_ROOT || type == FRAME_DEAD_ROOT || type == FRAME_USER_TABLE;
	}
	return end == frame_table.count;
}

enum error system_read_counts(struct system_reading *reading)
{
	struct system_counts *record = reading->record;
	const uint64_t *kept = reading->kept;

	if (reading->cursor && !kept[AT])
		return ERR_INVALID;
	if (!count_some(reading->kept)) {
		reading->next = 1;
		return OK;
	}
	for (unsigned type = 0; type < OBJECT_TYPES; type++)
		record->objects[type] = object_count(type);
	record->pool_pages = object_pool_pages() + region_pool_pages();
	record->handle_pages = handle_pages();
	record->user_frames = user_frames_used();
	record->space_tables = kept[SPACE_TABLES];
	record->free_frames = phys_free_pages() + kept[USER_FRAMES] - record->user_frames;
	record->arena_frames = kept[ARENA];
	record->arena_frames_used = kept[ARENA] - kept[ARENA_UNUSED];
	record->memory_kib = boot_memory_kib;
	record->cpus = cpus_online();
	reading->has_record = true;
	return OK;
}

enum error system_read_seal(struct system_reading *reading)
{
	const struct seal_report *report = &seal_report;

	if (reading->cursor)
		return ERR_INVALID;
	*(struct system_seal *)reading->record = (struct system_seal){
		.state = report->state - SEAL_SEALED,
		.start = (vaddr_t)__ro_after_init_start, .end = (vaddr_t)__ro_after_init_end,
		.core_start = (vaddr_t)__ro_core_start, .core_end = (vaddr_t)__ro_core_end,
		.pages = report->pages, .bytes_used = report->bytes_used, .objects = report->objects,
		.aliases_sealed = report->aliases_sealed, .writable_aliases = report->writable_aliases, .wx_pages = report->wx_pages,
		.page_table_pages = report->page_table_pages, .page_table_pages_writable = report->page_table_pages_writable,
		.unprotected_pages = seal_unprotected_pages(),
		.cpus_probed = report->cpus_probed, .probes_failed = report->probes_failed,
		.violations = violation_counts.records, .stores = violation_counts.stores,
	};
	reading->has_record = true;
	return OK;
}
