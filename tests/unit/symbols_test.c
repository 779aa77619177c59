/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/symbols_test.c: addresses to names and back, over a small table of this test's own.
 *
 * sources: kernel/symbols.c kernel/format.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <amber/string.h>
#include <amber/symbols.h>

/* Offsets into symbol_names. */
enum { NONE = 0, ENTRY = 1, MAIN = 7, SEAL = 12, STATE = 17, EDGE = 23, BIG = 28, FILE_A = 32, FILE_B = 37 };
const char symbol_names[] = "\0entry\0main\0seal\0state\0edge\0big\0a.c\0\0b.c";

/* What symbol_hash makes of them, computed by tools/symbols.py. */
enum {
	HASH_ENTRY = 0x0872,
	HASH_MAIN = 0x05b9,
	HASH_SEAL = 0xcdfd,
	HASH_STATE = 0xc491,
	HASH_EDGE = 0x6dbd,
	HASH_BIG = 0x7d00,
};
#define FLAGS(kind, name) (SYMBOL_##kind | (uint32_t)HASH_##name << SYMBOL_HASH_SHIFT)

const struct symbol symbol_table[] = {
	{ 0x1000, 0, ENTRY, NONE, FLAGS(FUNCTION, ENTRY) },    /* assembly: reaches to the next */
	{ 0x1040, 0x20, MAIN, FILE_A, FLAGS(FUNCTION, MAIN) }, /* a gap behind it */
	{ 0x1080, 0x10, SEAL, FILE_B, FLAGS(FUNCTION, SEAL) },
	{ 0x2000, 0, EDGE, NONE, (uint32_t)HASH_EDGE << SYMBOL_HASH_SHIFT },
	{ 0x2000, 8, STATE, FILE_A, FLAGS(OBJECT, STATE) }, /* same start as the edge */
	{ 0x2008, 8, STATE, FILE_B, FLAGS(OBJECT, STATE) },
	{ 0x3000, 0x100, BIG, NONE, FLAGS(OBJECT, BIG) },
};
const uint32_t symbol_count = ARRAY_SIZE(symbol_table);

static void expect_at(vaddr_t addr, const char *text)
{
	char buf[64];

	assert_ptr_equal(symbol_format(addr, buf, sizeof(buf)), buf);
	assert_string_equal(buf, text);
}

static void test_at(void **state)
{
	(void)state;
	expect_at(0xfff, "0x0000000000000fff");
	expect_at(0x1000, "entry+0x0");
	expect_at(0x103f, "entry+0x3f");
	expect_at(0x1040, "main+0x0");
	expect_at(0x105f, "main+0x1f");
	expect_at(0x1060, "0x0000000000001060"); /* behind its size */
	expect_at(0x108f, "seal+0xf");
	expect_at(0x1090, "0x0000000000001090");
	expect_at(0x2000, "state+0x0"); /* the object, not the edge */
	expect_at(0x2007, "state+0x7");
	expect_at(0x200f, "state+0x7");
	expect_at(0x30ff, "big+0xff");
	expect_at(0x3100, "0x0000000000003100");
	expect_at(UINT64_MAX, "0xffffffffffffffff");
	expect_at(0, "0x0000000000000000");
	assert_null(symbol_at(0));
}

static void test_format_is_cut(void **state)
{
	(void)state;
	char buf[6];

	assert_string_equal(symbol_format(0x1041, buf, sizeof(buf)), "main+");
}

static enum error find(const char *name, const struct symbol **symbol, char *which, size_t bytes)
{
	*symbol = NULL;
	return symbol_find(name, strlen(name), symbol, which, bytes);
}

static void test_find(void **state)
{
	(void)state;
	const struct symbol *symbol;
	char which[64];

	assert_int_equal(find("main", &symbol, which, sizeof(which)), OK);
	assert_int_equal(symbol->start, 0x1040);
	assert_string_equal(which, "");
	assert_int_equal(find("a.c:main", &symbol, which, sizeof(which)), OK);
	assert_int_equal(symbol->start, 0x1040);
	assert_int_equal(find("entry", &symbol, which, sizeof(which)), OK);
	/* Only `length` bytes count. */
	assert_int_equal(symbol_find("mainly", 4, &symbol, which, sizeof(which)), OK);
	assert_int_equal(symbol->start, 0x1040);
	static const char *const unknown[] = { "",       "mai",     "mainx", "b.c:main", ":main",
					       "x:main", "a.cmain", "a.c:",  "ain",      ":entry" };
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		assert_int_equal(find(unknown[i], &symbol, which, sizeof(which)), ERR_NOT_FOUND);
		assert_null(symbol);
	}
}

static void test_hash(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < symbol_count; i++) {
		const char *name = symbol_name(&symbol_table[i]);

		assert_int_equal(symbol_table[i].flags >> SYMBOL_HASH_SHIFT, symbol_hash(name, strlen(name)));
	}
}

static void test_ambiguous(void **state)
{
	(void)state;
	const struct symbol *symbol;
	char which[64];

	assert_int_equal(find("state", &symbol, which, sizeof(which)), ERR_AMBIGUOUS);
	assert_string_equal(which, "a.c:state, b.c:state");
	assert_int_equal(find("b.c:state", &symbol, which, sizeof(which)), OK);
	assert_int_equal(symbol->start, 0x2008);
	for (size_t bytes = 0; bytes < 22; bytes++) {
		memset(which, '#', sizeof(which));
		assert_int_equal(find("state", &symbol, which, bytes), ERR_AMBIGUOUS);
		for (size_t i = bytes; i < sizeof(which); i++)
			assert_int_equal(which[i], '#');
	}
}

static void test_count(void **state)
{
	(void)state;
	assert_int_equal(symbol_count_in(0x2000, 0x3000), 2); /* the edge has no size */
	assert_int_equal(symbol_count_in(0x2001, 0x2008), 0);
	assert_int_equal(symbol_count_in(0x2008, 0x2009), 1);
	assert_int_equal(symbol_count_in(0, UINT64_MAX), 5);
	assert_int_equal(symbol_count_in(0x4000, 0x5000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at),        cmocka_unit_test(test_format_is_cut), cmocka_unit_test(test_find),
		cmocka_unit_test(test_ambiguous), cmocka_unit_test(test_count),         cmocka_unit_test(test_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
