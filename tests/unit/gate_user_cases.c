/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/gate_user_cases.c: what the gate refuses about user memory, each rule with a case, and that a refusal changes nothing;
 * what it allows, and what that does. The rules are stated here once more, as lists. (mm/gate_user.c, gate_user_seal.c; roots and
 * tables: gate_spaces_cases.c)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <amber/abi.h>

#include "cases.h"
#include "fake_machine.h"
#include "gate_user.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "table_walk.h"
#include "user_scene.h"
#include "vdso_pages.h"

#define LEAVES user_tables[1]
#define ODD    (user_frames + 3 * PAGE_SIZE) /* the one whose type the tests change */

static int scene(void **state)
{
	(void)state;
	user_scene_make();
	return 0;
}

static void expect_rules(void)
{
	const char *wrong = tables_broken_rule();

	if (!wrong)
		wrong = tables_wrong_count();
	if (wrong)
		fail_msg("%s", wrong);
}

static void test_which_leaves(void **state)
{
	(void)state;
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++)
		for (unsigned perms = 1; perms < 64; perms++) {
			bool is_legal = type == FRAME_USER && (perms == R || perms == RW || perms == RX);

			scene_set_frame(ODD, type, 0, 1);
			if (!is_legal) {
				REFUSES(ERR_DENIED, gate_user_map(LEAVES, 7, ODD, perms, 1));
				continue;
			}
			ALLOWS(gate_user_map(LEAVES, 7, ODD, perms, 1));
			assert_true(scene_get_entry(LEAVES, 7) == pte_encode(ODD, perms, 1));
			assert_int_equal(frame_at(ODD)->level, 1);
			assert_int_equal(frame_at(ODD)->writable, perms == RW ? 2 : 1);
			expect_rules();
			ALLOWS(gate_user_unmap(LEAVES, 7, 1));
			assert_true(scene_get_entry(LEAVES, 7) == 0 && frame_at(ODD)->level == 0 && frame_at(ODD)->writable == 1);
		}
}

