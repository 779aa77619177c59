/* SPDX-License-Identifier: MIT */
/*
 * mm/vdso_pages.h: the two pages of the kernel image that every space sees: filled while starting, sealed data from then on.
 * The gate knows them by their addresses (mm/gate_user.c).
 */
#ifndef AMBER_MM_VDSO_PAGES_H
#define AMBER_MM_VDSO_PAGES_H

#include <amber/types.h>

extern uint8_t vdso_data[PAGE_SIZE]; /* mapped readable; struct vdso_data (abi.h) */
extern uint8_t vdso_code[PAGE_SIZE]; /* mapped readable and executable */

#endif
