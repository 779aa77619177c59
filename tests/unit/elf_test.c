/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/elf_test.c: which programs the kernel loads, and why not the others.
 *
 * sources: kernel/elf.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "elf.h"
#include </usr/include/elf.h> /* the host's, for its names; <elf.h> is the kernel's here */

#define MACHINE EM_X86_64

static struct {
	Elf64_Ehdr head;
	Elf64_Phdr segments[12];
	uint8_t data[10000];
} file;
static struct elf_program program;
static const char *why;

/* Text, constants, data with a .bss: what the build makes. */
static void make(void)
{
	memset(&file, 0, sizeof(file));
	memcpy(file.head.e_ident, ELFMAG, SELFMAG);
	file.head.e_ident[EI_CLASS] = ELFCLASS64;
	file.head.e_ident[EI_DATA] = ELFDATA2LSB;
	file.head.e_ident[EI_VERSION] = EV_CURRENT;
	file.head.e_type = ET_EXEC;
	file.head.e_machine = MACHINE;
	file.head.e_entry = 0x400010;
	file.head.e_phoff = sizeof(file.head);
	file.head.e_phentsize = sizeof(Elf64_Phdr);
	file.head.e_phnum = 4;
	file.segments[0] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_X, offsetof(typeof(file), data), 0x400000, 0, 5000, 5000, 4096 };
	file.segments[1] = (Elf64_Phdr){ PT_NOTE, PF_R, 0, 1, 2, 3, 4, 5 };
	file.segments[2] = (Elf64_Phdr){ PT_LOAD, PF_R, offsetof(typeof(file), data) + 5000, 0x402000, 0, 4096, 4096, 4096 };
	file.segments[3] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_W, offsetof(typeof(file), data) + 9096, 0x403000, 0, 1, 4097, 4096 };
}

/* In a block of exactly that size, so that a read behind it is seen. */
static enum error check(size_t bytes)
{
	uint8_t *copy = malloc(bytes);
	enum error error;

	memcpy(copy, &file, bytes);
	error = elf_check(copy, bytes, MACHINE, &program, &why);
	assert_true((error == OK) == (why == NULL));
	free(copy);
	return error;
}

static void complains(const char *text)
{
	assert_int_equal(check(sizeof(file)), ERR_INVALID);
	assert_string_equal(why, text);
}

static void test_good(void **state)
{
	(void)state;
	make();
	assert_int_equal(elf_check((const uint8_t *)&file, sizeof(file), MACHINE, &program, &why), OK);
	assert_int_equal(program.entry, 0x400010);
	assert_int_equal(program.segment_count, 3);
	assert_int_equal(program.segments[0].pages, 2);
	assert_int_equal(program.segments[0].perms, MAP_READ | MAP_EXECUTE);
	assert_ptr_equal(program.segments[0].data, file.data);
	assert_int_equal(program.segments[0].data_bytes, 5000);
	assert_int_equal(program.segments[1].start, 0x402000);
	assert_int_equal(program.segments[1].pages, 1);
	assert_int_equal(program.segments[1].perms, MAP_READ);
	assert_int_equal(program.segments[2].pages, 2);
	assert_int_equal(program.segments[2].perms, MAP_READ | MAP_WRITE);
	assert_int_equal(program.segments[2].data_bytes, 1);
}

static void test_empty_segments_are_passed_over(void **state)
{
	(void)state;
	make();
	file.segments[2] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W };
	assert_int_equal(check(sizeof(file)), OK);
	assert_int_equal(program.segment_count, 2);
}

static void test_head(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 7; i++) {
		make();
		file.head.e_ident[i]++;
		complains("no 64-bit little-endian ELF file");
	}
	make();
	file.head.e_type = ET_DYN;
	complains("not a static executable");
	make();
	file.head.e_machine = EM_AARCH64;
	assert_int_equal(check(sizeof(file)), ERR_UNSUPPORTED);
	assert_string_equal(why, "made for another machine");
	static const struct { uint16_t bytes, count; } wrong[] = { { 55, 4 }, { 57, 4 }, { 0, 4 }, { 56, 0 }, { 56, 65 }, { 56, 0xffff } };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		make();
		file.head.e_phentsize = wrong[i].bytes;
		file.head.e_phnum = wrong[i].count;
		complains("the number or the size of its segments' heads is wrong");
	}
	static const uint64_t places[] = { sizeof(file), sizeof(file) - 4 * 56 + 1, UINT64_MAX, UINT64_MAX - 223, 1ull << 63 };
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		make();
		file.head.e_phoff = places[i];
		complains("its segments' heads lie behind its end");
	}
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	make();
	for (size_t bytes = 0; bytes < offsetof(typeof(file), data) + 9097; bytes++)
		assert_int_equal(check(bytes), ERR_INVALID);
	assert_int_equal(check(offsetof(typeof(file), data) + 9097), OK);
}