/* Outside of the frame table, at its edge, and what lies there but is no RAM. */
static void test_leaves_outside_of_ram(void **state)
{
	static const paddr_t places[] = { 0, 0x9001000, FAKE_UART + PAGE_SIZE, FAKE_SMALL_START - PAGE_SIZE,
		                          FAKE_SMALL_START + FAKE_SMALL_BYTES, 1ull << 51, 0xfffffffffffff000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (unsigned perms = 1; perms < 32; perms++)
			REFUSES(ERR_DENIED, gate_user_map(LEAVES, 0, places[i], perms, 1));
	arch_user_devices[USER_DEVICE_UART].page = 0; /* a machine without */
	REFUSES(ERR_DENIED, gate_user_map(LEAVES, 0, 0, RW | PERM_DEVICE, 1));
	/* The last frame, and what lies behind the table as if it were one more entry. */
	scene_set_frame(FAKE_SMALL_START + FAKE_SMALL_BYTES - PAGE_SIZE, FRAME_USER, 0, 1);
	scene_set_frame(FAKE_SMALL_START + FAKE_SMALL_BYTES, FRAME_USER, 0, 1);
	REFUSES(ERR_DENIED, gate_user_map(LEAVES, 0, FAKE_SMALL_START + FAKE_SMALL_BYTES - PAGE_SIZE, R, 2));
}

/* The serial line's page, and the vDSO's two: each in its own way only, one at a time. */
static void test_extra_pages(void **state)
{
	paddr_t data = image_to_phys((vaddr_t)vdso_data), code = image_to_phys((vaddr_t)vdso_code);

	(void)state;
	for (unsigned type = 0; type < 2; type++) { /* sealed, and with rodata=off */
		scene_set_frame(data, type ? FRAME_SEALED : FRAME_KERNEL, 0, 0);
		scene_set_frame(code, type ? FRAME_SEALED : FRAME_KERNEL, 0, 0);
		for (unsigned perms = 1; perms < 64; perms++) {
			if (perms == R)
				ALLOWS(gate_user_map(LEAVES, 1, data, perms, 1));
			else
				REFUSES(ERR_DENIED, gate_user_map(LEAVES, 1, data, perms, 1));
			if (perms == RX)
				ALLOWS(gate_user_map(LEAVES, 2, code, perms, 1));
			else
				REFUSES(ERR_DENIED, gate_user_map(LEAVES, 2, code, perms, 1));
			if (perms == (R | PERM_DEVICE) || perms == (RW | PERM_DEVICE)) {
				ALLOWS(gate_user_map(LEAVES, 3, FAKE_UART, perms, 1));
				assert_true(scene_get_entry(LEAVES, 3) == pte_encode(FAKE_UART, perms, 1));
				ALLOWS(gate_user_unmap(LEAVES, 3, 1));
			} else {
				REFUSES(ERR_DENIED, gate_user_map(LEAVES, 3, FAKE_UART, perms, 1));
			}
		}
		assert_true(scene_get_entry(LEAVES, 1) == pte_encode(data, R, 1) && scene_get_entry(LEAVES, 2) == pte_encode(code, RX, 1));
		assert_true(frame_at(data)->level == 0 && frame_at(code)->level == 0);
		REFUSES(ERR_DENIED, gate_user_map(LEAVES, 4, data, R, 2));
		REFUSES(ERR_DENIED, gate_user_map(LEAVES, 1, data, R, 1)); /* something is mapped there */
		REFUSES(ERR_SEALED, gate_user_unmap(LEAVES, 0, 3));
		REFUSES(ERR_SEALED, gate_user_protect(LEAVES, 1, PERM_R, 1));
		REFUSES(ERR_SEALED, gate_user_protect(LEAVES, 2, PERM_R | PERM_W, 1));
		scene_set_entry(LEAVES, 1, 0);
		scene_set_entry(LEAVES, 2, 0);
	}
	ALLOWS(gate_user_map(LEAVES, 3, FAKE_UART, R | PERM_DEVICE, 1));
	ALLOWS(gate_user_protect(LEAVES, 3, PERM_R | PERM_X, 1)); /* no device is executable */
	assert_true(scene_get_entry(LEAVES, 3) == pte_encode(FAKE_UART, R | PERM_DEVICE, 1));
	ALLOWS(gate_user_protect(LEAVES, 3, PERM_R | PERM_W, 1));
	assert_true(scene_get_entry(LEAVES, 3) == pte_encode(FAKE_UART, RW | PERM_DEVICE, 1));
}

static void test_where_leaves_go(void **state)
{
	(void)state;
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++)
		for (unsigned level = 0; level < 5; level++) {
			if (type == FRAME_USER_TABLE && level == 1)
				continue;
			scene_set_frame(POOL, type, level, 0);
			REFUSES(ERR_DENIED, gate_user_map(POOL, 0, user_frames, R, 1));
			REFUSES(ERR_DENIED, gate_user_unmap(POOL, 0, 1));
			REFUSES(ERR_DENIED, gate_user_protect(POOL, 0, PERM_R, 1));
		}
	scene_set_frame(POOL, FRAME_KERNEL, 0, 1);
	for (uint64_t count = 0; count < 3; count++) {
		REFUSES(ERR_RANGE, arch_gate_call(GATE_USER_ENTRIES, LEAVES, 512, 0, count, 0));
		REFUSES(ERR_RANGE, arch_gate_call(GATE_USER_ENTRIES, LEAVES, 1ull << 32, user_frames | R, count, 0));
		REFUSES(ERR_RANGE, arch_gate_call(GATE_USER_ENTRIES, LEAVES, ~0ull, user_frames | R, count, 0));
		REFUSES(ERR_RANGE, arch_gate_call(GATE_USER_PROTECT, LEAVES, 512, PERM_R, count, 0));
	}
	REFUSES(ERR_RANGE, gate_user_map(LEAVES, 511, user_frames, R, 2));
	REFUSES(ERR_RANGE, gate_user_map(LEAVES, 0, user_frames, R, 513));
	REFUSES(ERR_RANGE, arch_gate_call(GATE_USER_ENTRIES, LEAVES, 1, user_frames | R, 1ull << 32, 0));
	REFUSES(ERR_RANGE, arch_gate_call(GATE_USER_ENTRIES, LEAVES, 1, user_frames | R, ~0ull, 0));
	REFUSES(ERR_RANGE, arch_gate_call(GATE_USER_PROTECT, LEAVES, 1, PERM_R, 512, 0));
	REFUSES(ERR_DENIED, gate_user_map(LEAVES + 8, 0, user_frames, R, 1));
	REFUSES(ERR_DENIED, gate_user_map(0, 0, user_frames, R, 1));
	REFUSES(ERR_DENIED, gate_user_map(FAKE_SMALL_START + FAKE_SMALL_BYTES, 0, user_frames, R, 1));
	REFUSES(ERR_DENIED, gate_user_map(~0ull << PAGE_SHIFT, 0, user_frames, R, 1));
	ALLOWS(gate_user_map(LEAVES, 511, user_frames, R, 1));
	REFUSES(ERR_DENIED, gate_user_map(LEAVES, 511, user_frames, R, 1)); /* occupied, be it by the same */
	REFUSES(ERR_DENIED, gate_user_map(LEAVES, 511, user_frames + PAGE_SIZE, R, 1));
	/* The kernel's door leads to none of these tables. */
	REFUSES(ERR_DENIED, gate_set_entries(LEAVES, 0, pte_encode(POOL, PERM_R, 1), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(LEAVES, 511, 0, 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(user_tables[2], 5, pte_encode_table(area_table[1]), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(user_root, 1, pte_encode_table(area_table[3]), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, pte_encode(user_frames, R, 1), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, pte_encode(user_frames, PERM_R | PERM_W, 1), 0, 1));
}

static void test_all_or_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < USER_FRAMES; i++) {
		scene_set_frame(user_frames + i * PAGE_SIZE, FRAME_KERNEL, 0, 1);
		REFUSES(ERR_DENIED, gate_user_map(LEAVES, 4, user_frames, RW, USER_FRAMES));
		scene_set_frame(user_frames + i * PAGE_SIZE, FRAME_USER, 0, 1);
		scene_set_entry(LEAVES, 4 + i, pte_encode(user_frames, R, 1));
		REFUSES(ERR_DENIED, gate_user_map(LEAVES, 4, user_frames, RW, USER_FRAMES));
		scene_set_entry(LEAVES, 4 + i, 0);
	}
	ALLOWS(gate_user_map(LEAVES, 4, user_frames, RW, USER_FRAMES));
	expect_rules();
	for (unsigned i = 0; i < USER_FRAMES; i++) {
		scene_set_frame(user_frames + i * PAGE_SIZE, FRAME_USER_SEALED, 1, 0);
		REFUSES(ERR_SEALED, gate_user_unmap(LEAVES, 0, 512));
		REFUSES(ERR_SEALED, gate_user_protect(LEAVES, 0, PERM_R, 512));
		scene_set_frame(user_frames + i * PAGE_SIZE, FRAME_USER, 1, 2);
	}
	ALLOWS(gate_user_protect(LEAVES, 0, PERM_R | PERM_X, 512)); /* holes are passed over */
	for (unsigned i = 0; i < 512; i++)
		assert_true(scene_get_entry(LEAVES, i) ==
		            (i >= 4 && i < 4 + USER_FRAMES ? pte_encode(user_frames + (i - 4) * PAGE_SIZE, RX, 1) : 0));
	expect_rules();
	ALLOWS(gate_user_unmap(LEAVES, 0, 512));
	for (unsigned i = 0; i < 512; i++)
		assert_true(scene_get_entry(LEAVES, i) == 0);
	expect_rules();
}

static void test_permissions(void **state)
{
	(void)state;
	ALLOWS(gate_user_map(LEAVES, 0, user_frames, R, 1));
	for (unsigned from = 1; from < 8; from++)
		for (unsigned to = 0; to < 64; to++) {
			bool is_start = from == (R & 7) || from == (RW & 7) || from == (RX & 7);

			if (!is_start)
				continue;
			ALLOWS(gate_user_protect(LEAVES, 0, from, 1));
			if (to == PERM_R || to == (PERM_R | PERM_W) || to == (PERM_R | PERM_X)) {
				ALLOWS(gate_user_protect(LEAVES, 0, to, 1));
				assert_true(scene_get_entry(LEAVES, 0) == pte_encode(user_frames, to | PERM_USER, 1));
				expect_rules();
			} else {
				REFUSES((to & ~7u) || !(to & PERM_R) ? ERR_INVALID : ERR_DENIED, gate_user_protect(LEAVES, 0, to, 1));
			}
		}
	REFUSES(ERR_INVALID, arch_gate_call(GATE_USER_PROTECT, LEAVES, 0, 1ull << 32 | PERM_R, 1, 0));
}

/* A frame's counts must not wrap: 255 user mappings, and the 16 bits of the writable ones. */
static void test_counts_never_wrap(void **state)
{
	(void)state;
	for (unsigned i = 0; i < UINT8_MAX; i++)
		ALLOWS(gate_user_map(LEAVES, i, user_frames, RW, 1));
	assert_int_equal(frame_at(user_frames)->level, UINT8_MAX);
	assert_int_equal(frame_at(user_frames)->writable, UINT8_MAX + 1);
	REFUSES(ERR_FULL, gate_user_map(LEAVES, 300, user_frames, R, 1));
	REFUSES(ERR_DENIED, gate_user_map(LEAVES, 300, user_frames - PAGE_SIZE, R, 2));
	expect_rules();
	ALLOWS(gate_user_unmap(LEAVES, 3, 1));
	ALLOWS(gate_user_map(LEAVES, 300, user_frames, R, 1));
	scene_set_frame(ODD, FRAME_USER, 1, UINT16_MAX);
	REFUSES(ERR_FULL, gate_user_map(LEAVES, 301, ODD, RW, 1));
}

static void expect_sealed(unsigned index, paddr_t frame, unsigned perms)
{
	unsigned at;
	paddr_t table = direct_leaf_table(frame, &at);

	assert_true(scene_get_entry(LEAVES, index) == pte_encode(frame, perms, 1));
	assert_true(scene_get_entry(table, at) == pte_encode(frame, PERM_R, 1));
	assert_true(frame_at(frame)->type == FRAME_USER_SEALED && frame_at(frame)->level == 1 && frame_at(frame)->writable == 0);
}

static void test_sealing(void **state)
{
	uint64_t tables = gate_counters.tables;

	(void)state;
	ALLOWS(gate_user_map(LEAVES, 0, user_frames, RW, 3));
	ALLOWS(gate_user_protect(LEAVES, 1, PERM_R | PERM_X, 1));
	ALLOWS(gate_user_protect(LEAVES, 2, PERM_R, 1));
	assert_int_equal(gate_counters.tables, tables); /* copies of the kernel's tables stay true */
	ALLOWS(gate_seal_user(user_root, USER, 3));
	expect_sealed(0, user_frames, R);
	expect_sealed(1, user_frames + PAGE_SIZE, RX);
	expect_sealed(2, user_frames + 2 * PAGE_SIZE, R);
	assert_true(gate_counters.tables > tables); /* not any more: the direct map's */
	expect_rules();
	for (unsigned i = 0; i < 3; i++) { /* for good */
		paddr_t frame = user_frames + i * PAGE_SIZE, table;
		unsigned at;

		REFUSES(ERR_SEALED, gate_user_unmap(LEAVES, i, 1));
		REFUSES(ERR_SEALED, gate_user_protect(LEAVES, i, PERM_R | PERM_W, 1));
		REFUSES(ERR_SEALED, gate_user_protect(LEAVES, i, PERM_R, 1));
		REFUSES(ERR_DENIED, gate_user_map(LEAVES, 9, frame, R, 1));
		REFUSES(ERR_DENIED, gate_user_map(LEAVES, 9, frame, RW, 1));
		REFUSES(ERR_DENIED, gate_frame_type(frame, 1, FRAME_USER));
		REFUSES(ERR_DENIED, gate_frame_type(frame, 1, FRAME_KERNEL));
		REFUSES(ERR_SEALED, gate_seal_user(user_root, USER + i * PAGE_SIZE, 1));
		table = direct_leaf_table(frame, &at);
		REFUSES(ERR_DENIED, gate_set_entries(table, at, pte_encode(frame, PERM_R | PERM_W, 1), 0, 1));
		REFUSES(ERR_DENIED, gate_set_entries(table, at, 0, 0, 1));
		REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, pte_encode(frame, PERM_R | PERM_W, 1), 0, 1));
		REFUSES(ERR_DENIED, gate_unseal_user(user_root, USER + i * PAGE_SIZE, 1)); /* it lives */
	}
	REFUSES(ERR_SEALED, gate_seal_user(user_root, USER, 4));
}

