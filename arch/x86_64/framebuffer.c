/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/framebuffer.c: text on a linear framebuffer, for a machine booted by UEFI, which has no text screen.
 * 80 × 25 cells in the middle of the picture, each dot as large as fits. The framebuffer is written, never read: that
 * would be slow, and kernel/log.c knows what stands there. Any context; the caller orders writers.
 */
#include "framebuffer.h"

#include <amber/annotate.h>
#include <amber/string.h>

#define FIRST_CHARACTER 0x20
#define SCALE_MAX       4
#define GREY            0xaaaaaau
#define BLACK           0x000000u
#define WHITE           0xffffffu
#define RED             0xaa0000u

/* The colours of one kind of text as they stand in memory. */
struct colours {
	uint32_t text, ground;
};

static struct boot_framebuffer screen __ro_after_init;
static volatile uint8_t *pixels __ro_after_init; /* NULL until it is mapped */
static uint32_t scale __ro_after_init;
static uint64_t text_at __ro_after_init; /* offset of the first cell's first dot */
static struct colours styles[3] __ro_after_init; /* by enum screen_style */

static __init uint32_t colour(uint32_t rgb)
{
	uint32_t red = rgb >> 16, green = (rgb >> 8) & 0xff, blue = rgb & 0xff;

	return (red >> (8 - screen.red_bits)) << screen.red_at | (green >> (8 - screen.green_bits)) << screen.green_at |
	       (blue >> (8 - screen.blue_bits)) << screen.blue_at;
}

__init void framebuffer_learn(const struct boot_framebuffer *found)
{
	uint32_t width = FRAMEBUFFER_COLUMNS * GLYPH_COLUMNS, height = FRAMEBUFFER_ROWS * GLYPH_ROWS;

	screen = *found;
	scale = MIN(MIN(screen.width / width, screen.height / height), (uint32_t)SCALE_MAX);
	text_at = (uint64_t)((screen.height - height * scale) / 2) * screen.pitch +
	          (uint64_t)((screen.width - width * scale) / 2) * screen.pixel_bytes;
	styles[SCREEN_ORDINARY] = (struct colours){ colour(GREY), colour(BLACK) };
	styles[SCREEN_HIGHLIGHT] = (struct colours){ colour(WHITE), colour(RED) };
	styles[SCREEN_REVERSED] = (struct colours){ colour(BLACK), colour(GREY) };
}

__init void framebuffer_start(void *mapped)
{
	uint64_t bytes = (uint64_t)screen.pitch * screen.height, i;

	pixels = mapped;
	/* Whatever firmware and loader left, also outside the text. */
	for (i = 0; i + sizeof(uint64_t) <= bytes; i += sizeof(uint64_t))
		*(volatile uint64_t *)(pixels + i) = 0;
	for (; i < bytes; i++)
		pixels[i] = 0;
}

bool framebuffer_is_on(void)
{
	return pixels;
}

/* One row of a glyph's dots, widened, as bytes of pixels. */
static void make_line(uint8_t *line, uint8_t dots, const struct colours *colours)
{
	for (unsigned column = 0; column < GLYPH_COLUMNS; column++) {
		uint32_t pixel = dots & (0x80 >> column) ? colours->text : colours->ground;

		for (uint32_t i = 0; i < scale; i++, line += screen.pixel_bytes)
			memcpy(line, &pixel, screen.pixel_bytes);
	}
}

void framebuffer_put(unsigned column, unsigned row, char c, enum screen_style style)
{
	uint64_t line[GLYPH_COLUMNS * SCALE_MAX * sizeof(uint32_t) / sizeof(uint64_t)];
	uint32_t words = GLYPH_COLUMNS * scale * screen.pixel_bytes / sizeof(uint64_t); /* 8 dots: always whole ones */
	unsigned glyph = (unsigned)(uint8_t)c - FIRST_CHARACTER;
	volatile uint8_t *to;

	if (!pixels || column >= FRAMEBUFFER_COLUMNS || row >= FRAMEBUFFER_ROWS || glyph >= GLYPH_COUNT)
		return;
	to = pixels + text_at + (uint64_t)row * GLYPH_ROWS * scale * screen.pitch +
	     (uint64_t)column * words * sizeof(uint64_t);
	for (unsigned y = 0; y < GLYPH_ROWS * scale; y++, to += screen.pitch) {
		if (y % scale == 0)
			make_line((uint8_t *)line, screen_font[glyph][y / scale], &styles[style]);
		for (uint32_t i = 0; i < words; i++) {
			struct unaligned {
				uint64_t word;
			} __packed;

			((volatile struct unaligned *)to)[i].word = line[i];
		}
	}
}
