/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/user_copy_test.c: the kernel's copies from and to user memory: every length and alignment, byte by byte, up to
 * the edge of what is mapped and beyond; and that it reaches user memory by them only. Main thread, in a space of its own.
 */
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "address_space.h"
#include "big_lock.h"
#include "kernel_map.h"
#include "space.h"
#include "user_frames.h"

#define DATA      (USER_START + 0x100000) /* a writable page, a read-only one, then a hole */
#define READ_ONLY (DATA + PAGE_SIZE)
#define HOLE      (READ_ONLY + PAGE_SIZE)
#define LENGTHS   40
#define OFFSETS   9

static struct address_space space;
static paddr_t frames[2];
static uint8_t pattern[64];
static bool is_sealed; /* the first page: until the space is dead */

static bool from_user(void *to, vaddr_t user, size_t bytes)
{
	bool is_good;

	arch_user_access_begin();
	is_good = arch_copy_from_user(to, user, bytes);
	arch_user_access_end();
	return is_good;
}

static bool to_user(vaddr_t user, const void *from, size_t bytes)
{
	bool is_good;

	arch_user_access_begin();
	is_good = arch_copy_to_user(user, from, bytes);
	arch_user_access_end();
	return is_good;
}

static enum error make_space(void)
{
	enum error error = address_space_create(&space);

	for (unsigned i = 0; i < ARRAY_SIZE(frames) && !error; i++) {
		error = user_frame_alloc(&frames[i]);
		if (!error)
			error = address_space_prepare(&space, DATA + i * PAGE_SIZE, 1);
		if (!error)
			error = address_space_map(&space, DATA + i * PAGE_SIZE, frames[i], 1, i == 0 ? PERM_R | PERM_W : PERM_R);
	}
	return error;
}

static void end_space(struct selftest_run *run)
{
	EXPECT(run, is_sealed || address_space_unmap(&space, DATA, 2) == OK);
	address_space_kill(&space);
	EXPECT(run, !is_sealed || address_space_unmap(&space, DATA, 2) == OK);
	is_sealed = false;
	while (!address_space_free_step(&space, 1))
		;
	for (unsigned i = 0; i < ARRAY_SIZE(frames); i++)
		user_frame_free(frames[i]);
}

