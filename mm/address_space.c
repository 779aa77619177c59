/* SPDX-License-Identifier: MIT */
/*
 * mm/address_space.c: the user half of a space. Tables are read through the direct map and changed through the gate
 * (mm/gate_user.h); here is what the gate can't do: finding frames, walking, invalidating. Big lock held, interrupts masked.
 * A new mapping needs no invalidation: only entries that are present are ever cached (SDM vol. 3, 4.10.2.3 and 4.10.4.3; Arm ARM
 * D8.14.1: an entry that gives a translation fault isn't), and the gate changes nothing that is mapped into something else.
 */
#include "address_space.h"

#include <amber/panic.h>
#include <amber/upcalls.h>

#include "arena.h"
#include "gate_user.h"
#include "kernel_map.h"
#include "shootdown.h"
#include "space_tables.h"
#include "vdso_pages.h"

#define ASIDS_MAX 1024 /* that are used; the machine may have more */

static uint64_t asids_taken[ASIDS_MAX / 64];

/* One that no CPU has translations of; 0 where the machine has none. */
static enum error asid_take(unsigned *asid)
{
	unsigned count = MIN(arch_asids, (unsigned)ASIDS_MAX);

	*asid = 0;
	for (unsigned i = 0; i < count; i++) {
		if (asids_taken[i / 64] >> (i % 64) & 1)
			continue;
		asids_taken[i / 64] |= 1ull << (i % 64);
		*asid = i + 1;
		return OK;
	}
	return count ? ERR_FULL : OK;
}

static void asid_release(unsigned asid)
{
	if (!asid)
		return;
	arch_tlb_broadcast_user_all(asid);
	asids_taken[(asid - 1) / 64] &= ~(1ull << ((asid - 1) % 64));
}

static enum error make_root(paddr_t *root)
{
	paddr_t table;
	enum error error = arena_take(root);

	if (error)
		return error;
	error = arena_take(&table);
	if (!error) {
		error = gate_space_root(*root, table);
		if (error)
			arena_give_back(table);
	}
	if (error)
		arena_give_back(*root);
	return error;
}

static enum error map_vdso(struct address_space *space)
{
	enum error error = address_space_prepare(space, VDSO_DATA_ADDRESS, 1);

	if (!error)
		error = address_space_prepare(space, VDSO_CODE_ADDRESS, 1);
	if (!error)
		error = address_space_map(space, VDSO_DATA_ADDRESS, image_to_phys((vaddr_t)vdso_data), 1, PERM_R);
	if (!error)
		error = address_space_map(space, VDSO_CODE_ADDRESS, image_to_phys((vaddr_t)vdso_code), 1, PERM_R | PERM_X);
	return error;
}

enum error address_space_create(struct address_space *space)
{
	enum error error;

	*space = (struct address_space){ 0 };
	error = asid_take(&space->asid);
	if (error)
		return error;
	error = make_root(&space->root);
	if (error) {
		space->root = 0;
		asid_release(space->asid);
		return error;
	}
	error = map_vdso(space);
	if (error) {
		address_space_kill(space);
		while (!address_space_free_step(space, 8))
			;
	}
	return error;
}

/* The table behind that entry; makes it. */
static enum error next_table(paddr_t table, unsigned index, int level, paddr_t *next)
{
	pte_t pte = space_table(table)[index];
	enum error error;

	if (pte_is_present(pte)) {
		*next = pte_addr(pte, level);
		return OK;
	}
	error = arena_take(next);
	if (error)
		return error;
	error = gate_user_table(*next, table, index);
	if (error)
		arena_give_back(*next);
	return error;
}

enum error address_space_prepare(struct address_space *space, vaddr_t addr, uint64_t pages)
{
	vaddr_t end = addr + pages * PAGE_SIZE;

	for (addr = ALIGN_DOWN(addr, BLOCK_SIZE); addr < end; addr += BLOCK_SIZE) {
		paddr_t table = space_table_for(space, addr, 3);
		enum error error = next_table(table, pagetable_index(addr, 3), 3, &table);

		if (!error)
			error = next_table(table, pagetable_index(addr, 2), 2, &table);
		if (error)
			return error;
	}
	return OK;
}

