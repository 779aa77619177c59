/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/cpio_fuzz.c: random archives; the input is the archive. Whatever it is: every member lies inside, every one can be
 * found by its name, and what is called good ends with its end mark.
 *
 * sources: kernel/cpio.c
 */
#include "fuzz.h"

#include <amber/error.h>

#include "cpio.h"

#define END_BYTES (110 + sizeof("TRAILER!!!"))

/* The first file of that name. */
static enum error find(const void *data, size_t bytes, const char *name, size_t name_length, struct cpio_member *member)
{
	struct cpio archive_read;

	cpio_begin(&archive_read, data, bytes);
	while (cpio_next(&archive_read, member))
		if (member->name_length == name_length && memcmp(member->name, name, name_length) == 0)
			return OK;
	return ERR_NOT_FOUND;
}

static void check_member(const struct cpio_member *member, const uint8_t *data, size_t bytes)
{
	struct cpio_member found;

	REQUIRE((const uint8_t *)member->name >= data && (const uint8_t *)member->name + member->name_length < data + bytes);
	REQUIRE(member->name[member->name_length] == 0 && strlen(member->name) == member->name_length);
	REQUIRE(member->data >= data && member->bytes <= bytes && member->data + member->bytes <= data + bytes);
	REQUIRE(find(data, bytes, member->name, member->name_length, &found) == OK);
	REQUIRE(found.name_length == member->name_length && memcmp(found.name, member->name, found.name_length) == 0);
	REQUIRE(found.data <= member->data); /* the first of that name */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	uint8_t *block = take_block(&input, size, &size);
	struct cpio archive;
	struct cpio_member member;
	unsigned files, count = 0;
	const char *why = cpio_check(block, size, &files);

	cpio_begin(&archive, block, size);
	while (cpio_next(&archive, &member)) {
		check_member(&member, block, size);
		count++;
	}
	REQUIRE(count == files && archive.why == why);
	if (why)
		check_printable(why, 80);
	else
		REQUIRE(size >= END_BYTES);
	free(block);
	return 0;
}
