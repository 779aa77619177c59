/* SPDX-License-Identifier: MIT */
/*
 * kernel/cpio.c: a member is a head of 110 characters, all numbers in it 8 hexadecimal digits; its name with a 0 behind; its
 * data. Name and data are filled up to a multiple of 4. The member TRAILER!!! ends the archive. Only the numbers used are read.
 */
#include "cpio.h"

#include <amber/string.h>

#define HEAD_BYTES  110
#define MAGIC       "070701"
#define MAGIC_BYTES 6
#define FIELDS      13
#define END_NAME    "TRAILER!!!"
#define TYPE_MASK   0170000
#define TYPE_FILE   0100000

enum field { FIELD_MODE = 1, FIELD_BYTES = 6, FIELD_NAME_BYTES = 11 };

void cpio_begin(struct cpio *archive, const void *data, size_t bytes)
{
	*archive = (struct cpio){ .data = data, .bytes = bytes };
}

static bool bad(struct cpio *archive, const char *why)
{
	archive->why = why;
	return false;
}

static bool read_hex(const uint8_t *text, uint32_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < 8; i++) {
		uint8_t c = text[i];

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (c - '0' + 0u);
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			*value = *value << 4 | ((c | 0x20) - 'a' + 10u);
		else
			return false;
	}
	return true;
}

static bool read_head(struct cpio *archive, uint32_t fields[FIELDS])
{
	static const uint8_t used[] = { FIELD_MODE, FIELD_BYTES, FIELD_NAME_BYTES }; /* most of the way through an archive */
	const uint8_t *head = archive->data + archive->at;

	if (archive->bytes - archive->at < HEAD_BYTES)
		return bad(archive, archive->at ? "it has no end mark" : "it is too short");
	if (memcmp(head, MAGIC, MAGIC_BYTES) != 0)
		return bad(archive, archive->at ? "a file's head is damaged" : "it is no cpio archive (newc)");
	for (unsigned i = 0; i < ARRAY_SIZE(used); i++)
		if (!read_hex(head + MAGIC_BYTES + 8 * used[i], &fields[used[i]]))
			return bad(archive, "a file's head has a bad number");
	return true;
}

/* What follows the head; archive->at goes behind it. The archive itself may end without filling bytes. */
static bool read_body(struct cpio *archive, const uint32_t fields[FIELDS], struct cpio_member *member)
{
	size_t name_at = archive->at + HEAD_BYTES, name_bytes = fields[FIELD_NAME_BYTES];
	size_t data_at = ALIGN_UP(name_at + name_bytes, 4);
	const char *name = (const char *)archive->data + name_at;

	if (!name_bytes || name_bytes > archive->bytes - name_at)
		return bad(archive, "a file's name ends behind it");
	if (strnlen(name, name_bytes) != name_bytes - 1)
		return bad(archive, "a file's name has no end");
	if (data_at > archive->bytes || fields[FIELD_BYTES] > archive->bytes - data_at)
		return bad(archive, "a file ends behind it");
	*member = (struct cpio_member){ name, name_bytes - 1, archive->data + data_at, fields[FIELD_BYTES] };
	archive->at = MIN(ALIGN_UP(data_at + fields[FIELD_BYTES], 4), archive->bytes);
	return true;
}

static bool is_named(const struct cpio_member *member, const char *name, size_t length)
{
	return member->name_length == length && memcmp(member->name, name, length) == 0;
}

bool cpio_next(struct cpio *archive, struct cpio_member *member)
{
	uint32_t fields[FIELDS];

	do {
		if (archive->why || !read_head(archive, fields) || !read_body(archive, fields, member))
			return false;
		if (is_named(member, END_NAME, sizeof(END_NAME) - 1))
			return false;
	} while ((fields[FIELD_MODE] & TYPE_MASK) != TYPE_FILE);
	if (member->name_length > 2 && memcmp(member->name, "./", 2) == 0) { /* as `find . | cpio -o` writes them */
		member->name += 2;
		member->name_length -= 2;
	}
	return true;
}

const char *cpio_check(const void *data, size_t bytes, unsigned *files)
{
	struct cpio archive;
	struct cpio_member member;

	*files = 0;
	cpio_begin(&archive, data, bytes);
	while (cpio_next(&archive, &member))
		++*files;
	return archive.why;
}