/* How many of these pages lie in the table that has addr's leaf. */
static inline unsigned pages_here(vaddr_t addr, uint64_t pages)
{
	uint64_t left = 512 - pagetable_index(addr, 1);

	return MIN(left, pages);
}

static inline enum error map_here(struct address_space *space, vaddr_t addr, paddr_t first, unsigned pages, unsigned perms)
{
	paddr_t table = space_table_for(space, addr, 1);

	if (__builtin_expect(perms & PERM_X, 0))
		arch_code_written(phys_to_virt(first), pages * PAGE_SIZE);
	return table ? gate_user_map(table, pagetable_index(addr, 1), first, perms | PERM_USER, pages) : (enum error)ERR_NOT_MAPPED;
}

static __noinline enum error map_in_several(struct address_space *space, vaddr_t addr, paddr_t first, uint64_t pages,
                                            unsigned perms)
{
	enum error error = OK;

	for (unsigned count; pages && !error; pages -= count) {
		count = pages_here(addr, pages);
		error = map_here(space, addr, first, count, perms);
		addr += count * PAGE_SIZE;
		first += count * PAGE_SIZE;
	}
	return error;
}

enum error address_space_map(struct address_space *space, vaddr_t addr, paddr_t first, uint64_t pages, unsigned perms)
{
	if (__builtin_expect(pages_here(addr, pages) == pages, 1))
		return map_here(space, addr, first, (unsigned)pages, perms);
	return map_in_several(space, addr, first, pages, perms);
}

/* What only GATE_UNSEAL_USER can remove. */
static bool is_kept(pte_t pte)
{
	enum frame_type type;

	if (!pte_is_present(pte))
		return false;
	type = frame_type_at(pte_addr(pte, 1));
	return type != FRAME_USER && type != FRAME_RESERVED;
}

static bool any_is_kept(const struct address_space *space, vaddr_t addr, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++, addr += PAGE_SIZE) {
		paddr_t table = space_table_for(space, addr, 1);

		if (table && is_kept(space_table(table)[pagetable_index(addr, 1)]))
			return true;
	}
	return false;
}

/* These pages' bytes are code from now on. */
static __noinline void code_written(const pte_t *entry, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		if (pte_is_present(entry[i]))
			arch_code_written(phys_to_virt(pte_addr(entry[i], 1)), PAGE_SIZE);
}

/* perms 0: unmap. Where there is no table there is nothing to change. */
static inline enum error change_here(struct address_space *space, vaddr_t addr, unsigned pages, unsigned perms)
{
	paddr_t table = space_table_for(space, addr, 1);

	if (!table)
		return OK;
	if (__builtin_expect(perms & PERM_X, 0))
		code_written(space_table(table) + pagetable_index(addr, 1), pages);
	if (perms)
		return gate_user_protect(table, pagetable_index(addr, 1), perms, pages);
	return gate_user_unmap(table, pagetable_index(addr, 1), pages);
}

/* The gate looks at one table at a time, so all are looked at before the first one changes. */
static __noinline enum error change_several(struct address_space *space, vaddr_t addr, uint64_t pages, unsigned perms)
{
	enum error error = any_is_kept(space, addr, pages) ? ERR_SEALED : OK;

	for (unsigned count; pages && !error; pages -= count) {
		count = pages_here(addr, pages);
		error = change_here(space, addr, count, perms);
		addr += count * PAGE_SIZE;
	}
	return error;
}

/* Nobody has translations of a dead space that could be used. */
static inline enum error change(struct address_space *space, vaddr_t addr, uint64_t pages, unsigned perms)
{
	enum error error;

	if (__builtin_expect(pages_here(addr, pages) == pages, 1))
		error = change_here(space, addr, (unsigned)pages, perms);
	else
		error = change_several(space, addr, pages, perms);
	if (!space->is_dead)
		tlb_shootdown_space(space, addr, pages);
	return error;
}

/* The direct map's entries get their write bit back: another CPU that still has the old one takes a fault that mm/fault.c
 * finds spurious (SDM vol. 3, 4.10.4.3); where it costs nothing all hear of it. */
