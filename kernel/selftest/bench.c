/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/bench.c: figures in executed instructions (test=bench_*, under -icount), each printed as the event
 * `bench`. What is measured prints nothing and waits for no hardware. In a kernel thread, after the seal.
 */
#include <amber/chain.h>
#include <amber/event.h>
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "gate.h"
#include "kernel_map.h"
#include "lab.h"
#include "pagetable.h"
#include "phys.h"
#include "seal.h"
#include "shootdown.h"
#include "test_range.h"
#include "violation_log.h"

#define ROUNDS 15

struct series {
	uint64_t values[ROUNDS];
	unsigned count;
};

/* What reading the counter twice costs by itself. */
static uint64_t reading_cost(void)
{
	uint64_t begin = arch_instructions();

	return arch_instructions() - begin;
}

static void add(struct series *series, uint64_t begin, uint64_t end)
{
	uint64_t value = end - begin - reading_cost();
	unsigned i = series->count++;

	for (; i > 0 && series->values[i - 1] > value; i--) /* sorted, for the median */
		series->values[i] = series->values[i - 1];
	series->values[i] = value;
}

static void report(const char *name, const struct series *series)
{
	struct json *json = event_begin("bench");

	json_text(json, "name", name);
	json_number(json, "median", series->values[series->count / 2]);
	json_number(json, "min", series->values[0]);
	json_number(json, "max", series->values[series->count - 1]);
	json_text(json, "unit", "instructions");
	event_end(json);
}

static bool can_count(struct selftest_run *run)
{
	if (!arch_clock_counts_instructions())
		selftest_skip(run, "the clock counts no instructions: run QEMU with -icount (make bench)");
	return arch_clock_counts_instructions();
}

static void bench_boot_to_seal(struct selftest_run *run)
{
	struct series series = { .count = 1 };

	if (!can_count(run))
		return;
	series.values[0] = seal_boot_instructions();
	report("boot_to_seal", &series);
}
SELFTEST(bench_boot_to_seal);

static void bench_gate_empty(struct selftest_run *run)
{
	struct series series = { .count = 0 };

	if (!can_count(run))
		return;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t begin = arch_instructions();

		gate_run(GATE_EMPTY, 0, 0, 0, 0, 0);
		add(&series, begin, arch_instructions());
	}
	report("gate_empty", &series);
}
SELFTEST(bench_gate_empty);

/* A whole table of ordinary pages: 512 entries for consecutive frames. */
static bool map_table(struct selftest_run *run, struct mapping *mapping)
{
	static paddr_t block;

	if (!block) {
		EXPECT(run, phys_alloc_block(&block) == OK);
		EXPECT(run, pagetable_map(kernel_root_frame, TEST_RANGE_BENCH, block, BLOCK_SIZE, PERM_R | PERM_W, 1) == OK);
	}
	EXPECT(run, pagetable_lookup(kernel_root_frame, TEST_RANGE_BENCH, mapping) == OK);
	return !run->failures;
}

static void measure_protect(struct selftest_run *run, const char *name, unsigned count)
{
	struct series series = { .count = 0 };
	struct mapping mapping;

	if (!can_count(run) || !map_table(run, &mapping))
		return;
	for (unsigned i = 0; i < ROUNDS; i++) {
		pte_t pte = pte_encode(mapping.frame, i & 1 ? PERM_R | PERM_W : PERM_R, 1);
		uint64_t begin = arch_instructions();
		enum error error = gate_set_entries(mapping.table, 0, pte, PAGE_SIZE, count);

		add(&series, begin, arch_instructions());
		EXPECT(run, !error);
	}
	EXPECT(run, gate_set_entries(mapping.table, 0, pte_encode(mapping.frame, PERM_R | PERM_W, 1), PAGE_SIZE, count) == OK);
	tlb_shootdown_all();
	report(name, &series);
}

