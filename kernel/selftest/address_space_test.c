/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/address_space_test.c: user halves on the real machine: mapped memory is there under the space's root
 * and no other, what is sealed can't be written in any way, a write to sealed memory under a space's root is handled and goes on
 * under it, and every frame comes back at the end. In a kernel thread, after the seal.
 */
#include <amber/chain.h>
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "address_space.h"
#include "big_lock.h"
#include "frame.h"
#include "gate.h"
#include "kernel_map.h"
#include "lab.h"
#include "tables_check.h"
#include "user_frames.h"
#include "vdso_pages.h"

#define RW      (PERM_R | PERM_W)
#define ADDRESS 0x40000000ull /* of the pages that the tests map */
#define PAGES   3

struct scene {
	struct address_space space;
	paddr_t frames[PAGES];
	uint64_t arena_before, frames_before, irq_state;
};

static void begin(struct selftest_run *run, struct scene *scene)
{
	scene->irq_state = arch_irq_save();
	big_lock_take();
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT(run, user_frame_alloc(&scene->frames[i]) == OK);
	scene->arena_before = arena_frames_used();
	scene->frames_before = user_frames_used();
	EXPECT(run, address_space_create(&scene->space) == OK);
	EXPECT(run, address_space_prepare(&scene->space, ADDRESS, PAGES) == OK);
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT(run, address_space_map(&scene->space, ADDRESS + i * PAGE_SIZE, scene->frames[i], 1, RW) == OK);
}

static void end(struct selftest_run *run, struct scene *scene)
{
	struct tables_check check;

	address_space_load(NULL);
	EXPECT(run, tables_check(&check) == OK && !check.wrong_counts && !check.broken_rules);
	address_space_kill(&scene->space);
	EXPECT(run, address_space_unmap(&scene->space, ADDRESS, PAGES) == OK);
	while (!address_space_free_step(&scene->space, 1))
		;
	EXPECT(run, arena_frames_used() == scene->arena_before);
	EXPECT(run, user_frames_used() == scene->frames_before);
	for (unsigned i = 0; i < PAGES; i++)
		user_frame_free(scene->frames[i]);
	big_lock_drop();
	arch_irq_restore(scene->irq_state);
}

static uint64_t read_user(vaddr_t addr)
{
	uint64_t value = ~0ull;

	arch_user_access_begin();
	if (!arch_copy_from_user(&value, addr, sizeof(value)))
		value = ~0ull;
	arch_user_access_end();
	return value;
}

static bool write_user(vaddr_t addr, uint64_t value)
{
	bool done;

	arch_user_access_begin();
	done = arch_copy_to_user(addr, &value, sizeof(value));
	arch_user_access_end();
	return done;
}

static void spaces_are_mapped(struct selftest_run *run)
{
	struct scene scene;

	begin(run, &scene);
	*(uint64_t *)phys_to_virt(scene.frames[1]) = 0x1234;
	EXPECT(run, read_user(ADDRESS + PAGE_SIZE) == ~0ull); /* not loaded */
	address_space_load(&scene.space);
	EXPECT(run, read_user(ADDRESS + PAGE_SIZE) == 0x1234);
	EXPECT(run, write_user(ADDRESS + PAGE_SIZE, 0x5678) && *(uint64_t *)phys_to_virt(scene.frames[1]) == 0x5678);
	EXPECT(run, address_space_protect(&scene.space, ADDRESS, PAGES, PERM_R) == OK);
	EXPECT(run, !write_user(ADDRESS + PAGE_SIZE, 1) && read_user(ADDRESS + PAGE_SIZE) == 0x5678);
	EXPECT(run, address_space_protect(&scene.space, ADDRESS, PAGES, RW) == OK);
	EXPECT(run, write_user(ADDRESS + PAGE_SIZE, 1) && read_user(ADDRESS + PAGE_SIZE) == 1);
	EXPECT(run, address_space_unmap(&scene.space, ADDRESS + PAGE_SIZE, 1) == OK);
	EXPECT(run, read_user(ADDRESS + PAGE_SIZE) == ~0ull && read_user(ADDRESS) == 0);
	EXPECT(run, read_user(VDSO_DATA_ADDRESS) == *(const uint64_t *)vdso_data && !write_user(VDSO_DATA_ADDRESS, 1));
	EXPECT(run, read_user(VDSO_CODE_ADDRESS) == *(const uint64_t *)vdso_code && !write_user(VDSO_CODE_ADDRESS, 1));
	EXPECT(run, read_user(0x200000) == ~0ull);
	address_space_load(NULL);
	EXPECT(run, read_user(ADDRESS) == ~0ull);
	end(run, &scene);
}
SELFTEST(spaces_are_mapped);