static void unseal(struct address_space *space, vaddr_t addr, uint64_t pages)
{
	if (!any_is_kept(space, addr, pages))
		return;
	if (gate_unseal_user(space->root, addr, pages))
		panic("space: the sealed pages from 0x%zx on can't be removed", (size_t)addr);
	(void)arch_tlb_broadcast_all();
}

enum error address_space_unmap(struct address_space *space, vaddr_t addr, uint64_t pages)
{
	if (space->is_dead)
		unseal(space, addr, pages);
	return change(space, addr, pages, 0);
}

enum error address_space_protect(struct address_space *space, vaddr_t addr, uint64_t pages, unsigned perms)
{
	return perms ? change(space, addr, pages, perms) : (enum error)ERR_INVALID;
}

enum error address_space_seal(struct address_space *space, vaddr_t addr, uint64_t pages)
{
	struct mapping mapping;
	enum error error = gate_seal_user(space->root, addr, pages);

	if (error)
		return error;
	if (pages == 1 && address_space_lookup(space, addr, &mapping)) {
		tlb_shootdown_space(space, addr, 1);
		tlb_shootdown((vaddr_t)phys_to_virt(mapping.frame), PAGE_SIZE);
	} else {
		tlb_shootdown_all(); /* two translations of each, anywhere in the direct map */
	}
	return OK;
}

bool address_space_lookup(const struct address_space *space, vaddr_t addr, struct mapping *mapping)
{
	return space->root && pagetable_lookup(space->root, addr, mapping) == OK;
}

/* Another CPU that has it loaded leaves it when it is told (tlb_shootdown_poll). */
static void make_others_leave(const struct address_space *space)
{
	for (unsigned id = 0; id < MAX_CPUS; id++) {
		struct address_space *const *loaded = &cpu_states[id].space;

		if (__atomic_load_n(loaded, __ATOMIC_ACQUIRE) != space)
			continue;
		arch_interrupt_cpu(&percpu[id], CPU_INTERRUPT_SHOOTDOWN);
		while (__atomic_load_n(loaded, __ATOMIC_ACQUIRE) == space) {
			cpu_poll();
			arch_cpu_relax();
		}
	}
}

void address_space_kill(struct address_space *space)
{
	if (space->is_dead)
		return;
	if (this_cpu()->state->space == space)
		address_space_load(NULL);
	__atomic_store_n(&space->is_dead, true, __ATOMIC_RELEASE);
	make_others_leave(space);
	space->cpus = 0; /* its ASID is flushed before another space gets it */
	if (gate_space_kill(space->root))
		panic("space: the gate refuses its end");
}

bool address_space_free_step(struct address_space *space, unsigned budget)
{
	paddr_t root = space->root, table;

	if (!root)
		return true;
	unseal(space, VDSO_DATA_ADDRESS, 1);
	unseal(space, VDSO_CODE_ADDRESS, 1);
	if (!space_tables_free(space, budget))
		return false;
	table = space_table_for(space, 0, 3);
	if (gate_space_free(root))
		panic("space: its root can't be freed");
	arena_give_back(table);
	arena_give_back(root);
	asid_release(space->asid);
	space->root = 0;
	return true;
}

/* Whose user half is loaded here. What ordinary memory says is asked of the frame table again; 0 where it isn't true. */
static paddr_t current_root(const struct address_space *space)
{
	paddr_t root = space ? *(const volatile paddr_t *)&space->root : 0;

	return root && !(root & PAGE_MASK) && frame_type_at(root) == FRAME_SPACE_ROOT ? root : 0;
}

/* A step ends under the kernel's root. That stays where there is no space. */
void address_space_reload(void)
{
	const struct address_space *space = this_cpu()->state->space;
	paddr_t root = current_root(space);

	if (root)
		arch_space_load(root, space->asid);
}

paddr_t address_space_root_for(vaddr_t addr)
{
	paddr_t root = arch_root_has_kernel_half || addr >= USER_END ? 0 : current_root(this_cpu()->state->space);

	return root ? root : arch_root_frame(arch_root_current());
}

void address_space_no_root(const struct address_space *space)
{
	panic("space: 0x%zx is no space's root (%s)", (size_t)space->root, frame_type_text(frame_type_at(space->root)));
}