/* Runs in the space; the caller's frame tells the same page by its kernel address. */
static void in_space(struct selftest_run *run, void (*test)(struct selftest_run *run))
{
	uint64_t irq_state = arch_irq_save();
	struct address_space *before = this_cpu()->state->space;

	big_lock_take();
	for (unsigned i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(0x40 + i);
	if (make_space()) {
		selftest_fail(run, "no space");
	} else {
		address_space_load(&space);
		test(run);
		address_space_load(before);
		end_space(run);
	}
	big_lock_drop();
	arch_irq_restore(irq_state);
}

/* Whether exactly `bytes` bytes behind `offset` were copied, there and back. */
static bool copies_well(size_t offset, size_t from, size_t bytes)
{
	uint8_t *page = (uint8_t *)(DIRECT_MAP_BASE + frames[0]), back[sizeof(pattern)];

	memset(page, 0xee, 2 * sizeof(pattern));
	if (!to_user(DATA + 1 + offset, pattern + from, bytes))
		return false;
	if (memcmp(page + 1 + offset, pattern + from, bytes) || page[offset] != 0xee || page[1 + offset + bytes] != 0xee)
		return false;
	memset(back, 0xdd, sizeof(back));
	if (!from_user(back + 1 + from, DATA + 1 + offset, bytes))
		return false;
	return !memcmp(back + 1 + from, pattern + from, bytes) && back[from] == 0xdd && back[1 + from + bytes] == 0xdd;
}

static void try_all(struct selftest_run *run)
{
	for (size_t bytes = 0; bytes < LENGTHS; bytes++)
		for (size_t i = 0; i < OFFSETS * OFFSETS; i++)
			if (!copies_well(i % OFFSETS, i / OFFSETS, bytes))
				selftest_fail(run, "%zu bytes, offset %zu from %zu", bytes, i % OFFSETS, i / OFFSETS);
}

static void user_copies_are_exact(struct selftest_run *run)
{
	in_space(run, try_all);
}
SELFTEST(user_copies_are_exact);

static void try_edges(struct selftest_run *run)
{
	uint8_t buffer[64];

	for (size_t bytes = 1; bytes < LENGTHS; bytes++) {
		EXPECT(run, from_user(buffer, HOLE - bytes, bytes));
		EXPECT(run, !from_user(buffer, HOLE - bytes, bytes + 1));
		EXPECT(run, !from_user(buffer, HOLE, bytes));
		EXPECT(run, to_user(READ_ONLY - bytes, buffer, bytes));
		EXPECT(run, !to_user(READ_ONLY - bytes, buffer, bytes + 1));
		EXPECT(run, !to_user(READ_ONLY, buffer, bytes));
		EXPECT(run, !from_user(buffer, DATA - bytes, bytes));
		EXPECT(run, !to_user(DATA - bytes, buffer, bytes));
	}
}

static void user_copies_stop_at_edges(struct selftest_run *run)
{
	in_space(run, try_edges);
}
SELFTEST(user_copies_stop_at_edges);

/* What a program has sealed (map_seal) no system call can write for it, by whichever address; nor by a kernel address that is
 * passed as its own. */
static void try_sealed(struct selftest_run *run)
{
	vaddr_t direct = DIRECT_MAP_BASE + frames[0];
	uint8_t back[8];

	EXPECT(run, user_copy_out(DATA, pattern, sizeof(back)) == OK);
	is_sealed = address_space_seal(&space, DATA, 1) == OK;
	EXPECT(run, is_sealed);
	EXPECT(run, user_copy_out(DATA, pattern + 8, sizeof(back)) == ERR_NOT_MAPPED);
	EXPECT(run, user_copy_out(direct, pattern + 8, sizeof(back)) == ERR_NOT_MAPPED);
	EXPECT(run, user_copy_out(DIRECT_MAP_BASE + frames[1], pattern + 8, sizeof(back)) == ERR_NOT_MAPPED);
	EXPECT(run, user_copy_out(USER_END - 4, pattern, sizeof(back)) == ERR_NOT_MAPPED);
	EXPECT(run, user_copy_in(back, direct, sizeof(back)) == ERR_NOT_MAPPED);
	EXPECT(run, !arch_try_write8(direct, 1));
	EXPECT(run, user_copy_in(back, DATA, sizeof(back)) == OK && memcmp(back, pattern, sizeof(back)) == 0);
	EXPECT(run, *(const uint8_t *)(DIRECT_MAP_BASE + frames[1]) == 0);
}

static void user_copies_respect_seals(struct selftest_run *run)
{
	in_space(run, try_sealed);
}
SELFTEST(user_copies_respect_seals);

static bool is_offered(const char *feature)
{
	for (const char *const *name = arch_cpu_features(); *name; name++)
		if (strcmp(*name, feature) == 0)
			return true;
	return false;
}

static void try_directly(struct selftest_run *run)
{
	uint64_t word;

	EXPECT(run, !arch_try_read(DATA, &word, sizeof(word)));
	EXPECT(run, !arch_try_write8(DATA, 1));
	EXPECT(run, from_user(&word, DATA, sizeof(word)));
	EXPECT(run, !arch_try_read(DATA, &word, sizeof(word)));
}

/* SMAP, PAN: a pointer that leads there by mistake or malice faults. */
static void user_memory_is_shut(struct selftest_run *run)
{
	if (is_offered("SMAP") || is_offered("PAN"))
		in_space(run, try_directly);
	else
		selftest_skip(run, "the CPU has neither SMAP nor PAN");
}
SELFTEST(user_memory_is_shut);

/* The vDSO's function, at its address in user mode's half: whatever it returns, it must not have run. */
static void run_user_code(struct selftest_run *run)
{
	arch_user_access_begin();
	((uint64_t(*)(void))VDSO_CODE_ADDRESS)();
	arch_user_access_end();
	selftest_fail(run, "the kernel has executed a user page");
}

/* If all is well this is a panic: a jump to user code is nothing that the kernel goes on from. */
static void user_code_is_not_run(struct selftest_run *run)
{
	if (!is_offered("SMEP") && arch_root_has_kernel_half)
		selftest_skip(run, "the CPU doesn't offer SMEP");
	else
		in_space(run, run_user_code);
}
SELFTEST_ENDS_THE_RUN(user_code_is_not_run);
