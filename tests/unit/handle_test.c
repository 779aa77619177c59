/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/handle_test.c: tables of handles (kernel/handle.c): numbers and their reuse, the tree of what was made from what,
 * revoking in bounded steps, full tables, and seeded random calls against a model. Objects, regions and pages are played here.
 * sources: kernel/handle.c tests/unit/fake_kernel.c
 * flags: -I tests/unit/fake_arch -I arch/x86_64
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "frame.h"
#include "handle.h"
#include "ipc.h"
#include "phys.h"
#include "region.h"

#define TABLES 3

static struct handle_table tables[TABLES];
static struct endpoint endpoint;
static struct object object;
static unsigned pages_left, pages_used, objects_gone;
static int receivers;
static unsigned users; /* steps of threads that wait with the handle that goes */

enum error phys_alloc(uint64_t pages, paddr_t *first)
{
	void *page;

	assert_int_equal(pages, 1);
	if (!pages_left)
		return ERR_NO_MEMORY;
	pages_left--;
	pages_used++;
	page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	memset(page, 0xa5, PAGE_SIZE);
	*first = (uintptr_t)page - DIRECT_MAP_BASE;
	return OK;
}

void phys_free(paddr_t first, uint64_t pages)
{
	assert_int_equal(pages, 1);
	pages_used--;
	free(phys_to_virt(first));
}

void object_handle_gone(struct object *gone)
{
	assert_true(gone->handles > 0);
	objects_gone += --gone->handles == 0;
}

void endpoint_receiver_added(struct endpoint *added)
{
	assert_ptr_equal(added, &endpoint);
	receivers++;
}

void endpoint_receiver_gone(struct endpoint *gone)
{
	assert_ptr_equal(gone, &endpoint);
	receivers--;
}

bool ipc_fail_users_step(const struct handle *handle)
{
	assert_int_equal(handle->rights, 0);
	return !users || --users == 0;
}

void region_set_handle(struct region *region, struct handle *handle)
{
	list_remove(&region->of_handle);
	region->handle = handle;
	if (handle)
		list_append(&handle->regions, &region->of_handle);
}

/* `mapped` counts the steps that it takes. */
void region_revoke(struct region *region)
{
	if (region->state == REGION_SEALED || --region->mapped == 0)
		region_set_handle(region, NULL);
}

static int set_up(void **state)
{
	(void)state;
	memset(tables, 0, sizeof(tables));
	object = (struct object){ .type = OBJECT_MEMORY };
	endpoint = (struct endpoint){ .object = { .type = OBJECT_ENDPOINT } };
	pages_left = 1000;
	objects_gone = 0;
	receivers = 0;
	users = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TABLES; i++)
		while (!handle_table_destroy_step(&tables[i], 100))
			;
	assert_int_equal(object.handles, 0);
	assert_int_equal(endpoint.object.handles, 0);
	assert_int_equal(receivers, 0);
	assert_int_equal(pages_used, 0);
	assert_int_equal(handle_pages(), 0);
	return 0;
}

static struct handle *make(unsigned table, struct handle *parent)
{
	assert_int_equal(handle_prepare(&tables[table], 1), OK);
	return handle_insert(&tables[table], &object, RIGHTS_ALL, 0, parent);
}

static bool exists(unsigned table, uint64_t number)
{
	struct handle *handle;

	return handle_look_up(&tables[table], number, OBJECT_NONE, 0, &handle) == OK;
}

static void test_numbers(void **state)
{
	struct handle *handles[3];

	(void)state;
	assert_false(exists(0, 0));
	for (unsigned i = 0; i < 3; i++) {
		handles[i] = make(0, NULL);
		assert_int_equal(handles[i]->value, i + 1);
	}
	assert_false(exists(0, 0));
	handle_close(handles[1]);
	handle_close(handles[0]);
	assert_false(exists(0, 1));
	assert_int_equal(make(0, NULL)->value, 1 << HANDLE_INDEX_BITS | 1); /* the lowest; a stale 1 stays refused */
	assert_int_equal(make(0, NULL)->value, 1 << HANDLE_INDEX_BITS | 2);
	assert_int_equal(make(0, NULL)->value, 4);
	assert_false(exists(0, 1));
	assert_false(exists(0, 2 << HANDLE_INDEX_BITS | 1));
	assert_false(exists(0, 1ull << 32 | 4));
	assert_false(exists(0, HANDLES_MAX - 1)); /* its page is not there yet */
	assert_false(exists(0, UINT64_MAX));
}