/* One wrong page among good ones, wherever it stands: nothing changes. */
static void refuses_among_others(enum error error, unsigned wrong)
{
	for (unsigned first = 0; first <= wrong; first++)
		for (unsigned last = wrong; last < 5; last++)
			REFUSES(error, gate_seal_user(user_root, USER + first * PAGE_SIZE, last - first + 1));
}

static void test_what_is_not_sealed(void **state)
{
	unsigned at;
	paddr_t table = direct_leaf_table(ODD, &at);

	(void)state;
	ALLOWS(gate_user_map(LEAVES, 0, user_frames, RW, 5)); /* ODD is number 3 */
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		bool is_data = type == FRAME_SEALED || type == FRAME_USER_SEALED;

		scene_set_frame(ODD, type, 1, 2);
		if (type != FRAME_USER)
			refuses_among_others(is_data ? ERR_SEALED : ERR_DENIED, 3);
	}
	scene_set_frame(ODD, FRAME_USER, 2, 2); /* a second user mapping */
	refuses_among_others(ERR_DENIED, 3);
	for (unsigned writable = 0; writable < 6; writable++) { /* … or any that is writable and none of the two */
		scene_set_frame(ODD, FRAME_USER, 1, writable);
		if (writable != 2)
			refuses_among_others(ERR_DENIED, 3);
	}
	scene_set_frame(ODD, FRAME_USER, 1, 2);
	scene_set_entry(table, at, pte_encode(ODD, PERM_R, 1)); /* the direct map's isn't, so a third one is */
	refuses_among_others(ERR_DENIED, 3);
	scene_set_entry(table, at, 0);
	refuses_among_others(ERR_DENIED, 3);
	scene_set_entry(table, at, pte_encode(ODD, PERM_R | PERM_W, 1));
	ALLOWS(gate_user_unmap(LEAVES, 3, 1));
	refuses_among_others(ERR_NOT_MAPPED, 3);
	ALLOWS(gate_user_map(LEAVES, 3, FAKE_UART, RW | PERM_DEVICE, 1));
	refuses_among_others(ERR_DENIED, 3);
	ALLOWS(gate_user_unmap(LEAVES, 3, 1));
	ALLOWS(gate_user_map(LEAVES, 3, ODD, RW, 1));
	ALLOWS(gate_seal_user(user_root, USER, 5));
	expect_rules();
}