static void spaces_are_sealed(struct selftest_run *run)
{
	struct scene scene;
	vaddr_t alias;

	begin(run, &scene);
	alias = (vaddr_t)phys_to_virt(scene.frames[0]);
	address_space_load(&scene.space);
	EXPECT(run, write_user(ADDRESS, 1) && arch_try_write8(alias, 2)); /* both have translations now */
	EXPECT(run, address_space_seal(&scene.space, ADDRESS, 1) == OK);
	EXPECT(run, !write_user(ADDRESS, 3) && !arch_try_write8(alias, 3));
	EXPECT(run, read_user(ADDRESS) == 2);
	EXPECT(run, address_space_seal(&scene.space, ADDRESS, 1) == ERR_SEALED);
	EXPECT(run, address_space_unmap(&scene.space, ADDRESS, PAGES) == ERR_SEALED);
	EXPECT(run, address_space_protect(&scene.space, ADDRESS, PAGES, RW) == ERR_SEALED);
	EXPECT(run, address_space_map(&scene.space, ADDRESS + 8 * PAGE_SIZE, scene.frames[0], 1, PERM_R) == ERR_DENIED);
	EXPECT(run, address_space_map(&scene.space, ADDRESS + 8 * PAGE_SIZE, scene.frames[1], 1, PERM_R) == OK);
	EXPECT(run, address_space_seal(&scene.space, ADDRESS + PAGE_SIZE, 2) == ERR_DENIED); /* mapped twice; none changed */
	EXPECT(run, frame_type_at(scene.frames[2]) == FRAME_USER && write_user(ADDRESS + 2 * PAGE_SIZE, 1));
	EXPECT(run, address_space_unmap(&scene.space, ADDRESS + 8 * PAGE_SIZE, 1) == OK);
	EXPECT(run, address_space_seal(&scene.space, ADDRESS + PAGE_SIZE, 2) == OK);
	end(run, &scene);
	/* Not its first word: that is the list of free frames. */
	EXPECT(run, frame_type_at(scene.frames[0]) == FRAME_USER && arch_try_write8(alias + 8, 2));
}
SELFTEST(spaces_are_sealed);

/* As a system call would that writes where it must not. */
static void store_under(struct selftest_run *run, struct scene *scene, vaddr_t target, bool commits)
{
	uint64_t root, before = *(const uint64_t *)target, value = before + 0x0101010101010101;

	address_space_load(&scene->space);
	root = arch_root_current();
	arch_inject_store8(target, value);
	EXPECT(run, arch_root_current() == root && this_cpu()->state->space == &scene->space);
	EXPECT(run, read_user(ADDRESS + PAGE_SIZE) == 0x77);
	EXPECT(run, *(const volatile uint64_t *)target == (commits ? value : before));
	/* A copy of user memory to where it must not: the step reads what is open during the copy only. */
	arch_user_access_begin();
	EXPECT(run, arch_copy_from_user((void *)target, ADDRESS + PAGE_SIZE, sizeof(value)));
	arch_user_access_end();
	EXPECT(run, arch_root_current() == root && *(const volatile uint64_t *)target == (commits ? 0x77 : before));
	if (commits)
		arch_inject_store8(target, before);
}

static void spaces_tell_stories(struct selftest_run *run)
{
	bool is_once = strcmp(chain_table.chains[0].text, "once") == 0;
	struct scene scene;

	if (!selftest_needs_seal(run))
		return;
	if (!is_once && strcmp(chain_table.chains[0].text, "ignore") != 0)
		return selftest_skip(run, "boot with ro_fault=ignore or ro_fault=once");
	begin(run, &scene);
	*(uint64_t *)phys_to_virt(scene.frames[1]) = 0x77;
	EXPECT(run, address_space_seal(&scene.space, ADDRESS, 1) == OK);
	for (unsigned i = 0; i < 3; i++) {
		store_under(run, &scene, (vaddr_t)&lab_sealed_word, is_once);
		store_under(run, &scene, (vaddr_t)lab_sealed_page + PAGE_SIZE - 8, is_once); /* with its neighbour: full pages */
		store_under(run, &scene, (vaddr_t)phys_to_virt(scene.frames[0]) + 512, is_once);
		address_space_load(NULL);
	}
	end(run, &scene);
}
SELFTEST(spaces_tell_stories);
