/* SPDX-License-Identifier: MIT */
/* multiboot2.h: the pure half of boot/multiboot2.c, for the host tests. Init code. */
#ifndef AMBER_MULTIBOOT2_H
#define AMBER_MULTIBOOT2_H

#include <amber/annotate.h>
#include <amber/boot_info.h>
#include <amber/error.h>
#include <amber/types.h>

/* Reads the boot information at physical address `info`. Physical address p is readable at memory + p
 * for p < memory_bytes. On an error `why` says what is wrong; *out has what was read before, the command
 * line always, if it can be read at all. */
enum error multiboot2_parse(const void *memory, uint64_t memory_bytes, paddr_t info, struct boot_info *out,
                            char *why, size_t why_bytes) __must_check;

/* boot/multiboot2_screen.c: the framebuffer tag, of `bytes` bytes (at least its own header): fills in text_screen or
 * framebuffer, or says in framebuffer_refused what is wrong. */
void multiboot2_screen_read(const uint8_t *tag, uint32_t bytes, struct boot_info *out);
/* The memory map is finished: a framebuffer in RAM is refused. */
void multiboot2_screen_check_memory(struct boot_info *out);

#endif
