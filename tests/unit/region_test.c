/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/region_test.c: map, unmap and protect (kernel/region.c, kernel/mapping.c): what is refused and that it changes nothing,
 * splitting and growing, long calls in steps, and what others do meanwhile. Real page tables: kernel/selftest/space_test.c.
 * sources: kernel/region.c kernel/mapping.c kernel/map_seal.c kernel/pool.c tests/unit/fake_kernel.c tests/unit/fake_arch/fake_arch.c
 * flags: -I tests/unit/fake_arch -I arch/x86_64
 */
#include "region_scene.h"

/* --- map ------------------------------------------------------------------------------------------------------------------ */

static void test_map_refuses(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(10, 1020, 5), ERR_RANGE);
	assert_int_equal(map(10, 1024, 1), ERR_RANGE);
	assert_int_equal(map(10, 0, 20), OK);
	assert_int_equal(map(29, 0, 1), ERR_DENIED);
	assert_int_equal(map(5, 0, 6), ERR_DENIED);
	assert_int_equal(map(5, 0, 100), ERR_DENIED);
	assert_int_equal(map(30, 0, 1), OK);
	assert_int_equal(map(9, 0, 1), OK);
	handle.rights = RIGHT_READ | RIGHT_MAP;
	assert_int_equal(map(100, 0, 1), ERR_RIGHTS);
	assert_int_equal(space_map(&space, &handle, AT(100), 0, 1, MAP_READ | MAP_EXECUTE), OK);
	handle.rights = RIGHT_WRITE | RIGHT_MAP;
	assert_int_equal(space_map(&space, &handle, AT(200), 0, 1, MAP_READ), ERR_RIGHTS);
	memory.is_device = true;
	assert_int_equal(space_map(&space, &handle, AT(200), 0, 1, MAP_WRITE), ERR_UNSUPPORTED);
	memory.is_device = false;
	space.is_ending = true;
	assert_int_equal(map(300, 0, 1), ERR_GONE);
	assert_int_equal(regions(), 4);
}

static void test_no_memory_for_regions(void **ignored)
{
	(void)ignored;
	pool_pages_left = 0;
	assert_int_equal(map(10, 0, 4), ERR_NO_MEMORY);
	assert_int_equal(regions(), 0);
	pool_pages_left = 1000;
}

static void test_regions_grow(void **ignored)
{
	struct handle other = handle;

	(void)ignored;
	list_init(&other.regions);
	assert_int_equal(map(100, 50, 2), OK);
	assert_int_equal(map(102, 52, 1), OK); /* behind */
	assert_int_equal(map(99, 49, 1), OK);  /* before */
	assert_int_equal(regions(), 1);
	assert_int_equal(map(103, 54, 1), OK); /* not its memory's next page */
	assert_int_equal(regions(), 2);
	assert_int_equal(space_map(&space, &other, AT(104), 55, 1, RW), OK); /* another handle can be revoked by itself */
	assert_int_equal(regions(), 3);
	handle.rights &= ~RIGHT_WRITE;
	assert_int_equal(space_map(&space, &handle, AT(98), 48, 1, MAP_READ), OK); /* other rights */
	assert_int_equal(regions(), 4);
	assert_int_equal(space_unmap(&space, AT(98), 7), OK);
}

static void test_a_message_page_is_in_the_way(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(100, 0, 10), OK);
	pages[110].frame = 2000 * PAGE_SIZE;
	assert_int_equal(map(110, 10, 1), ERR_DENIED); /* it would have grown */
	assert_int_equal(map(110, 20, 1), ERR_DENIED);
	assert_int_equal(map(150, 1, 200), OK);
	assert_int_equal(space_unmap(&space, AT(105), 6), ERR_NOT_MAPPED);
	pages[110].frame = 0;
	assert_int_equal(regions(), 2);
}

/* Across the reach of two tables, frames that don't follow each other. */
static void test_long_map(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(300, 5, 1000), OK);
	assert_true(preemptions >= 15);
	assert_int_equal(regions(), 1);
	assert_int_equal(mapped(), 1000);
}

static void test_long_map_is_undone(void **ignored)
{
	(void)ignored;
	pages[800].frame = 2000 * PAGE_SIZE;
	assert_int_equal(map(300, 5, 1000), ERR_DENIED);
	assert_int_equal(mapped(), 1);
	pages[800].frame = 0;
	assert_int_equal(regions(), 0);
}

static struct region *first_region(void)
{
	return region_of(space.regions.next);
}

static void others_look_at_it(void)
{
	assert_int_equal(first_region()->state, REGION_FILLING);
	at_preemption = NULL; /* what follows has preemption points of its own */
	assert_int_equal(space_unmap(&space, AT(300), 1), ERR_BUSY);
	assert_int_equal(space_protect(&space, AT(300), 1, MAP_READ), ERR_BUSY);
	assert_int_equal(space_seal(&space, AT(300), 1), ERR_BUSY);
	assert_int_equal(map(900, 0, 1), ERR_DENIED); /* the whole range is taken */
	at_preemption = others_look_at_it;
}

static void test_half_a_map_belongs_to_its_maker(void **ignored)
{
	(void)ignored;
	at_preemption = others_look_at_it;
	assert_int_equal(map(300, 5, 1000), OK);
	assert_int_equal(first_region()->state, REGION_WHOLE);
}

static void revoke_some(void)
{
	if (preemptions >= 3 && !list_is_empty(&space.regions))
		region_revoke(first_region());
}