static void test_where_is_sealed(void **state)
{
	static const struct {
		vaddr_t addr;
		uint64_t pages;
	} wrong[] = { { USER + 8, 1 }, { USER, 0 }, { USER, 513 }, { USER, ~0ull }, { 0, 1 }, { USER_START - PAGE_SIZE, 1 },
		      { USER_END, 1 }, { USER_END - PAGE_SIZE, 2 }, { ~0ull << PAGE_SHIFT, 1 }, { 1ull << 47, 1 } };

	(void)state;
	ALLOWS(gate_user_map(LEAVES, 0, user_frames, RW, 1));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		REFUSES(ERR_RANGE, gate_seal_user(user_root, wrong[i].addr, wrong[i].pages));
	REFUSES(ERR_RANGE, gate_seal_user(user_root, DIRECT_MAP_BASE + user_frames, 1));
	REFUSES(ERR_NOT_MAPPED, gate_seal_user(user_root, USER_START, 1));
	REFUSES(ERR_NOT_MAPPED, gate_seal_user(user_root, USER + BLOCK_SIZE, 1));
	REFUSES(ERR_DENIED, gate_seal_user(user_root + 8, USER, 1));
	REFUSES(ERR_DENIED, gate_seal_user(kernel_root_frame, USER, 1));
	REFUSES(ERR_DENIED, gate_seal_user(user_tables[3], USER, 1));
	REFUSES(ERR_DENIED, gate_seal_user(0, USER, 1));
	scene_set_frame(user_root, FRAME_DEAD_ROOT, 4, 0);
	REFUSES(ERR_DENIED, gate_seal_user(user_root, USER, 1));
}

