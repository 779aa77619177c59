/* SPDX-License-Identifier: MIT */
/*
 * linker/aarch64.h: what the aarch64 image has of its own, for linker/amber.ld.S. It is loaded as a flat
 * file (Image) at any 2 MiB boundary, so its physical addresses are known at boot only. libfdt reads the
 * device tree while booting and goes with the init memory: none of it may stay in the other sections.
 */
#define LMA_OFFSET  0
#define ENTRY_POINT __image_start
#define TEXT_FILL   /* zeros are an undefined instruction */
#define HAS_LIBFDT  1
#define NOT_LIBFDT  EXCLUDE_FILE(*libfdt.a:*)
#define OUTPUT      OUTPUT_FORMAT("elf64-littleaarch64") OUTPUT_ARCH(aarch64)
