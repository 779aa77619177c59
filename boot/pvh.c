/* SPDX-License-Identifier: MIT */
/*
 * boot/pvh.c: the start information that QEMU's -kernel hands over (Xen's x86/HVM direct boot ABI,
 * version 1: struct hvm_start_info with a memory map).
 *
 * In:      a struct full of physical addresses, all in memory that is free to be used: copied here.
 * Out:     boot_info: command line, memory map, RSDP, first module.
 * Context: init code on the boot stack, boot tables live: the first 4 GiB at DIRECT_MAP_BASE.
 */
#include "pvh.h"

#include "boot_fill.h"
#include <amber/layout.h>
#include <amber/string.h>
#include <amber/upcalls.h>

#define START_MAGIC      0x336ec578
#define VERSION_NEEDED   1 /* the first with a memory map */
#define MODULES_MAX      8
#define MEMMAP_ENTRY_MAX 1024 /* absurd above; what fits is decided by the memory map */

struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, cmdline, rsdp;
	uint64_t memmap; /* from version 1 on */
	uint32_t memmap_count, reserved;
};

struct module_entry {
	uint64_t start, bytes, cmdline, reserved;
};

struct memmap_entry {
	uint64_t start, bytes;
	uint32_t type, reserved;
};

struct reader {
	struct boot_fill fill;
	const uint8_t *memory;
	uint64_t memory_bytes;
	struct start_info start;
};

/* Copies a struct from physical memory. */
static __init enum error phys_read(struct reader *reader, paddr_t phys, void *dst, size_t bytes, const char *what)
{
	if (bytes > reader->memory_bytes || phys > reader->memory_bytes - bytes)
		return boot_refuse(&reader->fill, "%s at 0x%lx is out of reach", what, phys);
	memcpy(dst, reader->memory + phys, bytes);
	return OK;
}

static __init enum error read_cmdline(struct reader *reader)
{
	paddr_t phys = reader->start.cmdline;
	uint64_t bytes;

	if (phys == 0) /* none */
		return OK;
	if (phys >= reader->memory_bytes)
		return boot_refuse(&reader->fill, "command line at 0x%lx is out of reach", phys);
	/* Its length isn't given: one byte more than counts tells whether it was cut. */
	bytes = MIN(reader->memory_bytes - phys, (uint64_t)CMDLINE_MAX + 1);
	if (boot_fill_cmdline(&reader->fill, (const char *)reader->memory + phys, bytes) || reader->fill.out->cmdline_cut)
		return OK;
	return boot_refuse(&reader->fill, "command line at 0x%lx has no end", phys);
}

static __init enum error read_memmap(struct reader *reader)
{
	if (reader->start.memmap == 0 || reader->start.memmap_count == 0)
		return boot_refuse(&reader->fill, "there is no memory map");
	if (reader->start.memmap_count > MEMMAP_ENTRY_MAX)
		return boot_refuse(&reader->fill, "a memory map of %u entries is absurd", reader->start.memmap_count);
	for (uint32_t i = 0; i < reader->start.memmap_count; i++) {
		struct memmap_entry entry;
		paddr_t phys = reader->start.memmap + i * sizeof(entry);
		enum error error = phys_read(reader, phys, &entry, sizeof(entry), "memory map");

		if (error == OK)
			error = boot_fill_memory(&reader->fill, entry.start, entry.bytes, boot_memory_kind(entry.type));
		if (error != OK)
			return error;
	}
	return OK;
}

static __init enum error read_modules(struct reader *reader)
{
	if (reader->start.module_count > MODULES_MAX)
		return boot_refuse(&reader->fill, "%u modules are absurd", reader->start.module_count);
	for (uint32_t i = 0; i < reader->start.module_count; i++) {
		struct module_entry module;
		paddr_t phys = reader->start.modules + i * sizeof(module);
		enum error error = phys_read(reader, phys, &module, sizeof(module), "module list");

		if (error == OK) /* a sum that wraps is refused there: it ends before its start */
			error = boot_fill_initrd(&reader->fill, module.start, module.start + module.bytes);
		if (error != OK)
			return error;
	}
	return OK;
}

static __init enum error read_start(struct reader *reader, paddr_t phys)
{
	enum error error = phys_read(reader, phys, &reader->start, sizeof(reader->start), "start information");

	if (error != OK)
		return error;
	if (reader->start.magic != START_MAGIC)
		return boot_refuse(&reader->fill, "start information at 0x%lx: magic is 0x%x, not 0x%x", phys,
		                   reader->start.magic, START_MAGIC);
	error = read_cmdline(reader); /* first: it says how a run ends, also one that stops here */
	if (error == OK && reader->start.version < VERSION_NEEDED)
		error = boot_refuse(&reader->fill, "start information has version %u, which has no memory map",
		                    reader->start.version);
	return error;
}

__init enum error pvh_parse(const void *memory, uint64_t memory_bytes, paddr_t start_info, struct boot_info *out,
                            char *why, size_t why_bytes)
{
	struct reader reader = { .memory = memory, .memory_bytes = memory_bytes };
	enum error error;

	boot_fill_begin(&reader.fill, out, BOOT_PVH, "pvh", why, why_bytes);
	out->text_screen = true; /* nobody says so: arch_screen_enable looks whether memory is there */
	error = read_start(&reader, start_info);
	if (error == OK)
		error = read_memmap(&reader);
	if (error == OK)
		error = read_modules(&reader);
	if (error != OK)
		return error;
	out->rsdp = reader.start.rsdp;
	return boot_fill_finish(&reader.fill);
}

__init void pvh_entry(uint64_t start_info)
{
	if (pvh_parse((const void *)DIRECT_MAP_BASE, 1ull << 32, start_info, &boot_handover, boot_handover_why,
	              sizeof(boot_handover_why)) != OK)
		kernel_boot_failed(&boot_handover, boot_handover_why);
	kernel_main(&boot_handover);
}
