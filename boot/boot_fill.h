/* SPDX-License-Identifier: MIT */
/*
 * boot_fill.h: what the boot protocols share when they fill struct boot_info: refusing with a reason,
 * the command line, memory ranges, and the areas that a loader left in RAM. boot/boot_fill.c; init code,
 * pure but for boot_handover.
 */
#ifndef AMBER_BOOT_FILL_H
#define AMBER_BOOT_FILL_H

#include <amber/annotate.h>
#include <amber/boot_info.h>
#include <amber/error.h>
#include <amber/types.h>

#define BOOT_KEPT_MAX  16
#define BOOT_WHY_BYTES 160

/* RAM that holds something handed over: it must not be allocated while boot code may read it. */
struct boot_kept {
	paddr_t start, end;
	const char *what;
	bool must_be_ram; /* else only the part that is usable RAM is kept */
};

/* One run of a parser. */
struct boot_fill {
	struct boot_info *out;
	const char *name; /* of the protocol, in front of each reason */
	char *why; /* the reason of a refusal, one line without its end */
	size_t why_bytes;
	unsigned kept_count;
	struct boot_kept kept[BOOT_KEPT_MAX];
};

extern struct boot_info boot_handover;     /* what kernel_main gets; init memory */
extern char boot_handover_why[BOOT_WHY_BYTES];

/* Empties *out. The parsers are pure: everything they say stands in *out and why. */
void boot_fill_begin(struct boot_fill *fill, struct boot_info *out, enum boot_protocol protocol, const char *name,
                     char *why, size_t why_bytes);
/* Writes the reason, behind the name of the protocol, and returns ERR_INVALID. */
enum error boot_refuse(struct boot_fill *fill, const char *fmt, ...) __printf(2, 3) __must_check;
/* Copies a command line of which `bytes` bytes may be read. false: there is no final 0 in them (what is
 * there was copied all the same). */
bool boot_fill_cmdline(struct boot_fill *fill, const char *text, size_t bytes);
enum error boot_fill_memory(struct boot_fill *fill, paddr_t start, uint64_t bytes, enum memory_kind kind) __must_check;
/* Memory type as e820, Multiboot2 and PVH number them. */
enum memory_kind boot_memory_kind(uint32_t e820_type);
/* Remembers an area for boot_fill_finish. */
enum error boot_fill_keep(struct boot_fill *fill, paddr_t start, paddr_t end, const char *what,
                          bool must_be_ram) __must_check;
/* Remembers the initial RAM disk: it must be RAM, and only the first one is reported. */
enum error boot_fill_initrd(struct boot_fill *fill, paddr_t start, paddr_t end) __must_check;
/* Sorts the memory map and marks what is kept as MEMORY_BOOT. */
enum error boot_fill_finish(struct boot_fill *fill) __must_check;

#endif
