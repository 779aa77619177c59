/* SPDX-License-Identifier: MIT */
/*
 * boot/multiboot2.c: the boot information that GRUB hands over (Multiboot2 Specification 2.0, §3.6).
 *
 * In:      a list of tags, each with type and size, at a physical address; untrusted.
 * Out:     boot_info: command line, memory map, RSDP, modules, whether there is a text screen.
 * Context: init code on the boot stack, boot tables live: the first 4 GiB at DIRECT_MAP_BASE.
 */
#include "multiboot2.h"

#include "boot_fill.h"
#include <amber/layout.h>
#include <amber/string.h>
#include <amber/upcalls.h>

#define INFO_BYTES_MAX MIB(1) /* far more than any loader writes */
#define TAG_ALIGN      8

enum tag_type {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_MODULE = 3,
	TAG_MEMORY = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_RSDP_1 = 14,
	TAG_RSDP_2 = 15,
};

struct info_header {
	uint32_t total_size, reserved;
};

struct tag {
	uint32_t type, size; /* size with these two, without the padding to 8 */
};

struct tag_memory {
	struct tag tag;
	uint32_t entry_size, entry_version;
};

struct memory_entry {
	uint64_t base, length;
	uint32_t type, reserved;
};

struct tag_module {
	struct tag tag;
	uint32_t start, end;
	/* its command line follows */
};

#define RSDP_1_BYTES         20 /* ACPI 1.0 */
#define RSDP_2_BYTES         36 /* ACPI 2.0 and later, ACPI 6.4 §5.2.5.3 */

/* The boot information being read. */
struct reader {
	struct boot_fill fill;
	const uint8_t *info;
	paddr_t phys;         /* of the same */
	uint32_t total_bytes;
	bool has_rsdp_2;
};

/* One tag, copied: it is aligned by the specification, but nobody promises that. */
struct tag_at {
	struct tag tag;
	uint32_t offset;
};

/* Reads the tag at offset; its size was checked against the end. */
static __init enum error tag_read(struct reader *reader, uint32_t offset, struct tag_at *at)
{
	if (reader->total_bytes - offset < sizeof(struct tag))
		return boot_refuse(&reader->fill, "no end tag in 0x%x bytes", reader->total_bytes);
	memcpy(&at->tag, reader->info + offset, sizeof(at->tag));
	at->offset = offset;
	if (at->tag.size < sizeof(struct tag))
		return boot_refuse(&reader->fill, "tag %u at 0x%x: size %u is too small", at->tag.type, offset,
		                   at->tag.size);
	if (at->tag.size > reader->total_bytes - offset)
		return boot_refuse(&reader->fill, "tag %u at 0x%x: size %u reaches behind the end (0x%x)",
		                   at->tag.type, offset, at->tag.size, reader->total_bytes);
	return OK;
}

/* The offset behind a tag, not above total_bytes. */
static __init uint32_t tag_next(const struct reader *reader, const struct tag_at *at)
{
	return (uint32_t)MIN(ALIGN_UP(at->offset + (uint64_t)at->tag.size, TAG_ALIGN), (uint64_t)reader->total_bytes);
}

static __init enum error tag_needs(struct reader *reader, const struct tag_at *at, uint32_t bytes)
{
	if (at->tag.size >= bytes)
		return OK;
	return boot_refuse(&reader->fill, "tag %u at 0x%x: size %u is too small", at->tag.type, at->offset,
	                   at->tag.size);
}

static __init enum error read_cmdline(struct reader *reader, const struct tag_at *at)
{
	const char *text = (const char *)reader->info + at->offset + sizeof(struct tag);

	if (boot_fill_cmdline(&reader->fill, text, at->tag.size - sizeof(struct tag)))
		return OK;
	return boot_refuse(&reader->fill, "tag %u at 0x%x: the command line has no end", at->tag.type,
	                   at->offset);
}

static __init enum error read_memory(struct reader *reader, const struct tag_at *at)
{
	struct tag_memory header;
	enum error error = tag_needs(reader, at, sizeof(header));

	if (error != OK)
		return error;
	memcpy(&header, reader->info + at->offset, sizeof(header));
	if (header.entry_size < sizeof(struct memory_entry) || (at->tag.size - sizeof(header)) % header.entry_size != 0)
		return boot_refuse(&reader->fill, "tag %u at 0x%x: entries of %u bytes don't fit into %u",
		                   at->tag.type, at->offset, header.entry_size, at->tag.size);
	for (uint64_t pos = sizeof(header); pos < at->tag.size; pos += header.entry_size) {
		struct memory_entry entry;

		memcpy(&entry, reader->info + at->offset + pos, sizeof(entry));
		error = boot_fill_memory(&reader->fill, entry.base, entry.length, boot_memory_kind(entry.type));
		if (error != OK)
			return error;
	}
	return OK;
}

