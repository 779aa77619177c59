/* SPDX-License-Identifier: MIT */
/* mm/percpu_map.h: the gate root, and what each CPU gets from the arena: gate stack, dry-run root and shadows. Init only. */
#ifndef AMBER_MM_PERCPU_MAP_H
#define AMBER_MM_PERCPU_MAP_H

#include <amber/percpu.h>
#include <amber/types.h>

#include "frame.h"

paddr_t kernel_map_arena_frame(enum frame_type type, int level); /* mm/kernel_map.c: boot-time arena frame */
bool is_mapped_ram(enum frame_type type); /* does direct map or window hold such frames? */

/* The gate root: the kernel's slots plus the window. Call when the kernel root has all its slots. */
void percpu_map_gate_root(void);
/* Maps something below a root of that kind, in tables of its own. */
void percpu_map_under(paddr_t root, vaddr_t addr, paddr_t frame, uint64_t bytes, unsigned perms, int leaf_level);
/* … in the gate root only. */
void percpu_map_gate(vaddr_t addr, paddr_t frame, uint64_t bytes, unsigned perms, int leaf_level);
/* Fills the constants of one CPU. */
void percpu_map_build(struct percpu *cpu, unsigned id);

#endif
