/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/storm_test.c: a storm of writes to sealed memory under ro_fault=ignore: every store and every record is
 * counted, printing stays bounded, nothing changes, and afterwards the machine works as before. It takes long, so it
 * runs only where the pattern names it (test=storm_…). In a kernel thread, after the seal.
 */
#include <amber/chain.h>
#include <amber/options.h>
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "device_init.h"
#include "frame.h"
#include "irq.h"
#include "kernel_map.h"
#include "lab.h"
#include "phys.h"
#include "ring.h"
#include "stack.h"
#include "thread.h"
#include "violation_log.h"

/* One round: stores to one address are a record each, those of a run are one together. */
#define SAME_PLACE    500
#define REDUNDANT     125
#define RUN_UP        250
#define RUN_DOWN      125
#define ROUND_STORES  (SAME_PLACE + REDUNDANT + RUN_UP + RUN_DOWN)
#define ROUND_RECORDS (SAME_PLACE + REDUNDANT + 2)
#define RUN_UP_AT     64 /* none of these places touches another */
#define REDUNDANT_AT  2600

/* What may be printed: a burst, then so many a second (kernel/violation_log.c). */
#define PRINT_BURST      256
#define PRINT_PER_SECOND 20

struct storm {
	const char *name;
	uint64_t stores;
};

static const struct storm storms[] = {
	{ "20_thousand", 20000 },
	{ "1_million", 1000000 },
};

struct counts {
	uint64_t stores, records, ignored, printed, appended, us, ticks;
};

static unsigned storm_count(void)
{
	return ARRAY_SIZE(storms);
}

static const char *storm_name(unsigned variant)
{
	return storms[variant].name;
}

static struct counts counts_now(void)
{
	const struct violation_ring *ring = phys_to_virt(violation_ring_frame);

	return (struct counts){
		.stores = violation_counts.stores,
		.records = violation_counts.records,
		.ignored = violation_counts.by_verdict[VERDICT_IGNORE],
		.printed = violation_counts.records - violation_counts.not_printed,
		.appended = ring->appended,
		.us = arch_time_us(),
		.ticks = irq_ticks(),
	};
}

/* The tick ends a run of stores that pauses for 100 ms: masked, so that a busy host can't split one. */
static void runs(void)
{
	vaddr_t page = (vaddr_t)lab_sealed_page;
	uint64_t state = arch_irq_save();

	for (unsigned i = 0; i < RUN_UP; i++)
		arch_inject_store8(page + RUN_UP_AT + 8 * i, i);
	for (unsigned i = 1; i <= RUN_DOWN; i++)
		arch_inject_store8(page + PAGE_SIZE - 8 * i, i);
	arch_irq_restore(state);
}

static void one_round(void)
{
	vaddr_t word = (vaddr_t)&lab_sealed_word, place = (vaddr_t)&lab_sealed_page[REDUNDANT_AT];
	uint64_t same;

	runs(); /* first of all: so they are among the records that are printed */
	for (unsigned i = 0; i < SAME_PLACE; i++)
		arch_inject_store8(word, i);
	memcpy(&same, &lab_sealed_page[REDUNDANT_AT], sizeof(same));
	for (unsigned i = 0; i < REDUNDANT; i++)
		arch_inject_store8(place, same);
}

static void check_counts(struct selftest_run *run, const struct counts *before, const struct counts *after, uint64_t rounds)
{
	uint64_t records = after->records - before->records, seconds = (after->us - before->us) / 1000000 + 1;

	if (after->stores - before->stores != rounds * ROUND_STORES || records != rounds * ROUND_RECORDS)
		selftest_fail(run, "%lu stores in %lu records were counted instead of %lu in %lu",
		              (unsigned long)(after->stores - before->stores), (unsigned long)records,
		              (unsigned long)(rounds * ROUND_STORES), (unsigned long)(rounds * ROUND_RECORDS));
	EXPECT(run, after->ignored - before->ignored == records);
	EXPECT(run, after->appended - before->appended == records);
	if (after->printed - before->printed > PRINT_BURST + PRINT_PER_SECOND * seconds + 1)
		selftest_fail(run, "%lu records were printed in %lu s", (unsigned long)(after->printed - before->printed),
		              (unsigned long)seconds);
	EXPECT(run, after->ticks > before->ticks || !device_init_has_timer());
}

static void check_memory(struct selftest_run *run)
{
	EXPECT(run, lab_sealed_word == 0x5ea1ed);
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		if (lab_sealed_page[i] != 0x11) {
			selftest_fail(run, "byte 0x%x of the page was changed", i);
			return;
		}
}

static void set_flag(void *flag)
{
	*(bool *)flag = true;
}

/* A tick comes, a thread runs, memory can be had, and the next write is caught and counted like the first. */
static void check_machine(struct selftest_run *run)
{
	uint64_t ticks = irq_ticks(), records = violation_counts.records;
	struct thread *thread;
	bool has_run = false;
	paddr_t frame;
	vaddr_t top;

	while (device_init_has_timer() && irq_ticks() == ticks)
		arch_wait_for_interrupt();
	if (thread_start("after-storm", set_flag, &has_run, &thread)) {
		selftest_fail(run, "no thread can be started");
		return;
	}
	EXPECT(run, thread_join(thread) == THREAD_ENDED && has_run);
	EXPECT(run, phys_alloc(1, &frame) == OK);
	EXPECT(run, stack_alloc(&top) == OK && arch_try_write8(top - 1, 1));
	stack_free(top);
	phys_free(frame, 1);
	arch_inject_store8((vaddr_t)&lab_sealed_word, 1);
	EXPECT(run, violation_counts.records == records + 1 && lab_sealed_word == 0x5ea1ed);
}

static void storm(struct selftest_run *run)
{
	uint64_t rounds = storms[run->variant].stores / ROUND_STORES;
	struct counts before, after;

	if (strncmp(options.test, "storm_", sizeof("storm_") - 1) != 0) {
		selftest_skip(run, "takes long: boot with test=storm_...");
		return;
	}
	if (strcmp(chain_table.chains[0].text, "ignore") != 0) {
		selftest_skip(run, "boot with ro_fault=ignore");
		return;
	}
	violation_log_flush();
	before = counts_now();
	for (uint64_t i = 0; i < rounds; i++)
		one_round();
	violation_log_flush();
	after = counts_now();
	check_counts(run, &before, &after, rounds);
	check_memory(run);
	check_machine(run);
}
SELFTEST_EACH(storm, storm_count, storm_name);
