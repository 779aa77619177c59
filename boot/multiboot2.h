/* SPDX-License-Identifier: MIT */
/* multiboot2.h: the pure half of boot/multiboot2.c, for the host tests. Init code. */
#ifndef AMBER_MULTIBOOT2_H
#define AMBER_MULTIBOOT2_H

#include <amber/annotate.h>
#include <amber/boot_info.h>
#include <amber/error.h>
#include <amber/types.h>

/* Reads the boot information at physical address `info`. Physical address p is readable at memory + p
 * for p < memory_bytes. On an error `why` says what is wrong; *out has what was read before, the command
 * line always, if it can be read at all. */
enum error multiboot2_parse(const void *memory, uint64_t memory_bytes, paddr_t info, struct boot_info *out,
                            char *why, size_t why_bytes) __must_check;

#endif
