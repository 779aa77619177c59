/* SPDX-License-Identifier: MIT */
/*
 * boot/multiboot2_screen.c: the framebuffer tag (Multiboot2 Specification 2.0, §3.6.12): a text screen, or a linear
 * framebuffer of direct colours.
 *
 * In:      one tag, untrusted: its address would be mapped writable, so each field is checked.
 * Out:     boot_info: text_screen or framebuffer; else framebuffer_refused says why there is none.
 * Context: init code on the boot stack; pure, also compiled on the host.
 */
#include "multiboot2.h"

#include <amber/string.h>

#define TYPE_RGB         1
#define TYPE_EGA_TEXT    2
#define TEXT_SCREEN_ADDR 0xb8000

/* 80 × 25 cells of 8 × 16 pixels; the most that is worth mapping. */
#define WIDTH_MIN  640
#define HEIGHT_MIN 400
#define SIDE_MAX   8192
#define BYTES_MAX  MIB(64)
#define PHYS_END   (1ull << 48)

/* The specification's drawing has one reserved byte; its header file and every loader have two. */
struct tag_framebuffer {
	uint32_t tag_type, tag_size;
	uint64_t addr;
	uint32_t pitch, width, height;
	uint8_t bits, type, reserved[2];
	uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits; /* TYPE_RGB only */
} __packed;

#define BYTES_COMMON 31 /* what every type has, by either reading */

static __init __printf(2, 3) void refuse(struct boot_info *out, const char *fmt, ...)
{
	int used = format(out->framebuffer_refused, sizeof(out->framebuffer_refused), "framebuffer: ");
	va_list args;

	va_start(args, fmt);
	format_args(out->framebuffer_refused + used, sizeof(out->framebuffer_refused) - (size_t)used, fmt, args);
	va_end(args);
	out->framebuffer.pixel_bytes = 0;
}

/* The bits of a colour in a pixel; 0 if they don't lie in it, or are more than the 8 that a colour has here. */
static __init uint32_t colour_mask(uint8_t at, uint8_t bits, uint8_t pixel_bits)
{
	if (bits == 0 || bits > 8 || at > pixel_bits || bits > pixel_bits - at)
		return 0;
	return ((1u << bits) - 1) << at;
}

static __init bool colours_fit(const struct tag_framebuffer *tag)
{
	uint32_t red = colour_mask(tag->red_at, tag->red_bits, tag->bits);
	uint32_t green = colour_mask(tag->green_at, tag->green_bits, tag->bits);
	uint32_t blue = colour_mask(tag->blue_at, tag->blue_bits, tag->bits);

	return red && green && blue && !(red & green) && !(red & blue) && !(green & blue);
}

static __init bool geometry_fits(const struct tag_framebuffer *tag, struct boot_info *out)
{
	uint64_t bytes = (uint64_t)tag->pitch * tag->height;

	if (tag->width < WIDTH_MIN || tag->height < HEIGHT_MIN || tag->width > SIDE_MAX || tag->height > SIDE_MAX)
		refuse(out, "%u x %u pixels: not between %u x %u and %u x %u", tag->width, tag->height, WIDTH_MIN, HEIGHT_MIN,
		       SIDE_MAX, SIDE_MAX);
	else if (tag->bits != 32 && tag->bits != 24)
		refuse(out, "%u bits per pixel, neither 32 nor 24", tag->bits);
	else if (tag->pitch < (uint64_t)tag->width * (tag->bits / 8))
		refuse(out, "rows of %u bytes don't hold %u pixels of %u bits", tag->pitch, tag->width, tag->bits);
	else if (bytes > BYTES_MAX)
		refuse(out, "%llu bytes are absurd", (unsigned long long)bytes);
	else if (tag->addr == 0 || (tag->addr & PAGE_MASK) || tag->addr >= PHYS_END || bytes > PHYS_END - tag->addr)
		refuse(out, "0x%llx, %llu bytes: no pages of memory", (unsigned long long)tag->addr, (unsigned long long)bytes);
	else
		return true;
	return false;
}

static __init void read_rgb(const struct tag_framebuffer *tag, uint32_t bytes, struct boot_info *out)
{
	if (bytes < sizeof(*tag)) {
		refuse(out, "a tag of %u bytes has no colours", bytes);
		return;
	}
	if (!geometry_fits(tag, out))
		return;
	if (!colours_fit(tag)) {
		refuse(out, "colours %u+%u, %u+%u, %u+%u don't fit %u bits", tag->red_at, tag->red_bits, tag->green_at,
		       tag->green_bits, tag->blue_at, tag->blue_bits, tag->bits);
		return;
	}
	out->framebuffer = (struct boot_framebuffer){
		.start = tag->addr, .pitch = tag->pitch, .width = tag->width, .height = tag->height,
		.pixel_bytes = tag->bits / 8, .red_at = tag->red_at, .green_at = tag->green_at, .blue_at = tag->blue_at,
		.red_bits = tag->red_bits, .green_bits = tag->green_bits, .blue_bits = tag->blue_bits,
	};
}

__init void multiboot2_screen_read(const uint8_t *tag, uint32_t bytes, struct boot_info *out)
{
	struct tag_framebuffer screen = { 0 };

	/* Of two tags the last one counts, whole. */
	out->text_screen = false;
	out->framebuffer = (struct boot_framebuffer){ 0 };
	out->framebuffer_refused[0] = '\0';
	if (bytes < BYTES_COMMON) {
		refuse(out, "a tag of %u bytes is too small", bytes);
		return;
	}
	memcpy(&screen, tag, MIN(bytes, (uint32_t)sizeof(screen)));
	if (screen.type == TYPE_RGB)
		read_rgb(&screen, bytes, out);
	else if (screen.type != TYPE_EGA_TEXT)
		refuse(out, "type %u is neither direct colours nor text", screen.type);
	else if (screen.addr != TEXT_SCREEN_ADDR || screen.width != 80 || screen.height != 25)
		refuse(out, "text of %u x %u at 0x%llx is not the usual screen", screen.width, screen.height,
		       (unsigned long long)screen.addr);
	else
		out->text_screen = true;
}

__init void multiboot2_screen_check_memory(struct boot_info *out)
{
	const struct boot_framebuffer *screen = &out->framebuffer;
	paddr_t end = screen->start + (uint64_t)screen->pitch * screen->height;

	if (!screen->pixel_bytes)
		return;
	for (unsigned i = 0; i < out->memory.count; i++) {
		const struct memory_range *range = &out->memory.ranges[i];

		/* What the firmware calls reserved need not be RAM: the device list is looked at later. */
		if (range->kind == MEMORY_RESERVED || range->end <= screen->start || range->start >= ALIGN_UP(end, PAGE_SIZE))
			continue;
		refuse(out, "0x%llx to 0x%llx lies in RAM", (unsigned long long)screen->start, (unsigned long long)end);
		return;
	}
}