/* The end of one table and the beginning of the next. */
static void test_sealing_across_tables(void **state)
{
	paddr_t next = unused_frame();

	(void)state;
	ALLOWS(gate_user_table(next, user_tables[2], pagetable_index(USER, 2) + 1));
	ALLOWS(gate_user_map(LEAVES, 510, user_frames, RW, 2));
	ALLOWS(gate_user_map(next, 0, user_frames + 2 * PAGE_SIZE, RW, 2));
	REFUSES(ERR_NOT_MAPPED, gate_seal_user(user_root, USER + 510 * PAGE_SIZE, 5));
	ALLOWS(gate_seal_user(user_root, USER + 510 * PAGE_SIZE, 4));
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(frame_type_at(user_frames + i * PAGE_SIZE), FRAME_USER_SEALED);
	expect_rules();
}

static void test_unsealing(void **state)
{
	paddr_t data = image_to_phys((vaddr_t)vdso_data);

	(void)state;
	ALLOWS(gate_user_map(LEAVES, 0, user_frames, RW, 4));
	ALLOWS(gate_user_map(LEAVES, 6, data, R, 1));
	ALLOWS(gate_seal_user(user_root, USER, 2));
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		if (type == FRAME_DEAD_ROOT)
			continue;
		scene_set_frame(user_root, type, 4, 0);
		REFUSES(ERR_DENIED, gate_unseal_user(user_root, USER, 1));
	}
	scene_set_frame(user_root, FRAME_SPACE_ROOT, 4, 0);
	ALLOWS(gate_space_kill(user_root));
	REFUSES(ERR_DENIED, gate_unseal_user(user_root + 8, USER, 1));
	REFUSES(ERR_RANGE, gate_unseal_user(user_root, USER + 8, 1));
	REFUSES(ERR_RANGE, gate_unseal_user(user_root, USER, 513));
	REFUSES(ERR_RANGE, gate_unseal_user(user_root, USER_END, 1));
	ALLOWS(gate_unseal_user(user_root, USER + PAGE_SIZE, 7)); /* the second sealed one, and the vDSO's */
	assert_true(scene_get_entry(LEAVES, 1) == 0 && scene_get_entry(LEAVES, 6) == 0);
	assert_true(scene_get_entry(LEAVES, 0) == pte_encode(user_frames, R, 1));
	assert_true(scene_get_entry(LEAVES, 2) == pte_encode(user_frames + 2 * PAGE_SIZE, RW, 1)); /* what isn't sealed stays */
	assert_true(frame_type_at(user_frames) == FRAME_USER_SEALED && frame_type_at(user_frames + PAGE_SIZE) == FRAME_USER);
	expect_rules();
	REFUSES(ERR_SEALED, gate_user_unmap(LEAVES, 0, 4));
	ALLOWS(gate_unseal_user(user_root, USER, 1));
	ALLOWS(gate_user_unmap(LEAVES, 0, 4));
	expect_rules();
	for (unsigned i = 0; i < 4; i++)
		assert_true(frame_at(user_frames + i * PAGE_SIZE)->writable == 1 && frame_at(user_frames + i * PAGE_SIZE)->level == 0);
}