static void test_what_is_looked_up(void **state)
{
	struct handle *handle, *found;

	(void)state;
	assert_int_equal(handle_prepare(&tables[0], 1), OK);
	handle = handle_insert(&tables[0], &object, RIGHT_READ | RIGHT_MAP, 0, NULL);
	assert_int_equal(handle_look_up(&tables[0], handle->value, OBJECT_SPACE, 0, &found), ERR_TYPE);
	assert_int_equal(handle_look_up(&tables[0], handle->value, OBJECT_MEMORY, RIGHT_READ | RIGHT_WRITE, &found), ERR_RIGHTS);
	assert_int_equal(handle_look_up(&tables[0], handle->value, OBJECT_MEMORY, RIGHT_READ | RIGHT_MAP, &found), OK);
	assert_ptr_equal(found, handle);
	assert_int_equal(object.handles, 1);
	handle_close(handle);
	assert_int_equal(objects_gone, 1);
}

static void test_receivers_are_counted(void **state)
{
	struct handle *handle;

	(void)state;
	assert_int_equal(handle_prepare(&tables[0], 3), OK);
	handle_insert(&tables[0], &endpoint.object, RIGHT_SEND, 0, NULL);
	handle = handle_insert(&tables[0], &endpoint.object, RIGHT_SEND | RIGHT_RECEIVE, 7, NULL);
	assert_int_equal(receivers, 1);
	handle_insert(&tables[0], &object, RIGHT_RECEIVE, 0, NULL);
	assert_int_equal(receivers, 1);
	handle_close(handle);
	assert_int_equal(receivers, 0);
}

static void test_a_full_table(void **state)
{
	struct handle *handle = NULL;

	(void)state;
	for (unsigned i = 1; i < HANDLES_MAX; i++) {
		handle = make(0, NULL);
		assert_int_equal(handle->value, i);
	}
	assert_int_equal(handle_prepare(&tables[0], 1), ERR_FULL);
	handle_close(handle);
	assert_int_equal(handle_prepare(&tables[0], 2), ERR_FULL);
	assert_int_equal(handle_prepare(&tables[0], 1), OK);
}

static void test_no_memory(void **state)
{
	(void)state;
	pages_left = 0;
	assert_int_equal(handle_prepare(&tables[0], 1), ERR_NO_MEMORY);
	pages_left = 1;
	for (unsigned i = 1; i < HANDLE_PAGE_ENTRIES - 1; i++)
		make(0, NULL);
	assert_int_equal(handle_prepare(&tables[0], 8), ERR_NO_MEMORY);
	assert_int_equal(handle_prepare(&tables[0], 1), OK);
	assert_int_equal(tables[0].used, HANDLE_PAGE_ENTRIES - 2);
}

static void test_children_move_up(void **state)
{
	struct handle *root = make(0, NULL), *middle = make(1, root), *leaf = make(2, middle);

	(void)state;
	handle_close(middle);
	assert_ptr_equal(leaf->parent, root);
	while (handle_revoke_step(root))
		;
	assert_false(exists(2, 1));
	assert_true(exists(0, 1));
	middle = make(1, root);
	handle_close(root); /* it has no parent: then the child has none */
	assert_null(middle->parent);
	assert_true(list_is_empty(&middle->siblings));
}

static void test_revoking_spares_the_others(void **state)
{
	struct handle *root = make(0, NULL), *a = make(0, root), *b = make(0, root), *below_a = make(1, a), *below_b = make(1, b);
	uint64_t number = below_a->value;

	(void)state;
	while (handle_revoke_step(a))
		;
	assert_false(exists(1, number));
	assert_true(exists(0, root->value) && exists(0, a->value) && exists(0, b->value) && exists(1, below_b->value));
}

/* A chain and a broad tree: many steps, none of which does much. */
static void test_revoking_is_bounded(void **state)
{
	struct handle *root = make(0, NULL), *last = root;
	unsigned steps = 0;

	(void)state;
	for (unsigned i = 0; i < 900; i++)
		last = make(0, last);
	for (unsigned i = 0; i < 900; i++)
		make(1, last);
	for (bool more = true; more; steps++) {
		uint32_t before = tables[0].used + tables[1].used;

		more = handle_revoke_step(root);
		assert_true(before - tables[0].used - tables[1].used <= 64);
	}
	assert_int_equal(tables[0].used, 1);
	assert_int_equal(tables[1].used, 0);
	assert_true(steps > 500 && steps < 2000);
}

/* Without rights at once, but there until the last that waits with it has been told. */
static void test_revoking_fails_who_waits(void **state)
{
	struct handle *root = make(0, NULL);
	uint64_t number = make(1, root)->value;

	(void)state;
	users = 3;
	while (handle_revoke_step(root))
		assert_int_equal(exists(1, number), users > 0);
	assert_false(exists(1, number));
	assert_int_equal(users, 0);
}

