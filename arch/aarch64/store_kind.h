/* SPDX-License-Identifier: MIT */
/* arch/aarch64/store_kind.h: what kind of store an instruction is. */
#ifndef AMBER_AARCH64_STORE_KIND_H
#define AMBER_AARCH64_STORE_KIND_H

#include <amber/violation.h>

enum store_kind store_kind_of(uint32_t word);
/* How many bytes a read-modify-write accesses, of which not every one need change; 0 = it is none (swp stores them all). */
unsigned store_rmw_bytes(uint32_t word);

#endif
