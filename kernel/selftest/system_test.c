/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/system_test.c: the counts that programs read against two other ways to count: the census that leaks are found
 * with, and the frame table's own. Main thread; nobody else does anything.
 */
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "big_lock.h"
#include "census.h"
#include "frame.h"
#include "sched.h"
#include "system.h"

/* As system_read does it. */
static enum error read_counts(struct system_counts *counts)
{
	struct system_reading reading = { .record = counts };
	enum error error;
	unsigned steps = 0;

	arch_irq_save();
	big_lock_take();
	do {
		reading.cursor = reading.next;
		reading.next = 0;
		error = system_read_counts(&reading);
		steps++;
		if (!error && !reading.has_record)
			sched_preemption_point();
	} while (!error && !reading.has_record && steps < 100000);
	big_lock_drop();
	arch_irq_enable();
	return error || reading.next ? ERR_INVALID : OK;
}

static void system_counts_are_a_census(struct selftest_run *run)
{
	struct system_counts counts = { 0 };
	uint64_t types[FRAME_TYPE_COUNT], arena = 0;
	struct census census;

	EXPECT(run, read_counts(&counts) == OK);
	census_take(&census);
	frame_count(types);
	for (unsigned type = 0; type < FRAME_TYPE_COUNT; type++)
		arena += frame_is_arena(type) ? types[type] : 0;
	EXPECT(run, memcmp(counts.objects, census.objects, sizeof(counts.objects)) == 0);
	EXPECT(run, counts.pool_pages == census.pool_pages && counts.handle_pages == census.handle_pages);
	EXPECT(run, counts.user_frames == census.user_frames && counts.space_tables == census.space_tables);
	EXPECT(run, counts.arena_frames == arena && counts.arena_frames_used == arena_frames_used());
	EXPECT(run, counts.free_frames + counts.user_frames + counts.arena_frames == census.ordinary);
}
SELFTEST(system_counts_are_a_census);

static void system_counts_begin_at_0(struct selftest_run *run)
{
	struct system_counts counts;
	struct system_reading reading = { .record = &counts, .cursor = 1 };

	EXPECT(run, system_read_counts(&reading) == ERR_INVALID && !reading.has_record);
}
SELFTEST(system_counts_begin_at_0);
