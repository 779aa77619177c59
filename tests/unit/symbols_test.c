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

/* Offsets into symbol_names: entry, main, seal, state, edge, big, a.c, b.c, then 70 times "e". \200 stands for "st", \201
 * for "e", \202 for ".c", \203 for ten times "e". */
enum { NONE = 0, ENTRY = 1, MAIN = 7, SEAL = 12, STATE = 17, EDGE = 22, BIG = 27, FILE_A = 31, FILE_B = 34, LONG = 37 };
const uint8_t symbol_names[] = "\0entry\0main\0s\201al\0\200at\201\0\201dge\0big\0a\202\0b\202\0"
			       "\203\203\203\203\203\203\203";
const uint16_t symbol_tokens[] = { 0, 3, 5, 8 };
const char symbol_token_texts[] = "st\0e\0.c\0eeeeeeeeee";
const uint16_t symbol_files[] = { NONE, FILE_A, FILE_B };
enum { FILE_UNKNOWN, IN_A, IN_B };

/* What symbol_hash makes of them, computed by tools/symbols.py. */
enum {
	HASH_ENTRY = 0x872, HASH_MAIN = 0x5b9, HASH_SEAL = 0xcdfd, HASH_STATE = 0xc491, HASH_EDGE = 0x6dbd, HASH_BIG = 0x7d00,
};

const struct symbol symbol_table[] = {
	{ 0x1000, 0, SYMBOL_FUNCTION, FILE_UNKNOWN, ENTRY, HASH_ENTRY }, /* assembly: reaches to the next */
	{ 0x1040, 0x20, SYMBOL_FUNCTION, IN_A, MAIN, HASH_MAIN },        /* a gap behind it */
	{ 0x1080, 0x10, SYMBOL_FUNCTION, IN_B, SEAL, HASH_SEAL },
	{ 0x2000, 0, 0, FILE_UNKNOWN, EDGE, HASH_EDGE },
	{ 0x2000, 8, SYMBOL_OBJECT, IN_A, STATE, HASH_STATE }, /* same start as the edge */
	{ 0x2008, 8, SYMBOL_OBJECT, IN_B, STATE, HASH_STATE },
	{ 0x3000, 0x100, SYMBOL_OBJECT, FILE_UNKNOWN, BIG, HASH_BIG },
	{ 0x80200000, 0x200000, SYMBOL_FUNCTION, FILE_UNKNOWN, MAIN, 0 }, /* where the kernel lies: the last 2 GiB */
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
	expect_at(0xffffffff80200000, "main+0x0");
	expect_at(0xffffffff803fffff, "main+0x1fffff");
	expect_at(0x80200000, "0x0000000080200000");
	expect_at(UINT64_MAX, "0xffffffffffffffff");
	expect_at(0, "0x0000000000000000");
	assert_null(symbol_at(0));
}

/* A call that never returns may be the last instruction: the return address is the next function's then. */
static void test_return_address(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(symbol_format_return(0x1040, buf, sizeof(buf)), "entry+0x40");
	assert_string_equal(symbol_format_return(0x1060, buf, sizeof(buf)), "main+0x20");
	assert_string_equal(symbol_format_return(0x1045, buf, sizeof(buf)), "main+0x5");
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
	assert_int_equal(symbol_start(symbol), 0x1040);
	assert_string_equal(which, "");
	assert_int_equal(find("a.c:main", &symbol, which, sizeof(which)), OK);
	assert_int_equal(symbol_start(symbol), 0x1040);
	assert_int_equal(find("entry", &symbol, which, sizeof(which)), OK);
	/* Only `length` bytes count. */
	assert_int_equal(symbol_find("mainly", 4, &symbol, which, sizeof(which)), OK);
	assert_int_equal(symbol_start(symbol), 0x1040);
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
	for (uint32_t i = 0; i + 1 < symbol_count; i++) {
		char name[SYMBOL_NAME_MAX];
		size_t length = symbol_name(&symbol_table[i], name);

		assert_int_equal(length, strlen(name));
		assert_int_equal(symbol_table[i].hash, symbol_hash(name, length));
	}
}

/* A name that is too long (the tool refuses to make one) is cut, not written behind the buffer. */
static void test_name_is_cut(void **state)
{
	static const struct symbol symbol = { .name = LONG };
	struct {
		char name[SYMBOL_NAME_MAX];
		char behind[16];
	} buf;

	(void)state;
	memset(&buf, '#', sizeof(buf));
	assert_int_equal(symbol_name(&symbol, buf.name), SYMBOL_NAME_MAX - 1);
	assert_int_equal(strspn(buf.name, "e"), SYMBOL_NAME_MAX - 1);
	for (size_t i = 0; i < sizeof(buf.behind); i++)
		assert_int_equal(buf.behind[i], '#');
}

static void test_ambiguous(void **state)
{
	(void)state;
	const struct symbol *symbol;
	char which[64];

	assert_int_equal(find("state", &symbol, which, sizeof(which)), ERR_AMBIGUOUS);
	assert_string_equal(which, "a.c:state, b.c:state");
	assert_int_equal(find("b.c:state", &symbol, which, sizeof(which)), OK);
	assert_int_equal(symbol_start(symbol), 0x2008);
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
	assert_int_equal(symbol_count_in(0, 0x5000), 5);
	assert_int_equal(symbol_count_in(0, UINT64_MAX), 6);
	assert_int_equal(symbol_count_in(0x4000, 0x5000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at), cmocka_unit_test(test_return_address),        cmocka_unit_test(test_format_is_cut), cmocka_unit_test(test_find),
		cmocka_unit_test(test_ambiguous), cmocka_unit_test(test_count),         cmocka_unit_test(test_hash),
		cmocka_unit_test(test_name_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
