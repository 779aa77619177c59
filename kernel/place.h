/* SPDX-License-Identifier: MIT */
/* kernel/place.h: naming an address by the frame behind it, and words about a violation. Pure reads, any context. */
#ifndef AMBER_PLACE_H
#define AMBER_PLACE_H

#include <amber/types.h>
#include <amber/violation.h>

/* "object+0xoff", "arena:TYPE+0xoff" or the bare address; returns buf. */
bool place_is_known(paddr_t paddr); /* is there a name for it? */
const char *place_format(paddr_t paddr, vaddr_t addr, char *buf, size_t bytes);
/* "PLACE, 8 bytes 0x… -> 0x…" (kernel/violation_print.c) */
void violation_words(const struct violation *violation, char *buf, size_t bytes);

#endif
