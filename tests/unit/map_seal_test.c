/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/map_seal_test.c: map_seal (kernel/map_seal.c): what it refuses, that nothing of it goes afterwards, and that nobody
 * comes in between while it is done in steps. Attacks with the real page tables: the program `sealer`.
 * sources: kernel/region.c kernel/mapping.c kernel/map_seal.c kernel/pool.c tests/unit/fake_kernel.c tests/unit/fake_arch/fake_arch.c
 * flags: -I tests/unit/fake_arch -I arch/x86_64
 */
#include "region_scene.h"

static void test_seal(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(100, 0, 30), OK);
	assert_int_equal(space_seal(&space, AT(110), 5), OK);
	assert_int_equal(regions(), 3);
	assert_int_equal(pages[112].perms, MAP_READ);
	assert_int_equal(space_seal(&space, AT(114), 2), ERR_SEALED);
	assert_int_equal(space_unmap(&space, AT(100), 30), ERR_SEALED);
	assert_int_equal(space_protect(&space, AT(114), 1, MAP_READ), ERR_SEALED);
	assert_int_equal(map(200, 5, 20), ERR_DENIED); /* some of these frames are sealed */
	assert_int_equal(regions(), 3);
	region_revoke(region_of(space.regions.next->next));
	assert_int_equal(regions(), 3);
	assert_null(region_of(space.regions.next->next)->handle);
}

static void test_seal_refuses(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(100, 0, 30), OK);
	assert_int_equal(space_seal(&space, AT(110), 30), ERR_NOT_MAPPED);
	assert_int_equal(map(200, 12, 1), OK);
	assert_int_equal(space_seal(&space, AT(110), 5), ERR_DENIED); /* another mapping of one of the frames */
	assert_int_equal(space_seal(&space, AT(105), 5), OK);
	seal_refuses = ERR_DENIED; /* the gate's word: nothing has changed */
	assert_int_equal(space_seal(&space, AT(120), 5), ERR_DENIED);
	seal_refuses = OK;
	assert_int_equal(space_unmap(&space, AT(120), 5), OK);
	memory.is_device = true;
	assert_int_equal(space_seal(&space, AT(115), 1), ERR_DENIED);
}

static void others_try_the_memory(void)
{
	at_preemption = NULL;
	assert_int_equal(map(1500, 300, 1), ERR_BUSY);
	assert_int_equal(space_protect(&space, AT(700), 1, RW), ERR_BUSY); /* it isn't sealed yet: the gate may still refuse it */
	assert_int_equal(space_unmap(&space, AT(700), 1), ERR_BUSY);
	assert_int_equal(space_seal(&space, AT(700), 1), ERR_BUSY);
	region_revoke(region_of(space.regions.next->next));
	at_preemption = others_try_the_memory;
}

static void test_long_seal(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(300, 0, 600), OK);
	preemptions = 0;
	at_preemption = others_try_the_memory;
	assert_int_equal(space_seal(&space, AT(310), 500), OK);
	assert_true(preemptions >= 6);
	at_preemption = NULL;
	assert_int_equal(memory.sealings, 0);
	assert_int_equal(regions(), 3);
	for (unsigned i = 310; i < 810; i++)
		assert_int_equal(entry_of(pages[i].frame)->type, FRAME_USER_SEALED);
	assert_int_equal(map(1500, 600, 1), OK);
}

static void space_ends(void)
{
	space.is_ending = space.memory.is_dead = true;
	if (preemptions < 3)
		return;
	at_preemption = NULL;
	while (!list_is_empty(&space.regions))
		while (!region_remove_step(region_of(space.regions.next)))
			;
}

static void test_the_space_ends_while_it_is_sealed(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(300, 0, 600), OK);
	preemptions = 2;
	at_preemption = space_ends;
	assert_int_equal(space_seal(&space, AT(310), 500), ERR_GONE);
	assert_int_equal(regions(), 0);
	assert_int_equal(memory.sealings, 0);
}

static void revoke_it(void)
{
	at_preemption = NULL;
	region_revoke(region_of(space.regions.next->next));
}

static void test_revoked_while_it_is_sealed_in_vain(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(300, 0, 600), OK);
	assert_int_equal(map(1500, 450, 1), OK);
	at_preemption = revoke_it;
	assert_int_equal(space_seal(&space, AT(310), 500), ERR_DENIED); /* page 450 has another mapping */
	assert_int_equal(regions(), 3);
	assert_int_equal(mapped(), 101); /* what was revoked is gone */
	assert_int_equal(memory.sealings, 0);
}

static void test_many_regions_are_sealed(void **ignored)
{
	(void)ignored;
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(map(300 + i, i ^ 1, 1), OK);
	assert_int_equal(regions(), 512);
	preemptions = 0;
	assert_int_equal(space_seal(&space, AT(300), 513), ERR_NOT_MAPPED);
	assert_int_equal(memory.sealings, 0);
	assert_int_equal(space_seal(&space, AT(300), 512), OK);
	assert_true(preemptions >= 512 / REGION_LOOKS * 3);
	assert_int_equal(memory.sealings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_seal), TEST(test_seal_refuses), TEST(test_long_seal), TEST(test_the_space_ends_while_it_is_sealed),
		TEST(test_revoked_while_it_is_sealed_in_vain), TEST(test_many_regions_are_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
