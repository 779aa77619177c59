/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/bench.c: figures in executed instructions (test=bench_*, under -icount), each printed as the event
 * `bench`. What is measured prints nothing and waits for no hardware, and lies between two labels that a tool outside can
 * count between as well (docs/measuring.md). In a kernel thread, after the seal.
 */
#include <amber/chain.h>
#include <amber/event.h>
#include <amber/selftest.h>
#include <amber/stretch.h>
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

/* The instructions that `statement` executes, between the labels bench_NAME_begin and bench_NAME_end. Low 32 bits of the
 * counter are enough. To be used once per name, in a function that is __single and has no loop. */
#define STRETCH(name, statement) \
	({ \
		uint64_t begin_, end_; \
		ARCH_COUNTER(begin_, "", STRETCH_LABEL(name "_begin")); \
		statement; \
		ARCH_COUNTER(end_, STRETCH_LABEL(name "_end"), ""); \
		(uint32_t)(end_ - begin_) - ARCH_COUNTER_COST; \
	})

static void add(struct series *series, uint64_t value)
{
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

static __single uint64_t count_gate_empty(void)
{
	return STRETCH("gate_empty", gate_run(GATE_EMPTY, 0, 0, 0, 0, 0));
}

static void bench_gate_empty(struct selftest_run *run)
{
	struct series series = { .count = 0 };

	if (!can_count(run))
		return;
	for (unsigned i = 0; i < ROUNDS; i++)
		add(&series, count_gate_empty());
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

static __single uint64_t count_gate_one(paddr_t table, pte_t pte, enum error *error)
{
	return STRETCH("gate_one", *error = gate_set_entries(table, 0, pte, PAGE_SIZE, 1));
}

static __single uint64_t count_gate_512(paddr_t table, pte_t pte, enum error *error)
{
	return STRETCH("gate_512", *error = gate_set_entries(table, 0, pte, PAGE_SIZE, 512));
}

static void measure_gate(struct selftest_run *run, const char *name, unsigned entries,
                         uint64_t (*count)(paddr_t, pte_t, enum error *))
{
	struct series series = { .count = 0 };
	struct mapping mapping;

	if (!can_count(run) || !map_table(run, &mapping))
		return;
	for (unsigned i = 0; i < ROUNDS; i++) {
		enum error error = ERR_INVALID;

		add(&series, count(mapping.table, pte_encode(mapping.frame, i & 1 ? PERM_R | PERM_W : PERM_R, 1), &error));
		EXPECT(run, !error);
	}
	EXPECT(run, gate_set_entries(mapping.table, 0, pte_encode(mapping.frame, PERM_R | PERM_W, 1), PAGE_SIZE, entries) == OK);
	tlb_shootdown_all();
	report(name, &series);
}

static void bench_gate_one(struct selftest_run *run)
{
	measure_gate(run, "gate_one", 1, count_gate_one);
}
SELFTEST(bench_gate_one);

static void bench_gate_512(struct selftest_run *run)
{
	measure_gate(run, "gate_512", 512, count_gate_512);
}
SELFTEST(bench_gate_512);

static __single uint64_t count_protect_512(unsigned perms, enum error *error)
{
	return STRETCH("protect_512_per_page", *error = pagetable_protect(kernel_root_frame, TEST_RANGE_BENCH, BLOCK_SIZE, perms));
}

/* What anybody calls who changes permissions: the walk, the gate call and the invalidation, for 512 pages. */
static void bench_protect_512_per_page(struct selftest_run *run)
{
	struct series series = { .count = 0 };
	struct mapping mapping;

	if (!can_count(run) || !map_table(run, &mapping))
		return;
	for (unsigned i = 0; i < ROUNDS; i++) {
		enum error error = ERR_INVALID;

		add(&series, (count_protect_512(i & 1 ? PERM_R | PERM_W : PERM_R, &error) + 256) / 512);
		EXPECT(run, !error);
	}
	EXPECT(run, pagetable_protect(kernel_root_frame, TEST_RANGE_BENCH, BLOCK_SIZE, PERM_R | PERM_W) == OK);
	report("protect_512_per_page", &series);
}
SELFTEST(bench_protect_512_per_page);

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

static enum error seal_one(const struct seal_range *range, uint64_t *aliases)
{
	enum error error = seal_range_prepare(range);

	if (!error)
		*aliases = seal_range_commit(range);
	return error;
}

static __single uint64_t count_sealing(const struct seal_range *range, uint64_t *aliases, enum error *error)
{
	return STRETCH("seal_per_page", *error = seal_one(range, aliases));
}

static uint64_t cost_of_sealing(struct selftest_run *run, const struct seal_range *range)
{
	enum error error = ERR_INVALID;
	uint64_t aliases = 0, value = count_sealing(range, &aliases, &error);

	EXPECT(run, !error && aliases == 2 * range->bytes / PAGE_SIZE);
	return value;
}

/* The slope: what 64 more pages with two mappings cost. Both ranges are large enough to be invalidated as a whole, else the
 * slope would show the difference between two ways. The pages stay sealed for the rest of this boot. */
static void bench_seal_per_page(struct selftest_run *run)
{
	struct series series = { .count = 1 };
	struct seal_range small, large;

	if (!can_count(run) || !prepare_range(run, &small, 72, 0) || !prepare_range(run, &large, 136, 1))
		return;
	uint64_t cost_small = cost_of_sealing(run, &small), cost_large = cost_of_sealing(run, &large);

	series.values[0] = (cost_large - cost_small + 64) / (2 * 64);
	report("seal_per_page", &series);
}
SELFTEST(bench_seal_per_page);

/* From the store to the instruction behind it. */
#define COUNT_STORE(name) \
	static __single uint64_t count_##name(volatile uint64_t *target, uint64_t value) \
	{ \
		return STRETCH(#name, *target = value); \
	}
COUNT_STORE(ignore_cold);
COUNT_STORE(ignore_warm);
COUNT_STORE(once_cold);
COUNT_STORE(once_warm);

/* The record before is flushed outside, so nothing is printed inside. */
static void measure_violation(struct selftest_run *run, const char *chain, const char *name, bool same_page,
                              uint64_t (*count)(volatile uint64_t *, uint64_t))
{
	struct series series = { .count = 0 };

	if (!can_count(run))
		return;
	if (strcmp(chain_table.chains[0].text, chain) != 0) {
		selftest_skip(run, "boot with ro_fault=ignore or ro_fault=once, as the name says");
		return;
	}
	if (same_page) /* the first one is not yet warm */
		*((volatile uint64_t *)lab_sealed_page + 16) = ROUNDS;
	for (unsigned i = 0; i < ROUNDS; i++) {
		volatile uint64_t *target = (uint64_t *)(same_page || (i & 1) ? lab_sealed_page : lab_sealed_next) + 16;
		uint64_t records;

		violation_log_flush();
		records = violation_counts.records;
		add(&series, count(target, i));
		EXPECT(run, violation_counts.records == records + 1);
	}
	violation_log_flush();
	report(name, &series);
}

/* Another page than last time, or the same. */
static void bench_ignore_cold(struct selftest_run *run)
{
	measure_violation(run, "ignore", "ignore_cold", false, count_ignore_cold);
}
SELFTEST(bench_ignore_cold);

static void bench_ignore_warm(struct selftest_run *run)
{
	measure_violation(run, "ignore", "ignore_warm", true, count_ignore_warm);
}
SELFTEST(bench_ignore_warm);

static void bench_once_cold(struct selftest_run *run)
{
	measure_violation(run, "once", "once_cold", false, count_once_cold);
}
SELFTEST(bench_once_cold);

static void bench_once_warm(struct selftest_run *run)
{
	measure_violation(run, "once", "once_warm", true, count_once_warm);
}
SELFTEST(bench_once_warm);
