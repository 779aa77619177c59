/* SPDX-License-Identifier: MIT */
/*
 * mm/pagetable.h: page tables of four levels with 512 entries each, on both machines. One walk; all changes
 * go through the gate; a range is changed with one gate call per table. Ranges are page aligned.
 */
#ifndef AMBER_MM_PAGETABLE_H
#define AMBER_MM_PAGETABLE_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

#include <arch.h>

struct mapping {
	vaddr_t start;  /* of the leaf */
	paddr_t frame;
	uint64_t bytes; /* PAGE_SIZE or BLOCK_SIZE */
	unsigned perms;
	paddr_t table;  /* the table that holds the leaf */
	unsigned index;
	int level;
};

static inline unsigned pagetable_index(vaddr_t addr, int level)
{
	return (addr >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

/* What addr translates to under this root. ERR_NOT_MAPPED. */
enum error pagetable_lookup(paddr_t root, vaddr_t addr, struct mapping *mapping) __must_check;
/* Maps [addr, addr + bytes) to consecutive frames; missing tables come from the arena. leaf_level 1: 4 KiB
 * leaves; 2: 2 MiB leaves (then all is block aligned). ERR_DENIED: the gate refuses, or something is
 * mapped there; ERR_NO_MEMORY: the arena is full. On an error some of the range may be mapped. */
enum error pagetable_map(paddr_t root, vaddr_t addr, paddr_t frame, uint64_t bytes, unsigned perms, int leaf_level) __must_check;
/* Changes the permissions of a range of 4 KiB leaves that are all mapped to consecutive frames within each
 * table, and invalidates. ERR_NOT_MAPPED, ERR_DENIED. */
enum error pagetable_protect(paddr_t root, vaddr_t addr, uint64_t bytes, unsigned perms) __must_check;
/* Removes a range of 4 KiB leaves and invalidates. */
enum error pagetable_unmap(paddr_t root, vaddr_t addr, uint64_t bytes) __must_check;
/* Is [addr, addr + bytes) mapped by 4 KiB leaves with just these permissions to the frames from `frame` on? ERR_NOT_MAPPED
 * (no table of such leaves), ERR_DENIED (something else). */
enum error pagetable_expect(paddr_t root, vaddr_t addr, paddr_t frame, uint64_t bytes, unsigned perms) __must_check;
/* The first leaf that begins at or behind *addr, which moves behind it: 0 at the address space's end. For walks in steps: looks
 * at no more than *budget entries, and takes off what it used. ERR_NOT_FOUND: there is none; ERR_BUSY: the budget is used up,
 * *addr is where to go on. */
enum error pagetable_next(paddr_t root, vaddr_t *addr, unsigned *budget, struct mapping *mapping) __must_check;
/* Calls visit for every leaf in address order. Top-level slots that are equal in `except` (0 = none) are left
 * out: a dry-run root shares nearly all with the kernel's. */
typedef void (*pagetable_visitor)(void *context, const struct mapping *mapping);
void pagetable_visit(paddr_t root, paddr_t except, pagetable_visitor visit, void *context);

#endif