static void test_revoked_while_it_is_mapped(void **ignored)
{
	(void)ignored;
	at_preemption = revoke_some;
	assert_int_equal(map(300, 5, 1000), ERR_GONE);
	at_preemption = NULL;
	while (!list_is_empty(&space.regions))
		region_revoke(first_region());
	assert_int_equal(regions(), 0);
}

static void test_too_many_regions(void **ignored)
{
	(void)ignored;
	for (unsigned i = 0; i < REGIONS_MAX; i++)
		assert_int_equal(map(i * 2, 7, 1), OK);
	assert_int_equal(regions(), REGIONS_MAX);
	assert_int_equal(map(1, 500, 1), ERR_FULL);
	assert_int_equal(map(1, 8, 1), OK); /* one grows */
	assert_int_equal(space_unmap(&space, AT(1), 1), ERR_FULL); /* it would split it */
	assert_int_equal(space_seal(&space, AT(1), 1), ERR_FULL);
	assert_int_equal(space_unmap(&space, AT(0), 2), OK);
	assert_int_equal(map(0, 500, 1), OK);
}

/* --- unmap, protect ----------------------------------------------------------------------------------------------------- */

static void test_unmap(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(100, 0, 30), OK);
	assert_int_equal(space_unmap(&space, AT(110), 5), OK); /* out of the middle */
	assert_int_equal(regions(), 2);
	assert_int_equal(space_unmap(&space, AT(109), 2), ERR_NOT_MAPPED);
	assert_int_equal(space_unmap(&space, AT(114), 2), ERR_NOT_MAPPED);
	assert_int_equal(space_unmap(&space, AT(99), 2), ERR_NOT_MAPPED);
	assert_int_equal(space_unmap(&space, AT(129), 2), ERR_NOT_MAPPED);
	assert_int_equal(mapped(), 25);
	assert_int_equal(map(110, 200, 5), OK);
	assert_int_equal(space_unmap(&space, AT(105), 20), OK); /* over three */
	assert_int_equal(regions(), 2);
	assert_int_equal(mapped(), 10);
}

static void map_in_the_hole(void)
{
	at_preemption = NULL;
	assert_int_equal(map(310, 0, 1), OK);
	assert_int_equal(map(1200, 0, 1), ERR_DENIED); /* not quite gone */
}

static void test_long_unmap(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(300, 5, 60), OK);
	assert_int_equal(map(360, 5, 940), OK);
	preemptions = 0;
	at_preemption = map_in_the_hole; /* where the first one was, before the second has gone */
	assert_int_equal(space_unmap(&space, AT(300), 1000), OK);
	assert_true(preemptions >= 12);
	assert_int_equal(mapped(), 1);
}

static void test_protect(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(100, 0, 10), OK);
	handle.rights = RIGHT_READ | RIGHT_MAP;
	assert_int_equal(space_map(&space, &handle, AT(110), 10, 10, MAP_READ), OK);
	assert_int_equal(space_protect(&space, AT(105), 10, RW), ERR_RIGHTS);
	assert_int_equal(pages[105].perms, RW);
	assert_int_equal(space_protect(&space, AT(105), 10, MAP_READ), OK);
	assert_int_equal(pages[105].perms, MAP_READ);
	assert_int_equal(pages[104].perms, RW);
	assert_int_equal(space_protect(&space, AT(104), 1, MAP_READ | MAP_EXECUTE), OK);
	assert_int_equal(space_protect(&space, AT(115), 10, MAP_READ), ERR_NOT_MAPPED);
	assert_int_equal(regions(), 2);
}

static void unmap_the_end(void)
{
	at_preemption = NULL;
	assert_int_equal(space_unmap(&space, AT(1299), 1), OK);
}

static void test_long_protect(void **ignored)
{
	(void)ignored;
	assert_int_equal(map(300, 5, 1000), OK);
	assert_int_equal(space_protect(&space, AT(300), 1000, MAP_READ), OK);
	assert_int_equal(pages[1299].perms, MAP_READ);
	at_preemption = unmap_the_end;
	assert_int_equal(space_protect(&space, AT(300), 1000, RW), ERR_NOT_MAPPED);
}

/* None of the calls looks at all of them in one go. */
static void test_many_regions(void **ignored)
{
	(void)ignored;
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(map(300 + i, i ^ 1, 1), OK);
	assert_int_equal(regions(), 1000);
	preemptions = 0;
	assert_int_equal(space_protect(&space, AT(300), 1001, MAP_READ), ERR_NOT_MAPPED);
	assert_int_equal(pages[300].perms, RW);
	assert_true(preemptions >= 1000 / REGION_LOOKS);
	assert_int_equal(space_protect(&space, AT(300), 1000, MAP_READ), OK);
	assert_int_equal(pages[300].perms, MAP_READ);
	assert_int_equal(space_unmap(&space, AT(299), 1000), ERR_NOT_MAPPED);
	assert_int_equal(mapped(), 1000);
	preemptions = 0;
	assert_int_equal(space_unmap(&space, AT(310), 980), OK);
	assert_true(preemptions >= 980 / REGION_LOOKS * 3);
	assert_int_equal(mapped(), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_map_refuses), TEST(test_no_memory_for_regions), TEST(test_regions_grow),
		TEST(test_a_message_page_is_in_the_way), TEST(test_long_map), TEST(test_long_map_is_undone),
		TEST(test_half_a_map_belongs_to_its_maker), TEST(test_revoked_while_it_is_mapped), TEST(test_too_many_regions),
		TEST(test_unmap), TEST(test_long_unmap), TEST(test_protect), TEST(test_long_protect), TEST(test_many_regions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
