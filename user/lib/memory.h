/* SPDX-License-Identifier: MIT */
/* memory.h: mapping memory objects at free addresses, malloc on top of it, sealing. user/lib/memory.c, malloc.c, seal.c. */
#ifndef AMBER_USER_MEMORY_H
#define AMBER_USER_MEMORY_H

#include "program.h"

/* Addresses that nobody uses, on a 64 KiB boundary, with a gap behind; never given back. */
uintptr_t address_reserve(uint64_t bytes);
/* The first `pages` pages of a memory object at a free address of this space. */
enum error memory_map(handle_t memory, uint64_t pages, uint64_t perms, void **start) __must_check;
/* New memory, mapped readable and writable. The handle may be NULL: then only the mapping keeps it. */
enum error memory_make(uint64_t pages, void **start, handle_t *memory) __must_check;

void *malloc(size_t bytes); /* NULL: none left; aligned to 16 */
void free(void *memory);

/* This program's __ro_after_init data is immutable from now on, as long as the space lives. */
enum error seal_ro_after_init(void) __must_check;
extern uint8_t __ro_after_init_start[], __ro_after_init_end[]; /* user/user.ld.S */

#endif
