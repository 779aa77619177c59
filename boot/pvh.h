/* SPDX-License-Identifier: MIT */
/* pvh.h: the pure half of boot/pvh.c, for the host tests. Init code. */
#ifndef AMBER_PVH_H
#define AMBER_PVH_H

#include <amber/annotate.h>
#include <amber/boot_info.h>
#include <amber/error.h>
#include <amber/types.h>

/* Reads the start information at physical address `start_info`. Physical address p is readable at
 * memory + p for p < memory_bytes. On an error `why` says what is wrong; *out has what was read before,
 * the command line first. */
enum error pvh_parse(const void *memory, uint64_t memory_bytes, paddr_t start_info, struct boot_info *out,
                     char *why, size_t why_bytes) __must_check;

#endif
