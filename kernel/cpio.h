/* SPDX-License-Identifier: MIT */
/*
 * kernel/cpio.h: reading archives of programs: cpio, "newc" (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
 * Pure, any context; nothing is copied: members point into the archive.
 */
#ifndef AMBER_CPIO_H
#define AMBER_CPIO_H

#include <amber/annotate.h>
#include <amber/types.h>

struct cpio {
	const uint8_t *data;
	size_t bytes, at;
	const char *why; /* what is wrong with it; NULL: nothing so far */
};

struct cpio_member {
	const char *name; /* without "./" in front; no 0 inside */
	size_t name_length;
	const uint8_t *data;
	size_t bytes;
};

void cpio_begin(struct cpio *archive, const void *data, size_t bytes);
/* The next ordinary file; false: that was all, or the archive is bad (why). */
bool cpio_next(struct cpio *archive, struct cpio_member *member) __must_check;
/* Reads all of it: the number of files, or what is wrong. */
const char *cpio_check(const void *data, size_t bytes, unsigned *files) __must_check;

#endif
