/* SPDX-License-Identifier: MIT */
/*
 * boot/boot_fill.c: what the boot protocols share when they fill struct boot_info.
 *
 * In:      pieces of untrusted boot-time data whose bounds the caller has checked.
 * Out:     boot_info, or the reason why it can't be used.
 * Context: init code on the boot stack, boot tables live; pure, also compiled on the host.
 */
#include "boot_fill.h"

#include <amber/string.h>

__initdata struct boot_info boot_handover;
__initdata char boot_handover_why[BOOT_WHY_BYTES];

__init void boot_fill_begin(struct boot_fill *fill, struct boot_info *out, enum boot_protocol protocol,
                            const char *name, char *why, size_t why_bytes)
{
	memset(out, 0, sizeof(*out));
	out->protocol = protocol;
	out->cpu_count = 1;
	memset(fill, 0, sizeof(*fill));
	fill->out = out;
	fill->name = name;
	fill->why = why;
	fill->why_bytes = why_bytes;
	if (why_bytes > 0)
		why[0] = '\0';
}

__init enum error boot_refuse(struct boot_fill *fill, const char *fmt, ...)
{
	size_t used = (size_t)format(fill->why, fill->why_bytes, "%s: ", fill->name);
	va_list args;

	used = MIN(used, fill->why_bytes);
	va_start(args, fmt);
	format_args(fill->why + used, fill->why_bytes - used, fmt, args);
	va_end(args);
	/* Names in it may come from a device tree, and it goes to a terminal. */
	for (char *c = fill->why; fill->why_bytes > 0 && *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return ERR_INVALID;
}

__init bool boot_fill_cmdline(struct boot_fill *fill, const char *text, size_t bytes)
{
	const char *end = memchr(text, 0, bytes);
	size_t length = end ? (size_t)(end - text) : bytes;
	struct boot_info *out = fill->out;

	out->cmdline_cut = length > CMDLINE_MAX;
	out->cmdline_cut_behind_word = out->cmdline_cut && text[CMDLINE_MAX] == ' ';
	out->cmdline_bytes = MIN(length, (size_t)CMDLINE_MAX);
	memcpy(out->cmdline, text, out->cmdline_bytes);
	out->cmdline[out->cmdline_bytes] = '\0';
	return end != NULL;
}

__init enum error boot_fill_memory(struct boot_fill *fill, paddr_t start, uint64_t bytes, enum memory_kind kind)
{
	switch (memory_map_add(&fill->out->memory, start, bytes, kind)) {
	case OK:
		return OK;
	case ERR_FULL:
		return boot_refuse(fill, "more than %d memory ranges", MEMORY_RANGES_MAX);
	default:
		return boot_refuse(fill, "memory range at 0x%lx, 0x%lx bytes, ends beyond 2^48", start, bytes);
	}
}

__init enum memory_kind boot_memory_kind(uint32_t e820_type)
{
	switch (e820_type) {
	case 1:
		return MEMORY_USABLE;
	case 3:
		return MEMORY_ACPI;
	default: /* reserved, ACPI NVS, bad RAM, and whatever was invented since */
		return MEMORY_RESERVED;
	}
}

__init enum error boot_fill_keep(struct boot_fill *fill, paddr_t start, paddr_t end, const char *what, bool must_be_ram)
{
	if (end < start)
		return boot_refuse(fill, "%s ends at 0x%lx, before its start 0x%lx", what, end, start);
	if (end == start)
		return OK;
	if (fill->kept_count == BOOT_KEPT_MAX)
		return boot_refuse(fill, "more than %d areas handed over", BOOT_KEPT_MAX);
	fill->kept[fill->kept_count++] = (struct boot_kept){ start, end, what, must_be_ram };
	return OK;
}

__init enum error boot_fill_initrd(struct boot_fill *fill, paddr_t start, paddr_t end)
{
	struct boot_info *out = fill->out;

	if (out->initrd_start == out->initrd_end && start < end) {
		out->initrd_start = start;
		out->initrd_end = end;
	}
	return boot_fill_keep(fill, start, end, "initrd or module", true);
}

/* Marks those pages of a kept area that are usable RAM; a loader may also leave things in reserved memory. */
static __init enum error area_mark(struct boot_fill *fill, const struct memory_map *before,
                                   const struct boot_kept *kept)
{
	paddr_t first = ALIGN_DOWN(kept->start, PAGE_SIZE);

	for (unsigned i = 0; i < before->count; i++) {
		const struct memory_range *ram = &before->ranges[i];

		if (ram->kind != MEMORY_USABLE || ram->end <= first || ram->start >= kept->end)
			continue;
		if (memory_map_reserve(&fill->out->memory, MAX(ram->start, first), MIN(ram->end, kept->end),
		                       MEMORY_BOOT) != OK)
			return boot_refuse(fill, "more than %d memory ranges", MEMORY_RANGES_MAX);
	}
	return OK;
}

static __init enum error map_finish(struct boot_fill *fill)
{
	switch (memory_map_finish(&fill->out->memory)) {
	case OK:
		return OK;
	case ERR_FULL:
		return boot_refuse(fill, "more than %d memory ranges", MEMORY_RANGES_MAX);
	default:
		return boot_refuse(fill, "no usable memory in the memory map");
	}
}

__init enum error boot_fill_finish(struct boot_fill *fill)
{
	static __initdata struct memory_map before;
	enum error error = map_finish(fill);

	if (error != OK)
		return error;
	before = fill->out->memory;
	for (unsigned i = 0; i < fill->kept_count; i++) {
		const struct boot_kept *kept = &fill->kept[i];

		if (kept->must_be_ram && !memory_map_is(&before, kept->start, kept->end, MEMORY_USABLE))
			return boot_refuse(fill, "%s at 0x%lx to 0x%lx is not in usable memory", kept->what,
			                   kept->start, kept->end);
		error = area_mark(fill, &before, kept);
		if (error != OK)
			return error;
	}
	return map_finish(fill);
}
