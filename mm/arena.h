/* SPDX-License-Identifier: MIT */
/*
 * mm/arena.h: the table arena: whole 2 MiB blocks, read-only in the direct map from the first moment, from
 * which all page tables and other memory of the gate come. Which frame is in use says the frame table.
 */
#ifndef AMBER_MM_ARENA_H
#define AMBER_MM_ARENA_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

/* An empty page table of that level; grows the arena by a block if it must. ERR_NO_MEMORY: nothing changed. */
enum error arena_table(int level, paddr_t *table) __must_check;
enum error arena_table_free(paddr_t table) __must_check;
/* An unused frame that nobody else is given, for a gate call that makes something of it; or, if that was refused or undone, back
 * again. ERR_NO_MEMORY. */
enum error arena_take(paddr_t *frame) __must_check;
void arena_give_back(paddr_t frame);
/* Takes one free 2 MiB block of RAM into the arena: one entry, one shootdown. */
enum error arena_grow(void) __must_check;

#endif
