/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/seal_test.c: writing to everything that must not be writable, by both mappings. The attempts have
 * fix-up addresses and store what is there already. In a kernel thread, after the seal.
 */
#include <amber/initcall.h>
#include <amber/selftest.h>

#include <arch.h>

#include "frame.h"
#include "gate.h"
#include "kernel_map.h"
#include "lab.h"
#include "seal.h"
#include "stack.h"
#include "violation_log.h"

/* Tries the first byte of each page of [start, end), in the image and in the direct map. */
static void must_not_be_writable(struct selftest_run *run, const char *what, vaddr_t start, vaddr_t end)
{
	for (vaddr_t addr = start; addr < end; addr += PAGE_SIZE) {
		vaddr_t alias = (vaddr_t)phys_to_virt(image_to_phys(addr));
		uint8_t byte;

		if (!arch_try_read(addr, &byte, 1) || arch_try_write8(addr, byte))
			selftest_fail(run, "%s: 0x%lx is writable or gone", what, (unsigned long)addr);
		if (!arch_try_read(alias, &byte, 1) || arch_try_write8(alias, byte))
			selftest_fail(run, "%s: its alias 0x%lx is writable or gone", what, (unsigned long)alias);
	}
}

bool selftest_needs_seal(struct selftest_run *run)
{
	if (seal_state != SEAL_SEALED)
		selftest_skip(run, "booted with rodata=off");
	return seal_state == SEAL_SEALED;
}

static void seal_holds(struct selftest_run *run)
{
	if (!selftest_needs_seal(run))
		return;
	if (gate_counters.unprotected_pages) {
		selftest_skip(run, "a chain has opened a page");
		return;
	}
	must_not_be_writable(run, "sealed data", (vaddr_t)__ro_after_init_start, (vaddr_t)__ro_after_init_end);
	must_not_be_writable(run, "core data", (vaddr_t)__ro_core_start, (vaddr_t)__ro_core_end);
}
SELFTEST(seal_holds);

static void text_and_rodata_are_read_only(struct selftest_run *run)
{
	must_not_be_writable(run, "text", (vaddr_t)__text_start, (vaddr_t)__text_end);
	must_not_be_writable(run, "rodata", (vaddr_t)__rodata_start, (vaddr_t)__rodata_end);
}
SELFTEST(text_and_rodata_are_read_only);

/* No vacuous pass: init really wrote what was sealed afterwards. */
static void sealed_data_was_written(struct selftest_run *run)
{
	if (!selftest_needs_seal(run))
		return;
	if (violation_counts.stores) {
		selftest_skip(run, "other tests have stored there: run it alone");
		return;
	}
	EXPECT(run, lab_sealed_word == 0x5ea1ed);
	EXPECT(run, lab_sealed_page[0] == 0x11 && lab_sealed_page[PAGE_SIZE - 1] == 0x11);
	EXPECT(run, lab_sealed_next == lab_sealed_page + PAGE_SIZE && lab_sealed_next[0] == 0x22);
}
SELFTEST(sealed_data_was_written);

static void init_memory_is_gone(struct selftest_run *run)
{
	enum frame_type type;

	for (vaddr_t addr = (vaddr_t)__init_start; addr < (vaddr_t)__init_end; addr += PAGE_SIZE) {
		uint8_t byte;

		if (arch_try_read(addr, &byte, 1)) {
			selftest_fail(run, "0x%lx is still mapped", (unsigned long)addr);
			return;
		}
	}
	type = frame_type_at(image_to_phys((vaddr_t)__init_start));
	EXPECT(run, type != FRAME_INIT_TEXT); /* whoever may have got it since */
}
SELFTEST(init_memory_is_gone);

static void stacks_have_guards(struct selftest_run *run)
{
	vaddr_t top;
	uint8_t byte;

	EXPECT(run, stack_alloc(&top) == OK);
	EXPECT(run, arch_try_write8(top - 1, 0) && arch_try_write8(top - STACK_SIZE, 0));
	EXPECT(run, !arch_try_read(top - STACK_SIZE - 1, &byte, 1) && !arch_try_read(top - 2 * STACK_SIZE, &byte, 1));
	EXPECT(run, !arch_try_read(top, &byte, 1));
	EXPECT(run, stack_is_guard(top - STACK_SIZE - 1) && !stack_is_guard(top - 1));
	stack_free(top);
	EXPECT(run, !arch_try_read(top - 1, &byte, 1));
}
SELFTEST(stacks_have_guards);

static void low_half_is_empty(struct selftest_run *run)
{
	static const vaddr_t places[] = { 0, PAGE_SIZE, 0x200000, 0x40200000, 0x7fffffff0000 };
	uint8_t byte;

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
		EXPECT(run, !arch_try_read(places[i], &byte, 1));
}
SELFTEST(low_half_is_empty);