static void test_frame_types(void **state)
{
	paddr_t block = ALIGN_DOWN(user_frames, BLOCK_SIZE);

	(void)state;
	ALLOWS(gate_user_map(LEAVES, 0, user_frames, R, 1));
	REFUSES(ERR_DENIED, gate_frame_type(user_frames, 1, FRAME_KERNEL)); /* mapped for user mode */
	REFUSES(ERR_DENIED, gate_frame_type(block, 512, FRAME_KERNEL));
	ALLOWS(gate_user_unmap(LEAVES, 0, 1));
	ALLOWS(gate_frame_type(user_frames, 1, FRAME_KERNEL));
	ALLOWS(gate_frame_type(user_frames, 1, FRAME_USER));
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++)
		if (type != FRAME_KERNEL)
			REFUSES(ERR_DENIED, gate_frame_type(user_frames, 1, type));
	ALLOWS(gate_frame_type(block, 512, FRAME_KERNEL));
	REFUSES(ERR_DENIED, gate_frame_type(POOL, 512, FRAME_USER)); /* the direct map has it as a block */
	REFUSES(ERR_DENIED, gate_frame_type(block, 1024, FRAME_USER));
	scene_set_frame(ODD, FRAME_KERNEL, 0, 2); /* mapped elsewhere too */
	REFUSES(ERR_DENIED, gate_frame_type(ODD, 1, FRAME_USER));
	REFUSES(ERR_DENIED, gate_frame_type(block, 512, FRAME_USER));
	scene_set_frame(ODD, FRAME_KERNEL, 0, 1);
	ALLOWS(gate_frame_type(block, 512, FRAME_USER));
	expect_rules();
}

