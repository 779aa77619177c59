/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/cpio_test.c: archives as the build makes them, as `find . | cpio` makes them, and damaged ones.
 *
 * sources: kernel/cpio.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <amber/error.h>

#include "cpio.h"

#define HEAD 110

static char archive[4096];
static size_t length;

static void begin(void)
{
	length = 0;
	memset(archive, 0, sizeof(archive));
}

static void add_mode(unsigned mode, const char *name, const char *data)
{
	unsigned bytes = (unsigned)strlen(data), name_bytes = (unsigned)strlen(name) + 1;
	char head[HEAD + 1];

	snprintf(head, sizeof(head), "070701%08X%08x%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1, mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0,
	         name_bytes, 0);
	memcpy(archive + length, head, HEAD);
	memcpy(archive + length + HEAD, name, name_bytes);
	length = (length + HEAD + name_bytes + 3ul) & ~3ul;
	memcpy(archive + length, data, bytes);
	length = (length + bytes + 3ul) & ~3ul;
}

static void add(const char *name, const char *data)
{
	add_mode(0100644, name, data);
}

static void finish(void)
{
	add_mode(0, "TRAILER!!!", "");
}

/* In a block of exactly that size, so that a read behind it is seen. */
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

static const char *check(size_t bytes, unsigned *files)
{
	char *copy = malloc(bytes);
	const char *why;

	memcpy(copy, archive, bytes);
	why = cpio_check(copy, bytes, files);
	free(copy);
	return why;
}

static void three_files(void)
{
	begin();
	add("hello", "abc");
	add("a-longer_name.elf", "12345678");
	add("empty", "");
	finish();
}

static void test_good(void **state)
{
	struct cpio_member member;
	unsigned files;

	(void)state;
	three_files();
	assert_null(check(length, &files));
	assert_int_equal(files, 3);
	assert_int_equal(find(archive, length, "hello", 5, &member), OK);
	assert_int_equal(member.bytes, 3);
	assert_memory_equal(member.data, "abc", 3);
	assert_int_equal(find(archive, length, "a-longer_name.elf", 17, &member), OK);
	assert_memory_equal(member.data, "12345678", 8);
	assert_int_equal(find(archive, length, "empty", 5, &member), OK);
	assert_int_equal(member.bytes, 0);
}

static void test_not_found(void **state)
{
	struct cpio_member member;

	(void)state;
	three_files();
	static const char *const names[] = { "hell", "hello2", "", "TRAILER!!!", "HELLO" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(find(archive, length, names[i], strlen(names[i]), &member), ERR_NOT_FOUND);
	assert_int_equal(find(NULL, 0, "hello", 5, &member), ERR_NOT_FOUND);
}

static void test_as_find_writes_it(void **state)
{
	struct cpio_member member;
	unsigned files;

	(void)state;
	begin();
	add_mode(040755, ".", "");
	add("./hello", "abc");
	add_mode(0120777, "./link", "hello");
	add("./", "");
	finish();
	length += 512; /* zeros up to a block */
	assert_null(check(length, &files));
	assert_int_equal(files, 2);
	assert_int_equal(find(archive, length, "hello", 5, &member), OK);
	assert_int_equal(find(archive, length, "link", 4, &member), ERR_NOT_FOUND);
	assert_int_equal(find(archive, length, "./", 2, &member), OK);
}

static void test_cut_anywhere(void **state)
{
	unsigned files;

	(void)state;
	three_files();
	/* The last member ends with the 0 of its name; what fills it up may be missing. */
	for (size_t bytes = 0; bytes < length - 3; bytes++)
		assert_non_null(check(bytes, &files));
	assert_null(check(length, &files));
}

static void complains(size_t at, const char *bytes, const char *why)
{
	unsigned files;

	three_files();
	memcpy(archive + at, bytes, strlen(bytes));
	assert_string_equal(check(length, &files), why);
}

static void test_damaged(void **state)
{
	size_t second = HEAD + 6 + 4;
	unsigned files;

	(void)state;
	complains(0, "070702", "it is no cpio archive (newc)");
	complains(5, "7", "it is no cpio archive (newc)");
	complains(second, "x", "a file's head is damaged");
	complains(6 + 8 * 1, "0000000g", "a file's head has a bad number");
	complains(6 + 8 * 6, " ", "a file's head has a bad number");
	complains(6 + 8 * 6, "ffffffff", "a file ends behind it");
	complains(6 + 8 * 11, "FFFFFFFF", "a file's name ends behind it");
	complains(6 + 8 * 11, "00000000", "a file's name ends behind it");
	complains(6 + 8 * 11, "00000005", "a file's name has no end");
	complains(6 + 8 * 11, "00000008", "a file's name has no end");
	assert_string_equal(check(3, &files), "it is too short");
	begin();
	add("hello", "abc");
	assert_string_equal(check(length, &files), "it has no end mark");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),         cmocka_unit_test(test_not_found), cmocka_unit_test(test_as_find_writes_it),
		cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
