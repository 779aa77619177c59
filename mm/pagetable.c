/* SPDX-License-Identifier: MIT */
/*
 * mm/pagetable.c: the one walk over page tables, and the range operations on top of it. Tables are read
 * through the direct map and changed through the gate. Any context; the caller orders concurrent changes.
 *
 *   bits of an address:  47–39  38–30  29–21  20–12  11–0
 *   level whose index:     4      3      2      1    offset
 */
#include "pagetable.h"

#include "arena.h"
#include "gate.h"
#include "shootdown.h"

static const pte_t *table_at(paddr_t table)
{
	return phys_to_virt(table);
}

static uint64_t level_bytes(int level)
{
	return PAGE_SIZE << (9 * (level - 1));
}

enum error pagetable_lookup(paddr_t root, vaddr_t addr, struct mapping *mapping)
{
	paddr_t table = root;

	for (int level = 4; level >= 1; level--) {
		unsigned index = pagetable_index(addr, level);
		pte_t pte = table_at(table)[index];

		if (!pte_is_present(pte))
			return ERR_NOT_MAPPED;
		if (!pte_is_table(pte, level)) {
			*mapping = (struct mapping){ ALIGN_DOWN(addr, level_bytes(level)), pte_addr(pte, level), level_bytes(level),
						     pte_perms(pte), table, index, level };
			return OK;
		}
		table = pte_addr(pte, level);
	}
	return ERR_NOT_MAPPED;
}

/* Finds the table of `level` that holds addr's entry; makes missing ones. */
static enum error find_table(paddr_t root, vaddr_t addr, int level, bool create, paddr_t *table)
{
	*table = root;
	for (int at = 4; at > level; at--) {
		unsigned index = pagetable_index(addr, at);
		pte_t pte = table_at(*table)[index];
		paddr_t next;
		enum error error;

		if (pte_is_present(pte) && !pte_is_table(pte, at))
			return ERR_DENIED;
		if (!pte_is_present(pte)) {
			if (!create)
				return ERR_NOT_MAPPED;
			error = arena_table(at - 1, &next);
			if (error)
				return error;
			error = gate_set_entries(*table, index, pte_encode_table(next), 0, 1);
			if (error)
				return error;
			arch_pte_sync();
		} else {
			next = pte_addr(pte, at);
		}
		*table = next;
	}
	return OK;
}

/* How many entries of this level, from addr on, lie in one table and in the range. */
static unsigned entries_here(vaddr_t addr, uint64_t bytes, int level)
{
	uint64_t left = 512 - pagetable_index(addr, level);

	return MIN(left, bytes / level_bytes(level));
}

enum error pagetable_map(paddr_t root, vaddr_t addr, paddr_t frame, uint64_t bytes, unsigned perms, int leaf_level)
{
	uint64_t step = level_bytes(leaf_level);

	if ((addr | frame | bytes) & (step - 1))
		return ERR_INVALID;
	while (bytes) {
		unsigned count = entries_here(addr, bytes, leaf_level);
		paddr_t table;
		enum error error = find_table(root, addr, leaf_level, true, &table);

		if (error)
			return error;
		for (unsigned i = 0; i < count; i++)
			if (table_at(table)[pagetable_index(addr, leaf_level) + i])
				return ERR_DENIED;
		error = gate_set_entries(table, pagetable_index(addr, leaf_level), pte_encode(frame, perms, leaf_level), step, count);
		if (error)
			return error;
		addr += count * step;
		frame += count * step;
		bytes -= count * step;
	}
	arch_pte_sync();
	return OK;
}

/* Gives `count` leaves of one table new ones: the same frames with `perms`, or none (perms 0). */
static enum error change_in_table(paddr_t table, unsigned index, unsigned count, unsigned perms)
{
	const pte_t *old = table_at(table) + index;

	if (!pte_is_present(*old))
		return ERR_NOT_MAPPED;
	if (!perms)
		return gate_set_entries(table, index, 0, PAGE_SIZE, count);
	return gate_change_entries(table, index, pte_encode(pte_addr(*old, 1), perms, 1), count);
}

/* The same for [addr, addr + bytes). What was changed is invalidated, also when an error stops it half-way. */
static enum error change_leaves(paddr_t root, vaddr_t addr, uint64_t bytes, unsigned perms)
{
	vaddr_t start = addr, end = addr + bytes;
	enum error error = OK;

