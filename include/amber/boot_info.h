/* SPDX-License-Identifier: MIT */
/*
 * boot_info.h: what a boot protocol hands over, in one neutral form. boot/PROTOCOL.c fills it,
 * kernel_main reads it. Everything in it was checked for form, nothing for sense.
 */
#ifndef AMBER_BOOT_INFO_H
#define AMBER_BOOT_INFO_H

#include <amber/memory_map.h>
#include <amber/types.h>

#define CMDLINE_MAX 1023 /* bytes that count; the rest is cut */

enum boot_protocol { BOOT_MULTIBOOT2, BOOT_PVH, BOOT_IMAGE, BOOT_EFI };

/* What an FDT says about devices (aarch64); 0 = not there. */
struct fdt_devices {
	paddr_t uart, gic_distributor, gic_cpu, pci_ecam;
	uint64_t pci_ecam_bytes;
	uint64_t fw_cfg;
	uint32_t uart_irq;    /* GIC interrupt number of the UART */
	uint32_t timer_irq;   /* GIC interrupt number of the virtual timer */
	uint32_t gic_version; /* 2, 3, or 0 = no interrupt controller found */
	bool psci_smc;        /* call PSCI by smc, else by hvc */
	bool has_psci;
};

/* A linear framebuffer of direct colours; its numbers fit each other, and it lies outside RAM. */
struct boot_framebuffer {
	paddr_t start;                        /* page aligned */
	uint32_t pitch, width, height;        /* pitch: bytes from row to row */
	uint8_t pixel_bytes;                  /* 4 or 3; 0 = there is no framebuffer */
	uint8_t red_at, green_at, blue_at;    /* lowest bit of each in a pixel */
	uint8_t red_bits, green_bits, blue_bits;
};

#define FRAMEBUFFER_WHY_BYTES 120

struct boot_info {
	enum boot_protocol protocol;
	size_t cmdline_bytes;            /* without the final 0 */
	bool cmdline_cut;                /* there was more */
	bool cmdline_cut_behind_word;    /* … and it began with a space: the last word is whole */
	char cmdline[CMDLINE_MAX + 1];
	struct memory_map memory;        /* as the protocol says it, sorted and checked */
	paddr_t rsdp;                    /* x86_64: ACPI's root pointer, 0 = search for it */
	paddr_t initrd_start, initrd_end;
	bool text_screen;                /* x86_64: an 80×25 text screen is at 0xb8000 */
	struct boot_framebuffer framebuffer;
	char framebuffer_refused[FRAMEBUFFER_WHY_BYTES]; /* why there is none although the loader names one; "" */
	unsigned cpu_count;              /* aarch64: CPUs that the tree lists (1 if unknown) */
	unsigned cpu_ids_kept;           /* of these in cpu_ids */
	uint32_t cpu_ids[MAX_CPUS];      /* their affinities */
	struct fdt_devices devices;
};

#endif
