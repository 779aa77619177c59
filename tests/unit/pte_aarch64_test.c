/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/pte_aarch64_test.c: the encoding of aarch64 page-table entries, bit by bit as the manual gives
 * them, and as a round trip; which changes of a live entry are allowed.
 *
 * flags: -I arch/aarch64
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pte.h"

#define BIT(n) (1ull << (n))

static const unsigned all_perms[] = {
	PERM_R, PERM_R | PERM_W, PERM_R | PERM_X, PERM_R | PERM_USER, PERM_R | PERM_W | PERM_USER, PERM_R | PERM_X | PERM_USER,
	PERM_R | PERM_DEVICE, PERM_R | PERM_W | PERM_DEVICE, PERM_R | PERM_DEVICE | PERM_USER,
	PERM_R | PERM_W | PERM_DEVICE | PERM_USER,
};

static void test_bits(void **state)
{
	(void)state;
	/* page, AF, inner shareable, not global, normal memory; PXN and UXN */
	assert_true(pte_encode(0x12345000, PERM_R | PERM_W, 1) == (0x12345000 | 0xf03 | BIT(53) | BIT(54)));
	/* AP[2] = read only */
	assert_true(pte_encode(0x12345000, PERM_R, 1) == (0x12345000 | 0xf83 | BIT(53) | BIT(54)));
	/* kernel code: never executable for the user */
	assert_true(pte_encode(0x12345000, PERM_R | PERM_X, 1) == (0x12345000 | 0xf83 | BIT(54)));
	/* user code: never executable for the kernel; AP[1] */
	assert_true(pte_encode(0x12345000, PERM_R | PERM_X | PERM_USER, 1) == (0x12345000 | 0xfc3 | BIT(53)));
	/* a block has no bit 1; device memory is MAIR's index 1 */
	assert_true(pte_encode(0x40000000, PERM_R | PERM_W, 2) == (0x40000000 | 0xf01 | BIT(53) | BIT(54)));
	assert_true(pte_encode(0x09000000, PERM_R | PERM_W | PERM_DEVICE, 1) == (0x09000000 | 0xf07 | BIT(53) | BIT(54)));
	assert_true(pte_encode_table(0x42000000) == (0x42000000 | 3));
	/* PXNTable */
	assert_true(pte_encode_user_table(0x42000000) == (0x42000000 | 3 | BIT(59)));
}

static void test_devices_never_execute(void **state)
{
	(void)state;
	assert_false(pte_perms(pte_encode(0x09000000, PERM_R | PERM_X | PERM_DEVICE, 1)) & PERM_X);
	assert_false(pte_perms(pte_encode(0x09000000, PERM_R | PERM_X | PERM_USER | PERM_DEVICE, 1)) & PERM_X);
}

/* Hardware must never make a page writable by itself. */
static void test_no_dirty_bit_management(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(all_perms); i++)
		for (int level = 1; level <= 2; level++)
			assert_false(pte_encode(0x40000000, all_perms[i], level) & BIT(51));
}

/* Whatever a user page allows, the kernel never executes it; it is never global. */
static void test_user_pages(void **state)
{
	(void)state;
	for (unsigned perms = 0; perms < 32; perms++)
		for (int level = 1; level <= 2; level++) {
			pte_t pte = pte_encode(0x40000000, perms | PERM_R | PERM_USER, level);

			assert_true(pte & BIT(53));
			assert_true(pte & BIT(11));
			assert_true(pte & BIT(6));
			assert_true((pte & BIT(54)) || !(perms & PERM_DEVICE));
			assert_true(!(pte & BIT(54)) == ((perms & (PERM_X | PERM_DEVICE)) == PERM_X));
		}
	assert_true(pte_change_allowed(pte_encode(0x1000, PERM_R | PERM_W | PERM_USER, 1),
	                               pte_encode(0x1000, PERM_R | PERM_X | PERM_USER, 1), 1));
}

static void test_round_trip(void **state)
{
	static const paddr_t frames[] = { 0, 0x200000, 0x40000000, 0xffffffe00000 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(all_perms); i++)
		for (unsigned f = 0; f < ARRAY_SIZE(frames); f++)
			for (int level = 1; level <= 2; level++) {
				pte_t pte = pte_encode(frames[f], all_perms[i], level);

				assert_true(pte_is_present(pte));
				assert_false(pte_is_table(pte, level));
				assert_int_equal(pte_perms(pte), all_perms[i]);
				assert_true(pte_addr(pte, level) == frames[f]);
			}
	for (int level = 2; level <= 4; level++) {
		assert_true(pte_is_table(pte_encode_table(0xfffffffff000), level));
		assert_true(pte_addr(pte_encode_table(0xfffffffff000), level) == 0xfffffffff000);
		assert_true(pte_is_table(pte_encode_user_table(0xfffffffff000), level));
		assert_true(pte_addr(pte_encode_user_table(0xfffffffff000), level) == 0xfffffffff000);
	}
	assert_false(pte_is_present(0));
}

static void test_allowed_changes(void **state)
{
	pte_t rw = pte_encode(0x40000000, PERM_R | PERM_W, 1), r = pte_encode(0x40000000, PERM_R, 1);
	pte_t table = pte_encode_table(0x40000000), block = pte_encode(0x40000000, PERM_R | PERM_W, 2);

	(void)state;
	assert_true(pte_change_allowed(0, rw, 1));
	assert_true(pte_change_allowed(rw, 0, 1));
	assert_true(pte_change_allowed(rw, r, 1));
	assert_true(pte_change_allowed(r, rw, 1));
	assert_true(pte_change_allowed(rw, pte_encode(0x40000000, PERM_R | PERM_X, 1), 1));
	assert_false(pte_change_allowed(rw, pte_encode(0x40001000, PERM_R | PERM_W, 1), 1));
	assert_false(pte_change_allowed(rw, pte_encode(0x40000000, PERM_R | PERM_W | PERM_DEVICE, 1), 1));
	assert_false(pte_change_allowed(block, table, 2));
	assert_false(pte_change_allowed(table, block, 2));
	assert_false(pte_change_allowed(table, pte_encode_table(0x40001000), 2));
	assert_true(pte_change_allowed(table, table, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_devices_never_execute),
		cmocka_unit_test(test_no_dirty_bit_management),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_user_pages),
		cmocka_unit_test(test_allowed_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
