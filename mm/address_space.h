/* SPDX-License-Identifier: MIT */
/*
 * mm/address_space.h: the user half of a space: its root and tables (arena), mapping, protecting, sealing, and loading it on
 * a CPU. The caller holds the kernel's big lock and has checked user input; [addr, addr + bytes) lies in USER_START … USER_END.
 * Every change goes through the gate, which checks it against the frame table again.
 */
#ifndef AMBER_MM_ADDRESS_SPACE_H
#define AMBER_MM_ADDRESS_SPACE_H

#include <amber/abi.h>
#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

#include "pagetable.h"

struct address_space {
	paddr_t root;        /* frame of type FRAME_SPACE_ROOT; 0 = none (any more) */
	unsigned asid;       /* 0 where the machine has none */
	uint32_t cpus;       /* where its ASID may have translations; without ASIDs: those whose state->space it is (shootdown.c) */
	bool is_dead;        /* address_space_kill was called */
	vaddr_t freed_to;    /* address_space_free_step: no table is left below */
};

/* An empty space: root, the one table below it, vDSO mappings. ERR_NO_MEMORY, ERR_FULL (no ASID): nothing changed. */
enum error address_space_create(struct address_space *space) __must_check;
/* Makes the tables that a later map needs, so that it can't fail for want of memory. What it made stays if it fails. */
enum error address_space_prepare(struct address_space *space, vaddr_t addr, uint64_t pages) __must_check;
/* Maps `pages` consecutive frames of type FRAME_USER (or the pages of arch_user_devices with PERM_DEVICE). perms: PERM_R, PERM_W,
 * PERM_X (never with W), PERM_DEVICE; PERM_USER is added. ERR_DENIED: something is mapped there, or the gate refuses;
 * ERR_NOT_MAPPED: not prepared. All or nothing per call if the range lies in one table (2 MiB), else per table. */
enum error address_space_map(struct address_space *space, vaddr_t addr, paddr_t first, uint64_t pages,
                             unsigned perms) __must_check;
/* Holes are passed over; what is sealed is refused (ERR_SEALED) before anything changes. At most 512 pages a call. */
enum error address_space_unmap(struct address_space *space, vaddr_t addr, uint64_t pages) __must_check;
enum error address_space_protect(struct address_space *space, vaddr_t addr, uint64_t pages, unsigned perms) __must_check;
/* Makes these mapped pages and their frames immutable (map_seal): the mapping loses the write bit, so does the direct map,
 * the frames become FRAME_USER_SEALED (class data). ERR_DENIED: another writable mapping, or any other user mapping, of a
 * frame exists; ERR_NOT_MAPPED; ERR_SEALED: it is already. Checked for all pages before any changes; at most 512.
 * About 150 instructions a page, in one piece: a caller that must be brief asks for few. */
enum error address_space_seal(struct address_space *space, vaddr_t addr, uint64_t pages) __must_check;
bool address_space_lookup(const struct address_space *space, vaddr_t addr, struct mapping *mapping);

/* The end: no CPU may load it any more (its root becomes FRAME_DEAD_ROOT); afterwards sealed pages can be unmapped by
 * address_space_unmap, which turns their frames back into FRAME_USER. */
void address_space_kill(struct address_space *space);
/* Frees up to `budget` tables, 2,000 to 5,000 instructions each; true = all is freed, root and ASID too. Every leaf must be
 * unmapped before, but for the vDSO's. */
bool address_space_free_step(struct address_space *space, unsigned budget) __must_check;

/* This CPU runs a thread of that space from now on; NULL: a kernel thread. Only a frame of type FRAME_SPACE_ROOT is loaded.
 * Inline because every switch does it. */
static inline void address_space_load(struct address_space *space);
/* Loads what state->space says once more: after a dry run, which ends under the kernel's root. */
void address_space_reload(void);
/* The root table that translates addr on this CPU now. */
paddr_t address_space_root_for(vaddr_t addr);

#include "address_space_load.h"

#endif
