/* SPDX-License-Identifier: MIT */
/*
 * layout.h: the kernel's half of the address space. It is the same on both machines. Each area has a
 * top-level slot (512 GiB) of its own; the slots never change after boot. Also read by assembly and
 * by the linker script.
 *
 *   slot  address              what
 *   0     0x0000000000200000   a user program's (abi.h: USER_START); in the roots of spaces only
 *   256   0xffff800000000000   direct map: RAM at DIRECT_MAP_BASE + physical address
 *   257   0xffff808000000000   window: all RAM writable; in the gate root only
 *   258   0xffff810000000000   devices for the gate only (x86_64: local APIC); in the gate root only
 *   259   0xffff818000000000   devices that drivers use
 *   384   0xffffc00000000000   stacks, each with a guard below: bit 46 set and bit 45 clear here only
 *   511   0xffffffff80000000   the kernel image (IMAGE_BASE is its first byte)
 */
#ifndef AMBER_LAYOUT_H
#define AMBER_LAYOUT_H

#ifdef __ASSEMBLER__
#define LAYOUT_ADDRESS(x) x
#else
#define LAYOUT_ADDRESS(x) x##ull
#endif

#define DIRECT_MAP_BASE  LAYOUT_ADDRESS(0xffff800000000000)
#define WINDOW_BASE      LAYOUT_ADDRESS(0xffff808000000000)
#define GATE_DEVICE_BASE LAYOUT_ADDRESS(0xffff810000000000)
#define DEVICE_BASE      LAYOUT_ADDRESS(0xffff818000000000)
#define STACK_BASE       LAYOUT_ADDRESS(0xffffc00000000000)
#define IMAGE_BASE       LAYOUT_ADDRESS(0xffffffff80200000)
#define SLOT_SIZE        LAYOUT_ADDRESS(0x8000000000)

/* A stack is the upper half of an aligned 32 KiB; the lower half is its guard. So of two addresses a
 * page apart across the edge, STACK_GUARD_BIT is clear in the guard's. */
#define STACK_SHIFT      14
#define STACK_SIZE       (1 << STACK_SHIFT)
#define STACK_GUARD_BIT  STACK_SHIFT
#define STACK_AREA_BIT   46 /* set … */
#define STACK_NOT_BIT    45 /* … and clear: the stacks' slot and no other */

#endif
