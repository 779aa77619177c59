/* SPDX-License-Identifier: MIT */
/* kernel/s3_stubs.c: stands in for what is not merged yet; goes away. */
#include "program.h"

enum error program_find(const char *name, size_t length, const uint8_t **elf, size_t *bytes)
{
	(void)name, (void)length, (void)elf, (void)bytes;
	return ERR_NOT_FOUND;
}

enum error program_load(struct space *space, const uint8_t *elf, size_t bytes, vaddr_t *entry)
{
	(void)space, (void)elf, (void)bytes, (void)entry;
	return ERR_UNSUPPORTED;
}