static void test_one_cpu_at_a_time(void **state)
{
	(void)state;
	scene_make_cpus(2);
	fake_be_cpu(1);
	gate_hold();
	fake_be_cpu(0);
	for (unsigned op = GATE_USER_ENTRIES; op < GATE_OP_COUNT; op++)
		assert_int_equal(arch_gate_call(op, 0, 0, 0, 0, 0), ERR_BUSY);
	fake_be_cpu(1);
	for (unsigned op = GATE_USER_ENTRIES; op < GATE_OP_COUNT; op++) /* who has it may */
		assert_int_not_equal(arch_gate_call(op, 0, 0, 0, 0, 0), ERR_BUSY);
	gate_let_go();
	fake_be_cpu(0);
	assert_int_not_equal(arch_gate_call(GATE_USER_ENTRIES, 0, 0, 0, 0, 0), ERR_BUSY);
}

int gate_user_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_which_leaves, scene),
		cmocka_unit_test_setup(test_leaves_outside_of_ram, scene),
		cmocka_unit_test_setup(test_extra_pages, scene),
		cmocka_unit_test_setup(test_where_leaves_go, scene),
		cmocka_unit_test_setup(test_all_or_nothing, scene),
		cmocka_unit_test_setup(test_permissions, scene),
		cmocka_unit_test_setup(test_counts_never_wrap, scene),
		cmocka_unit_test_setup(test_sealing, scene),
		cmocka_unit_test_setup(test_what_is_not_sealed, scene),
		cmocka_unit_test_setup(test_where_is_sealed, scene),
		cmocka_unit_test_setup(test_sealing_across_tables, scene),
		cmocka_unit_test_setup(test_unsealing, scene),
		cmocka_unit_test_setup(test_frame_types, scene),
		cmocka_unit_test(test_one_cpu_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