/* The same for the one who closes it: waiting is no way to keep what others can revoke. */
static void test_closing_fails_who_waits(void **state)
{
	struct handle *handle = make(0, NULL);
	uint64_t number = handle->value;

	(void)state;
	users = 3;
	while (!handle_close_step(handle))
		assert_true(users > 0 && exists(0, number));
	assert_false(exists(0, number));
	assert_int_equal(users, 0);
}

static void test_closing_in_steps(void **state)
{
	struct handle *root = make(0, NULL), *parent = make(0, root);
	unsigned steps = 1;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		make(1, parent);
	while (!handle_close_step(parent))
		steps++;
	assert_true(steps > 5);
	assert_int_equal(tables[0].used, 1);
	assert_int_equal(tables[1].used, 500);
	while (handle_revoke_step(root))
		;
	assert_int_equal(tables[1].used, 0);
}

static void test_mappings(void **state)
{
	struct handle *root = make(0, NULL), *child = make(1, root);
	struct region regions[3] = { { .mapped = 3 }, { .mapped = 2 }, { .state = REGION_SEALED } };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		list_init(&regions[i].of_handle);
		region_set_handle(&regions[i], child);
	}
	handle_close(child); /* who made it can still take the mapping away */
	for (unsigned i = 0; i < 3; i++)
		assert_ptr_equal(regions[i].handle, root);
	while (handle_revoke_step(root))
		;
	for (unsigned i = 0; i < 3; i++)
		assert_null(regions[i].handle);
	assert_int_equal(regions[0].mapped + regions[1].mapped, 0);
	regions[0].mapped = 1;
	region_set_handle(&regions[0], root);
	handle_close(root);
	assert_null(regions[0].handle);
}

/* --- against a model: which number was made from which ------------------------------------------------------------------- */
#define MODEL 400

static struct model {
	bool exists;
	unsigned table;
	uint64_t number;
	int parent; /* -1: none */
} model[MODEL];

static struct handle *handle_of(int i)
{
	struct handle *handle;

	assert_int_equal(handle_look_up(&tables[model[i].table], model[i].number, OBJECT_NONE, 0, &handle), OK);
	return handle;
}

static int random_entry(bool exists)
{
	int first = rand() % MODEL;

	for (int i = 0; i < MODEL; i++)
		if (model[(first + i) % MODEL].exists == exists)
			return (first + i) % MODEL;
	return -1;
}

static void model_close(int closed)
{
	model[closed].exists = false;
	for (int i = 0; i < MODEL; i++)
		if (model[i].exists && model[i].parent == closed)
			model[i].parent = model[closed].parent;
}

static bool descends(int i, int from)
{
	while (model[i].parent >= 0 && model[i].parent != from)
		i = model[i].parent;
	return model[i].parent == from;
}

static void compare(void)
{
	unsigned count = 0;

	for (int i = 0; i < MODEL; i++) {
		struct handle *handle;

		if (!model[i].exists)
			continue;
		handle = handle_of(i);
		assert_ptr_equal(handle->parent, model[i].parent < 0 ? NULL : handle_of(model[i].parent));
		count++;
	}
	assert_int_equal(count, tables[0].used + tables[1].used + tables[2].used);
	assert_int_equal(count, object.handles);
}

static void test_random_calls(void **state)
{
	(void)state;
	srand(20);
	memset(model, 0, sizeof(model));
	for (unsigned step = 0; step < 20000; step++) {
		int entry = random_entry(true), fresh = random_entry(false);
		unsigned what = (unsigned)rand() % 100;

		if (fresh >= 0 && (entry < 0 || what < 55)) {
			struct handle *handle = make((unsigned)rand() % TABLES, entry < 0 || what < 5 ? NULL : handle_of(entry));

			model[fresh] = (struct model){ true, (unsigned)(handle->table - tables), handle->value, handle->parent ? entry : -1 };
		} else if (what < 97) {
			handle_close(handle_of(entry));
			model_close(entry);
		} else {
			bool goes[MODEL];

			while (handle_revoke_step(handle_of(entry)))
				;
			for (int i = 0; i < MODEL; i++)
				goes[i] = model[i].exists && descends(i, entry);
			for (int i = 0; i < MODEL; i++)
				model[i].exists &= !goes[i];
		}
		if (step % 16 == 0)
			compare();
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_numbers), TEST(test_what_is_looked_up), TEST(test_receivers_are_counted), TEST(test_a_full_table),
		TEST(test_no_memory), TEST(test_children_move_up), TEST(test_revoking_spares_the_others), TEST(test_revoking_is_bounded),
		TEST(test_revoking_fails_who_waits), TEST(test_closing_fails_who_waits), TEST(test_closing_in_steps), TEST(test_mappings),
		TEST(test_random_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
