/* SPDX-License-Identifier: MIT */
/* fdt_parse.h: the pure half of boot/fdt.c, for the host tests (not "fdt.h": libfdt has one). Init code. */
#ifndef AMBER_FDT_H
#define AMBER_FDT_H

#include <amber/annotate.h>
#include <amber/boot_info.h>
#include <amber/error.h>
#include <amber/types.h>

/* Reads the flattened device tree at physical address `fdt`. Physical address p is readable at memory + p
 * for p < memory_bytes; memory is aligned to 8. On an error `why` says what is wrong; *out has what was
 * read before, the command line first. */
enum error fdt_parse(const void *memory, uint64_t memory_bytes, paddr_t fdt, struct boot_info *out, char *why,
                     size_t why_bytes) __must_check;

#endif
