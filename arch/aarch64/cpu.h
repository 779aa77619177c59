/* SPDX-License-Identifier: MIT */
/* arch/aarch64/cpu.h: what the files of this machine share about the CPU's state. */
#ifndef AMBER_AARCH64_CPU_H
#define AMBER_AARCH64_CPU_H

#include "arch.h"

/* Are devices reached through the boot tables (direct map)? Until the first arch_root_load. */
extern bool boot_tables_live; /* cpu.c, class data */
void user_space_prepare(void); /* user_space.c: boot tables live, core section writable */
void pan_leave_out(void);      /* broken kernel, BROKEN_PAN; on each CPU */
void secondary_start(void);   /* bringup.S: where another CPU begins, MMU off */
extern const char __text_start[], __text_end[]; /* linker/amber.ld.S */

#endif
