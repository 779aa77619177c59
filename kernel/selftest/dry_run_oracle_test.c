/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/dry_run_oracle_test.c: the fast dry run against the full one: generated stores (forms × addresses ×
 * values × alignments, seeded) are each run both ways from the same registers, and everything found must be equal. Each store
 * is also executed on an ordinary twin of the pages. Needs ro_fault=ignore or ro_fault=once. In a kernel thread, after the seal.
 */
#include <amber/chain.h>
#include <amber/options.h>
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "dry_run.h"
#include "lab.h"
#include "violation_log.h"

#define STORES     10000
#define PAIR_BYTES (2 * PAGE_SIZE)

static uint64_t random_state;
static uint8_t twin[PAIR_BYTES] __aligned(PAGE_SIZE);

/* xorshift64: the same numbers in every run. */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Any address in the two pages, with a preference for the places where something can go wrong. */
static vaddr_t next_address(void)
{
	uint64_t offset = next_random() % (2 * PAGE_SIZE - 64);

	if (next_random() % 4 == 0)
		offset = PAGE_SIZE - 80 + next_random() % 96;
	if (next_random() % 4 == 0)
		offset = (offset & ~63ull) + (next_random() % 3) * 56 % 64;
	return (vaddr_t)lab_sealed_page + MIN(offset, 2 * PAGE_SIZE - 64);
}

static void store(enum inject_form form, vaddr_t addr, uint64_t value, uint64_t there)
{
	switch (form) {
	case INJECT_STORE1:
		arch_inject_store1(addr, value);
		break;
	case INJECT_STORE2:
		arch_inject_store2(addr, value);
		break;
	case INJECT_STORE4:
		arch_inject_store4(addr, value);
		break;
	case INJECT_STORE8:
		arch_inject_store8(addr, value);
		break;
	case INJECT_OR:
		arch_inject_or(addr, value);
		break;
	case INJECT_SWAP:
		arch_inject_swap(addr, value);
		break;
	case INJECT_CMPXCHG: /* every other one succeeds */
		arch_inject_cmpxchg(addr, value, there + (value & 1));
		break;
	case INJECT_FILL:
		arch_inject_fill(addr, value);
		break;
	}
}

/* Random, small, or what is there: redundant stores must look the same too. */
static uint64_t next_value(uint64_t there)
{
	uint64_t value = next_random();

	if (value % 5 == 0)
		return value >> 56;
	return value % 5 == 1 ? there : value;
}

/* One generated store, on the sealed pages and, if it is let through, on their twin. */
static void next_store(bool is_let_through)
{
	enum inject_form form = next_random() % (INJECT_FILL + 1);
	vaddr_t addr = next_address();
	uint64_t there, value;

	if (arch_atomics_need_alignment && form >= INJECT_OR && form <= INJECT_CMPXCHG)
		addr &= ~7ull;
	memcpy(&there, (const void *)addr, sizeof(there));
	value = next_value(there);
	store(form, addr, value, there);
	if (is_let_through)
		store(form, (vaddr_t)twin + (addr - (vaddr_t)lab_sealed_page), value, there);
}

static void fast_dry_run_equals_full_one(struct selftest_run *run)
{
	struct dry_run_oracle oracle = { 0 };
	uint64_t stores = violation_counts.stores;
	bool is_once = strcmp(chain_table.chains[0].text, "once") == 0;

	if (!is_once && strcmp(chain_table.chains[0].text, "ignore") != 0) {
		selftest_skip(run, "boot with ro_fault=ignore or ro_fault=once");
		return;
	}
	memcpy(twin, lab_sealed_page, PAIR_BYTES);
	random_state = 0x5ea1ed;
	dry_run_compare(&oracle);
	for (unsigned i = 0; i < STORES; i++)
		next_store(is_once);
	dry_run_compare(NULL);
	EXPECT(run, violation_counts.stores >= stores + STORES);
	EXPECT(run, oracle.compared > STORES / 2);
	EXPECT(run, memcmp(lab_sealed_page, twin, PAIR_BYTES) == 0);
	if (oracle.differences)
		selftest_fail(run, "%lu of %lu stores differ", (unsigned long)oracle.differences, (unsigned long)oracle.compared);
}
SELFTEST(fast_dry_run_equals_full_one);