static void test_kinds_of_segments(void **state)
{
	(void)state;
	static const uint32_t refused[] = { PT_DYNAMIC, PT_INTERP, PT_TLS };
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		make();
		file.segments[1].p_type = refused[i];
		complains("not a static executable");
	}
	static const uint32_t ignored[] = { PT_NULL, PT_NOTE, PT_PHDR, PT_GNU_STACK, 0x70000003 };
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
		make();
		file.segments[1].p_type = ignored[i];
		assert_int_equal(check(sizeof(file)), OK);
	}
	make();
	file.head.e_phnum = 12;
	for (unsigned i = 3; i < 12; i++)
		file.segments[i] = (Elf64_Phdr){ PT_LOAD, PF_R, 0, 0x500000 + i * 4096, 0, 1, 1, 1 };
	complains("too many segments");
}

static void test_one_segment(void **state)
{
	(void)state;
	static const struct {
		uint64_t offset, start, file_bytes, memory_bytes;
		uint32_t flags;
		const char *why;
	} cases[] = {
		{ 0, 0x403000, 1, 1, PF_R | PF_W | PF_X, "a segment is writable and executable" },
		{ 0, 0x403000, 1, 1, PF_X, "a segment can't be read" },
		{ 0, 0x403000, 1, 1, 0, "a segment can't be read" },
		{ 0, 0x403000, 2, 1, PF_R, "a segment has more data than memory" },
		{ 0, 0x403008, 1, 1, PF_R, "a segment doesn't start on a page" },
		{ 8, 0x403008, 1, 1, PF_R, "a segment doesn't start on a page" },
		{ sizeof(file), 0x403000, 1, 1, PF_R, "a segment's data lie behind its end" },
		{ UINT64_MAX, 0x403000, 1, 1, PF_R, "a segment's data lie behind its end" },
		{ UINT64_MAX, 0x403000, 0, 1, PF_R, "a segment's data lie behind its end" },
		{ 16, 0x403000, UINT64_MAX - 15, UINT64_MAX, PF_R, "a segment's data lie behind its end" },
		{ 0, 0x1ff000, 0, 1, PF_R, "a segment lies outside the user half" },
		{ 0, 0, 0, 1, PF_R, "a segment lies outside the user half" },
		{ 0, USER_END, 0, 1, PF_R, "a segment lies outside the user half" },
		{ 0, USER_END - 4096, 0, 4097, PF_R, "a segment lies outside the user half" },
		{ 0, 0xffffffff80200000, 0, 1, PF_R, "a segment lies outside the user half" },
		{ 0, 0x403000, 0, UINT64_MAX, PF_R, "a segment lies outside the user half" },
		{ 0, 0x403000, 0, 32768 * 4096ull + 1, PF_R, "a segment is too large" },
		{ 0, 0x402000, 0, 1, PF_R, "two segments share a page" },
		{ 0, 0x401000, 0, 1, PF_R, "two segments share a page" },
		{ 0, 0x3ff000, 0, 4097, PF_R, "two segments share a page" },
		{ 0, 0x200000, 0, 4 << 20, PF_R, "two segments share a page" },
		{ 0, 0x403000, 0, 32768 * 4096ull, PF_R, NULL },
		{ 0, 0x200000, 0, 2 << 20, PF_R, NULL },
		{ 0, USER_END - 4096, 0, 4096, PF_R, NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make();
		file.segments[3] = (Elf64_Phdr){ PT_LOAD, cases[i].flags, cases[i].offset, cases[i].start, 0, cases[i].file_bytes,
		                                 cases[i].memory_bytes, 1 };
		if (cases[i].why)
			complains(cases[i].why);
		else
			assert_int_equal(check(sizeof(file)), OK);
	}
}

static void test_entry(void **state)
{
	(void)state;
	static const uint64_t wrong[] = { 0, 0x3fffff, 0x402000, 0x403000, 0xffffffff80200000, UINT64_MAX };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		make();
		file.head.e_entry = wrong[i];
		complains("its entry is not in an executable segment");
	}
	make();
	file.head.e_entry = 0x401fff;
	assert_int_equal(check(sizeof(file)), OK);
	make();
	file.head.e_phnum = 2;
	file.segments[0].p_type = PT_NOTE;
	complains("its entry is not in an executable segment");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),        cmocka_unit_test(test_empty_segments_are_passed_over),
		cmocka_unit_test(test_head),        cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_kinds_of_segments), cmocka_unit_test(test_one_segment), cmocka_unit_test(test_entry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