	if ((addr | bytes) & PAGE_MASK)
		return ERR_INVALID;
	while (addr < end) {
		unsigned count = entries_here(addr, end - addr, 1);
		paddr_t table;

		error = find_table(root, addr, 1, false, &table);
		if (!error)
			error = change_in_table(table, pagetable_index(addr, 1), count, perms);
		if (error)
			break;
		addr += count * PAGE_SIZE;
	}
	if (addr > start)
		tlb_shootdown(start, addr - start);
	return error;
}

enum error pagetable_protect(paddr_t root, vaddr_t addr, uint64_t bytes, unsigned perms)
{
	return perms & PERM_R ? change_leaves(root, addr, bytes, perms) : ERR_INVALID;
}

enum error pagetable_unmap(paddr_t root, vaddr_t addr, uint64_t bytes)
{
	return change_leaves(root, addr, bytes, 0);
}

enum error pagetable_expect(paddr_t root, vaddr_t addr, paddr_t frame, uint64_t bytes, unsigned perms)
{
	while (bytes) {
		unsigned count = entries_here(addr, bytes, 1);
		paddr_t table;

		if (find_table(root, addr, 1, false, &table))
			return ERR_NOT_MAPPED;
		if (!gate_entries_are(table_at(table) + pagetable_index(addr, 1), pte_encode(frame, perms, 1), count))
			return ERR_DENIED;
		addr += count * PAGE_SIZE;
		frame += count * PAGE_SIZE;
		bytes -= count * PAGE_SIZE;
	}
	return OK;
}

/* Past the addresses between the halves, which nothing maps. */
static vaddr_t canonical(vaddr_t addr)
{
	return addr >> 47 == 1 ? 0xffff800000000000 : addr;
}

/* Goes down from the root for each entry: simple, and tables may change between two of them. */
enum error pagetable_next(paddr_t root, vaddr_t *addr, unsigned *budget, struct mapping *mapping)
{
	do {
		paddr_t table = root;
		pte_t pte = 0;
		int level = 4;

		for (;; level--) {
			pte = table_at(table)[pagetable_index(*addr, level)];
			if (!pte_is_present(pte) || !pte_is_table(pte, level))
				break;
			table = pte_addr(pte, level);
		}
		*mapping = (struct mapping){ ALIGN_DOWN(*addr, level_bytes(level)), pte_is_present(pte) ? pte_addr(pte, level) : 0,
		                             level_bytes(level), pte_is_present(pte) ? pte_perms(pte) : 0, table,
		                             pagetable_index(*addr, level), level };
		*addr = canonical(mapping->start + mapping->bytes);
		if (pte_is_present(pte))
			return OK;
		if (!*addr)
			return ERR_NOT_FOUND;
	} while (--*budget);
	return ERR_BUSY;
}

/* Visits the leaves below one table; `addr` is where its first entry's range starts. Four levels deep at most. */
static void visit_table(paddr_t table, int level, vaddr_t addr, pagetable_visitor visit, void *context)
{
	const pte_t *entries = table_at(table);

	for (unsigned i = 0; i < 512; i++, addr += level_bytes(level)) {
		pte_t pte = entries[i];

		if (!pte_is_present(pte))
			continue;
		if (pte_is_table(pte, level)) {
			visit_table(pte_addr(pte, level), level - 1, addr, visit, context);
		} else {
			struct mapping mapping = { addr, pte_addr(pte, level), level_bytes(level), pte_perms(pte), table, i, level };

			visit(context, &mapping);
		}
	}
}

void pagetable_visit(paddr_t root, paddr_t except, pagetable_visitor visit, void *context)
{
	for (unsigned slot = 0; slot < 512; slot++) {
		pte_t pte = table_at(root)[slot];
		/* Addresses are sign-extended: the upper half of the slots is the kernel's. */
		vaddr_t addr = slot * level_bytes(4) | (slot >= 256 ? 0xffff000000000000 : 0);

		if (pte_is_present(pte) && !(except && pte == table_at(except)[slot]))
			visit_table(pte_addr(pte, 4), 3, addr, visit, context);
	}
}