static __init enum error read_module(struct reader *reader, const struct tag_at *at)
{
	struct tag_module module;
	enum error error = tag_needs(reader, at, sizeof(module));

	if (error != OK)
		return error;
	memcpy(&module, reader->info + at->offset, sizeof(module));
	return boot_fill_initrd(&reader->fill, module.start, module.end);
}

/* The loader copied ACPI's root pointer into the tag; the newer one is better. */
static __init enum error read_rsdp(struct reader *reader, const struct tag_at *at)
{
	bool is_2 = at->tag.type == TAG_RSDP_2;
	enum error error = tag_needs(reader, at, sizeof(struct tag) + (is_2 ? RSDP_2_BYTES : RSDP_1_BYTES));

	if (error != OK || (reader->has_rsdp_2 && !is_2))
		return error;
	reader->fill.out->rsdp = reader->phys + at->offset + sizeof(struct tag);
	reader->has_rsdp_2 = is_2;
	return OK;
}

static __init enum error tag_use(struct reader *reader, const struct tag_at *at)
{
	switch (at->tag.type) {
	case TAG_MODULE:
		return read_module(reader, at);
	case TAG_MEMORY:
		return read_memory(reader, at);
	case TAG_FRAMEBUFFER:
		/* It can't stop the boot: what is wrong with it is printed later. */
		multiboot2_screen_read(reader->info + at->offset, at->tag.size, reader->fill.out);
		return OK;
	case TAG_RSDP_1:
	case TAG_RSDP_2:
		return read_rsdp(reader, at);
	default: /* the command line was read first; the rest is of no use here */
		return OK;
	}
}

/* Finds the header and checks the size of the whole. */
static __init enum error info_open(struct reader *reader, const uint8_t *memory, uint64_t memory_bytes, paddr_t phys)
{
	struct info_header header;

	if (phys % TAG_ALIGN != 0 || memory_bytes < sizeof(header) || phys > memory_bytes - sizeof(header))
		return boot_refuse(&reader->fill, "boot information at 0x%lx: unaligned or out of reach", phys);
	memcpy(&header, memory + phys, sizeof(header));
	if (header.total_size < sizeof(header) + sizeof(struct tag) || header.total_size > INFO_BYTES_MAX ||
	    header.total_size > memory_bytes - phys)
		return boot_refuse(&reader->fill, "boot information at 0x%lx: a size of %u bytes is absurd",
		                   phys, header.total_size);
	reader->info = memory + phys;
	reader->phys = phys;
	reader->total_bytes = header.total_size;
	return boot_fill_keep(&reader->fill, phys, phys + header.total_size, "boot information", false);
}

/* Goes through all tags with `use` for each until one is refused. */
static __init enum error tags_walk(struct reader *reader, enum error (*use)(struct reader *, const struct tag_at *))
{
	uint32_t offset = sizeof(struct info_header);
	struct tag_at at;

	for (;;) {
		enum error error = tag_read(reader, offset, &at);

		if (error != OK || at.tag.type == TAG_END)
			return error;
		error = use(reader, &at);
		if (error != OK)
			return error;
		offset = tag_next(reader, &at);
	}
}

static __init enum error use_cmdline(struct reader *reader, const struct tag_at *at)
{
	return at->tag.type == TAG_CMDLINE ? read_cmdline(reader, at) : OK;
}

__init enum error multiboot2_parse(const void *memory, uint64_t memory_bytes, paddr_t info, struct boot_info *out,
                                   char *why, size_t why_bytes)
{
	struct reader reader = { .info = NULL };
	enum error error;

	boot_fill_begin(&reader.fill, out, BOOT_MULTIBOOT2, "multiboot2", why, why_bytes);
	error = info_open(&reader, memory, memory_bytes, info);
	/* First the command line alone: it says how a run ends, also one that stops at the next tag. */
	if (error == OK)
		error = tags_walk(&reader, use_cmdline);
	if (error == OK)
		error = tags_walk(&reader, tag_use);
	if (error == OK && out->memory.count == 0)
		error = boot_refuse(&reader.fill, "there is no memory map");
	if (error == OK)
		error = boot_fill_finish(&reader.fill);
	if (error == OK)
		multiboot2_screen_check_memory(out);
	return error;
}

__init void multiboot2_entry(uint64_t info)
{
	if (multiboot2_parse((const void *)DIRECT_MAP_BASE, 1ull << 32, info, &boot_handover, boot_handover_why,
	                     sizeof(boot_handover_why)) != OK)
		kernel_boot_failed(&boot_handover, boot_handover_why);
	kernel_main(&boot_handover);
}
