/* SPDX-License-Identifier: MIT */
/*
 * kernel/place.c: a sealed object has two addresses; the name follows from the frame, so both give the same one.
 * Any context.
 */
#include "place.h"

#include <amber/string.h>
#include <amber/symbols.h>

#include "frame.h"
#include "kernel_map.h"

static bool is_in_image(paddr_t paddr)
{
	return paddr >= arch_image_phys && paddr < image_phys_end();
}

bool place_is_known(paddr_t paddr)
{
	enum frame_type type = frame_type_at(paddr);

	return frame_is_arena(type) || type == FRAME_USER_SEALED || (is_in_image(paddr) && symbol_at(image_of_phys(paddr)));
}

const char *place_format(paddr_t paddr, vaddr_t addr, char *buf, size_t bytes)
{
	enum frame_type type = frame_type_at(paddr);

	if (frame_is_arena(type)) {
		format(buf, bytes, "arena:%s+0x%lx", frame_type_text(type), (unsigned long)(paddr & PAGE_MASK));
		return buf;
	}
	if (type == FRAME_USER_SEALED) { /* a program's: its names are not known here */
		format(buf, bytes, "user:sealed+0x%lx", (unsigned long)(paddr & PAGE_MASK));
		return buf;
	}
	if (is_in_image(paddr))
		return symbol_format(image_of_phys(paddr), buf, bytes);
	return symbol_format(addr, buf, bytes);
}
