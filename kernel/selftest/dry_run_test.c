/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/dry_run_test.c: each storing instruction of arch_dry_run_probes[] runs on sealed memory and on an
 * ordinary twin with the same contents; registers, flags, both pages and the record are compared. No expected value is
 * typed by hand. Needs ro_fault=ignore or ro_fault=once. In a kernel thread, after the seal.
 */
#include <amber/chain.h>
#include <amber/panic.h>
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "frame.h"
#include "kernel_map.h"
#include "lab.h"
#include "pagetable.h"
#include "phys.h"
#include "ring.h"
#include "test_range.h"
#include "violation_log.h"

#define PAIR_BYTES (2 * PAGE_SIZE)

/* Five ordinary pages, allocated by the first test. */
static uint8_t *twin;          /* two: ordinary memory with the same contents */
static uint8_t *before;        /* two: what was there */
static uint8_t *ordinary_page; /* one: part of a layout */

/* Two pages in a row, of which at least one is sealed. */
struct layout {
	const char *name;
	uint8_t *pages;
	bool needs_edge; /* only worth running for stores that reach both pages */
};

static struct layout layouts[] = {
	{ "sealed, sealed", lab_sealed_page, false },
	{ "sealed, ordinary", NULL, true },
	{ "ordinary, sealed", NULL, true },
};

static void map_pair(struct layout *layout, unsigned slot, paddr_t first, paddr_t second, unsigned first_perms)
{
	vaddr_t addr = TEST_RANGE_BASE + slot * 4 * PAGE_SIZE;
	unsigned second_perms = PERM_R | (first_perms & PERM_W ? 0 : PERM_W);

	if (pagetable_map(kernel_root_frame, addr, first, PAGE_SIZE, first_perms, 1) ||
	    pagetable_map(kernel_root_frame, addr + PAGE_SIZE, second, PAGE_SIZE, second_perms, 1))
		panic("selftest: can't map the test pages");
	layout->pages = (uint8_t *)addr;
}

static void make_pages(void)
{
	paddr_t frames;

	if (phys_alloc(5, &frames))
		panic("selftest: no memory");
	twin = phys_to_virt(frames);
	before = twin + PAIR_BYTES;
	ordinary_page = before + PAIR_BYTES;
	map_pair(&layouts[1], 0, image_to_phys((vaddr_t)lab_sealed_next), frames + 2 * PAIR_BYTES, PERM_R);
	map_pair(&layouts[2], 1, frames + 2 * PAIR_BYTES, image_to_phys((vaddr_t)lab_sealed_page), PERM_R | PERM_W);
}

static unsigned probe_count(void)
{
	return arch_dry_run_probe_count;
}

static const char *probe_name(unsigned variant)
{
	return arch_dry_run_probes[variant].name;
}

/* A register that points into (or near) the pages is compared by its distance from them. */
static bool same_register(uint64_t value, vaddr_t pages, uint64_t twin_value)
{
	uint64_t distance = twin_value - ((vaddr_t)twin - PAGE_SIZE);

	if (distance < PAIR_BYTES + 2 * PAGE_SIZE)
		return value - (pages - PAGE_SIZE) == distance;
	return value == twin_value;
}

static void compare_registers(struct selftest_run *run, const struct layout *layout, const struct probe_registers *sealed,
                              const struct probe_registers *ordinary)
{
	for (unsigned i = 0; i < PROBE_REGISTERS; i++)
		if (!same_register(sealed->r[i], (vaddr_t)layout->pages, ordinary->r[i]))
			selftest_fail(run, "%s: register %u is 0x%lx, on ordinary memory 0x%lx", layout->name, i,
			              (unsigned long)sealed->r[i], (unsigned long)ordinary->r[i]);
}

/* A repeated store, and a pair on aarch64, is several accesses: those in the ordinary page may have been made for real
 * before the first one met the sealed page. */
static bool may_be_done_before(const struct layout *layout, const struct dry_run_probe *probe, unsigned offset)
{
	struct mapping mapping;

	return layout->needs_edge && probe->bytes > 8 &&
	       pagetable_lookup(kernel_root_frame, (vaddr_t)layout->pages + offset, &mapping) == OK && (mapping.perms & PERM_W);
}

static void compare_memory(struct selftest_run *run, const struct layout *layout, const struct dry_run_probe *probe,
                           const uint8_t *expected)
{
	for (unsigned i = 0; i < PAIR_BYTES; i++) {
		if (layout->pages[i] == expected[i])
			continue;
		if (layout->pages[i] == twin[i] && may_be_done_before(layout, probe, i))
			continue;
		selftest_fail(run, "%s: byte 0x%x is 0x%02x, expected 0x%02x", layout->name, i, layout->pages[i], expected[i]);
		return;
	}
}