static void bench_gate_one(struct selftest_run *run)
{
	measure_protect(run, "gate_one", 1);
}
SELFTEST(bench_gate_one);

static void bench_gate_512(struct selftest_run *run)
{
	measure_protect(run, "gate_512", 512);
}
SELFTEST(bench_gate_512);

/* Frames whose direct-map entries are 4 KiB leaves, like the sealed sections', with a second mapping. */
static bool prepare_range(struct selftest_run *run, struct seal_range *range, uint64_t pages, unsigned n)
{
	struct mapping mapping;
	paddr_t frames;

	for (unsigned tries = 0; tries < 64; tries++) {
		if (phys_alloc(pages, &frames))
			break;
		if (pagetable_lookup(kernel_root_frame, (vaddr_t)phys_to_virt(frames), &mapping) || mapping.level != 1)
			continue;
		range->start = TEST_RANGE_BENCH + (n + 1) * BLOCK_SIZE;
		range->frame = frames;
		range->bytes = pages * PAGE_SIZE;
		range->type = FRAME_SEALED;
		EXPECT(run, pagetable_map(kernel_root_frame, range->start, frames, range->bytes, PERM_R | PERM_W, 1) == OK);
		return !run->failures;
	}
	selftest_fail(run, "no frames with 4 KiB leaves in the direct map");
	return false;
}

static uint64_t cost_of_sealing(struct selftest_run *run, const struct seal_range *range)
{
	uint64_t begin = arch_instructions(), aliases = 0;
	enum error error = seal_range_prepare(range);

	if (!error)
		aliases = seal_range_commit(range);
	EXPECT(run, !error && aliases == 2 * range->bytes / PAGE_SIZE);
	return arch_instructions() - begin - reading_cost();
}

/* The slope: what 64 more pages with two mappings cost. The pages stay sealed for the rest of this boot. */
static void bench_seal_per_page(struct selftest_run *run)
{
	struct series series = { .count = 1 };
	struct seal_range small, large;

	if (!can_count(run) || !prepare_range(run, &small, 32, 0) || !prepare_range(run, &large, 96, 1))
		return;
	uint64_t cost_small = cost_of_sealing(run, &small), cost_large = cost_of_sealing(run, &large);

	series.values[0] = (cost_large - cost_small + 64) / (2 * 64);
	report("seal_per_page", &series);
}
SELFTEST(bench_seal_per_page);

/* From the store to the instruction behind it. The record before is flushed outside, so nothing is printed inside. */
static void measure_violation(struct selftest_run *run, const char *chain, const char *name, bool same_page)
{
	struct series series = { .count = 0 };

	if (!can_count(run))
		return;
	if (strcmp(chain_table.chains[0].text, chain) != 0) {
		selftest_skip(run, "boot with ro_fault=ignore or ro_fault=once, as the name says");
		return;
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		volatile uint64_t *target = (uint64_t *)(same_page || (i & 1) ? lab_sealed_page : lab_sealed_next) + 16;
		uint64_t begin, records = violation_counts.records;

		violation_log_flush();
		begin = arch_instructions();
		*target = i;
		add(&series, begin, arch_instructions());
		EXPECT(run, violation_counts.records == records + 1);
	}
	violation_log_flush();
	report(name, &series);
}

/* Another page than last time, or the same. */
static void bench_ignore_cold(struct selftest_run *run)
{
	measure_violation(run, "ignore", "ignore_cold", false);
}
SELFTEST(bench_ignore_cold);

static void bench_ignore_warm(struct selftest_run *run)
{
	measure_violation(run, "ignore", "ignore_warm", true);
}
SELFTEST(bench_ignore_warm);

static void bench_once_cold(struct selftest_run *run)
{
	measure_violation(run, "once", "once_cold", false);
}
SELFTEST(bench_once_cold);

static void bench_once_warm(struct selftest_run *run)
{
	measure_violation(run, "once", "once_warm", true);
}
SELFTEST(bench_once_warm);
