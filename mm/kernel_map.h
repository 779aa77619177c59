/* SPDX-License-Identifier: MIT */
/*
 * mm/kernel_map.h: the kernel's own page tables: frame table, arena, kernel root, gate root, dry-run roots.
 * Built once under the boot tables, then loaded. Names of the image's parts come from linker/amber.ld.S.
 */
#ifndef AMBER_MM_KERNEL_MAP_H
#define AMBER_MM_KERNEL_MAP_H

#include <amber/annotate.h>
#include <amber/boot_info.h>
#include <amber/layout.h>
#include <amber/types.h>

#include <arch.h>

extern const char __image_start[], __image_end[];
extern const char __text_start[], __text_end[], __rodata_start[], __rodata_end[];
extern const char __user_archive_start[], __user_archive_end[]; /* the programs, within .rodata */
extern const char __init_start[], __init_text_end[], __init_end[];
extern const char __ro_after_init_start[], __ro_after_init_used_end[], __ro_after_init_end[];
extern const uint8_t __build_id_start[];
extern const char __ro_core_start[], __ro_core_used_end[], __ro_core_end[];

extern paddr_t kernel_root_frame, gate_root_frame, bringup_root_frame; /* class core */
extern struct memory_map memory_map;               /* class data: RAM as the boot protocol told it */

/* Plans and fills frame table, arena and all roots for CPU 0; nothing is loaded. Panics with one clear line where
 * the machine has too little memory, or memory in impossible places. */
void kernel_map_build(const struct boot_info *boot_info, unsigned cpus);
/* Loads the kernel root; from here on the arena is read-only and the gate is the one door. */
void kernel_map_go_live(void);

static inline paddr_t image_to_phys(vaddr_t addr)
{
	return addr - IMAGE_BASE + arch_image_phys;
}

static inline vaddr_t image_of_phys(paddr_t addr)
{
	return addr - arch_image_phys + IMAGE_BASE;
}

static inline paddr_t image_phys_end(void)
{
	return image_to_phys((vaddr_t)__image_end);
}

/* All roots that a walk of everything must visit, spaces' too: calls visit(context, root, shared), where top-level slots
 * equal in `shared` were visited before. The gate's root is left out. */
void kernel_map_each_root(void (*visit)(void *context, paddr_t root, paddr_t shared), void *context);

#endif
