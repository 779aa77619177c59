/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_user.h: the gate's calls for spaces: their roots, tables and leaves. All or nothing each; ERR_DENIED: a check against
 * the frame table refuses. Outside the gate; the caller (mm/address_space.c) invalidates translations.
 */
#ifndef AMBER_MM_GATE_USER_H
#define AMBER_MM_GATE_USER_H

#include "gate.h"

/* Empty entries index … index+count-1 of a leaf table map consecutive frames; perms: PERM_R and PERM_USER at least.
 * ERR_RANGE: beyond the table. */
static inline __must_check enum error gate_user_map(paddr_t table, unsigned index, paddr_t first, unsigned perms, unsigned count)
{
	return gate_run_live(GATE_USER_ENTRIES, table, index, first | perms, count, 0);
}

/* They become empty; holes are passed over. ERR_SEALED: one of them must stay until the space dies. */
static inline __must_check enum error gate_user_unmap(paddr_t table, unsigned index, unsigned count)
{
	return gate_run_live(GATE_USER_ENTRIES, table, index, 0, count, 0);
}

/* New permissions (PERM_R, _W, _X) for those that are not empty. */
static inline __must_check enum error gate_user_protect(paddr_t table, unsigned index, unsigned perms, unsigned count)
{
	return gate_run_live(GATE_USER_PROTECT, table, index, perms, count, 0);
}

/* map_seal: `pages` leaves from addr on and their frames become read-only, in the direct map too. ERR_NOT_MAPPED, ERR_SEALED. */
static inline __must_check enum error gate_seal_user(paddr_t root, vaddr_t addr, uint64_t pages)
{
	return gate_run(GATE_SEAL_USER, root, addr, pages, 0, 0);
}

/* Under a dead root: removes the leaves of what is sealed in these pages; user memory becomes ordinary again. */
static inline __must_check enum error gate_unseal_user(paddr_t dead_root, vaddr_t addr, uint64_t pages)
{
	return gate_run(GATE_UNSEAL_USER, dead_root, addr, pages, 0, 0);
}

/* An unused arena frame becomes the empty table behind entry `index` of `above`. */
static inline __must_check enum error gate_user_table(paddr_t frame, paddr_t above, unsigned index)
{
	return gate_run(GATE_USER_TABLE, frame, above, index, 0, 0);
}

/* Under a dead root: unlinks and frees the table of that level (1, 2) on the way to addr; it must be empty. */
static inline __must_check enum error gate_user_table_free(paddr_t dead_root, vaddr_t addr, unsigned level)
{
	return gate_run(GATE_USER_TABLE_FREE, dead_root, addr, level, 0, 0);
}

/* Two unused arena frames become a space's root and the one table below it. */
static inline __must_check enum error gate_space_root(paddr_t root, paddr_t table)
{
	return gate_run(GATE_SPACE_ROOT, root, table, 0, 0, 0);
}

/* It can't be loaded any more, for good. No CPU has it loaded. */
static inline __must_check enum error gate_space_kill(paddr_t root)
{
	return gate_run(GATE_SPACE_KILL, root, 0, 0, 0, 0);
}

/* A dead root and the table below it, which must be empty, become unused arena frames. */
static inline __must_check enum error gate_space_free(paddr_t dead_root)
{
	return gate_run(GATE_SPACE_FREE, dead_root, 0, 0, 0, 0);
}

#endif