/* The record must say what happened to the twin: every byte that changed there lies in its extent, with its values. */
static void compare_record(struct selftest_run *run, const struct layout *layout, const struct dry_run_probe *probe)
{
	const struct violation_ring *ring = phys_to_virt(violation_ring_frame);
	const struct violation *record = violation_log_last();
	uint64_t start = record->addr - (vaddr_t)layout->pages;
	bool changed = false;

	for (unsigned i = 0; i < PAIR_BYTES; i++) {
		if (twin[i] == before[i] || (layout->pages[i] == twin[i] && may_be_done_before(layout, probe, i)))
			continue;
		changed = true;
		if (!record->has_size || i < start || i >= start + record->size_bytes) {
			selftest_fail(run, "%s: byte 0x%x changes and is not in the record's 0x%lx, %lu bytes", layout->name, i,
			              (unsigned long)start, (unsigned long)record->size_bytes);
			return;
		}
	}
	EXPECT(run, record->has_dry_run);
	if (ring->last_is_kept) /* a full ring keeps the first records */
		EXPECT(run, memcmp(record, &ring->records[ring->kept - 1], sizeof(*record)) == 0);
	EXPECT(run, record->redundant == !changed);
	if (!record->has_size)
		return;
	for (uint64_t i = 0; i < record->size_bytes && i < VIOLATION_BYTES_MAX; i++)
		if ((record->old[i] != before[start + i] && !may_be_done_before(layout, probe, start + i)) ||
		    record->new[i] != twin[start + i]) {
			selftest_fail(run, "%s: the record's byte %lu is wrong", layout->name, (unsigned long)i);
			return;
		}
}

/* An exact record does not reach farther than the probe does. */
static void compare_size(struct selftest_run *run, const struct dry_run_probe *probe, const struct layout *layout,
                         uint64_t offset)
{
	const struct violation *record = violation_log_last();
	vaddr_t end = (vaddr_t)layout->pages + offset + probe->bytes;

	if (record->size_exact && probe->bytes && record->kind != KIND_ZERO_BLOCK && record->addr + record->size_bytes > end)
		selftest_fail(run, "%s: the record reaches %lu bytes too far", layout->name,
		              (unsigned long)(record->addr + record->size_bytes - end));
}

static void run_probe(struct selftest_run *run, const struct dry_run_probe *probe, const struct layout *layout, bool is_once)
{
	uint64_t offset = (uint64_t)(probe->offset + (probe->offset < 0 ? (int)PAGE_SIZE : 0));
	struct probe_registers sealed = { 0 }, ordinary = { 0 };
	uint64_t records = violation_counts.records, stores = violation_counts.stores;

	memcpy(before, layout->pages, PAIR_BYTES);
	memcpy(twin, before, PAIR_BYTES);
	arch_probe_run(probe, (vaddr_t)twin + offset, &ordinary);
	EXPECT(run, violation_counts.stores == stores);
	arch_probe_run(probe, (vaddr_t)layout->pages + offset, &sealed);
	if (violation_counts.records != records + 1 || (violation_counts.stores != stores + 1 && probe->bytes <= 8)) {
		selftest_fail(run, "%s: %lu records instead of one", layout->name, (unsigned long)(violation_counts.records - records));
		return;
	}
	compare_registers(run, layout, &sealed, &ordinary);
	compare_memory(run, layout, probe, is_once ? twin : before);
	compare_record(run, layout, probe);
	compare_size(run, probe, layout, offset);
	violation_log_flush();
}

/* Does the default chain let execution go on behind every store? */
static bool steps_stores(void)
{
	return strcmp(chain_table.chains[0].text, "once") == 0 || strcmp(chain_table.chains[0].text, "ignore") == 0;
}

static void dry_run(struct selftest_run *run)
{
	const struct dry_run_probe *probe = &arch_dry_run_probes[run->variant];
	bool is_once = strcmp(chain_table.chains[0].text, "once") == 0;

	if (!steps_stores()) {
		selftest_skip(run, "boot with ro_fault=ignore or ro_fault=once");
		return;
	}
	if (!twin)
		make_pages();
	for (unsigned i = 0; i < ARRAY_SIZE(layouts); i++)
		if (!layouts[i].needs_edge || probe->offset < 0)
			run_probe(run, probe, &layouts[i], is_once);
}
SELFTEST_EACH(dry_run, probe_count, probe_name);

#define MASKED_MAX 20000 /* instructions with interrupts masked, per event */

/* The longest of all: a repeated store over many bytes. It is cut into events, and between two of them interrupts come in. */
static void masks_briefly(struct selftest_run *run)
{
	struct probe_registers after = { 0 };
	uint64_t longest = 0;

	if (!arch_clock_counts_instructions() || !steps_stores()) {
		selftest_skip(run, "needs -icount, and ro_fault=ignore or once");
		return;
	}
	for (unsigned i = 0; i < arch_dry_run_probe_count; i++) {
		const struct dry_run_probe *probe = &arch_dry_run_probes[i];
		uint64_t begin, stores;

		vaddr_t page = (vaddr_t)(probe->offset < 0 ? lab_sealed_next : lab_sealed_page); /* also across the edge */

		if (probe->uses_stack)
			continue;
		violation_log_flush();
		stores = violation_counts.stores;
		begin = arch_instructions();
		arch_probe_run(probe, page + probe->offset, &after);
		longest = MAX(longest, (arch_instructions() - begin) / MAX(violation_counts.stores - stores, 1ull));
	}
	violation_log_flush();
	EXPECT(run, longest > 0 && longest <= MASKED_MAX);
	if (longest > MASKED_MAX)
		selftest_fail(run, "%lu instructions for one event", (unsigned long)longest);
}
SELFTEST(masks_briefly);
