/* SPDX-License-Identifier: MIT */
/*
 * kernel/program.h: programs: found by name in the boot module or, if it isn't there, in the kernel file's own archive (both
 * cpio, newc), loaded from ELF into a space; and the first one: the supervisor, or the one that init= names.
 */
#ifndef AMBER_PROGRAM_H
#define AMBER_PROGRAM_H

#include "space.h"

/* Init: where the boot loader left a module (mm/kernel_map.c maps it read-only); both 0: there is none. An initcall checks it. */
void program_remember_module(paddr_t start, paddr_t end);
enum error program_find(const char *name, size_t length, const uint8_t **elf, size_t *bytes) __must_check;
/* Maps the segments of an ELF file into an empty space: checked as a whole first (kernel/elf.c), W^X, within the user half;
 * nothing is left mapped if it fails; `why` then says what is wrong with the file, or is NULL if it isn't the file's fault.
 * Preemption points: the caller holds the space (space_hold). Big lock held. */
enum error program_load(struct space *space, const uint8_t *elf, size_t bytes, vaddr_t *entry, const char **why) __must_check;
/* kernel/program_first.c: runs init="…" to its end in the calling kernel thread; true = its exit code was 0, nothing leaked. */
bool program_run_first(const char *words);
/* The same file: runs `supervisor`, with `commands` (NULL: none) as its second word. Returns when it has ended, which it never
 * should, or an error if it can't be started; it has said so. ERR_NOT_FOUND: there is none. */
enum error program_run_supervisor(const char *commands) __must_check;

struct cpio_member;
/* The next one; the module's come first. *cursor: at first 0; 0 again: that was all. False: there is none there. */
bool program_next(uint64_t *cursor, struct cpio_member *program, bool *of_module) __must_check;
/* "hello pager …": the names of all programs, cut if they don't fit. */
void program_list(char *text, size_t bytes);

#endif
