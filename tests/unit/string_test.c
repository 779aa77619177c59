/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/string_test.c: the kernel's mem* and str* against the C library's, over all alignments. They
 * are compiled into this file under other names, because the host has its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <amber/string.h>

#define memcpy  amber_memcpy
#define memmove amber_memmove
#define memset  amber_memset
#define memcmp  amber_memcmp
#define memchr  amber_memchr
#define strlen  amber_strlen
#define strnlen amber_strnlen
#define strcmp  amber_strcmp
#define strncmp amber_strncmp
#define strchr  amber_strchr
#define strrchr amber_strrchr
void *memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void *memmove(void *dst, const void *src, size_t bytes);
void *memset(void *dst, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *s, int c, size_t bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#include "string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

#define AREA 192

static uint8_t ours[AREA], theirs[AREA], source[AREA];

static void fill(void)
{
	for (size_t i = 0; i < AREA; i++) {
		ours[i] = theirs[i] = (uint8_t)(i * 7 + 1);
		source[i] = (uint8_t)(i * 13 + 5);
	}
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void test_memcpy(void **state)
{
	(void)state;
	for (size_t to = 0; to < 9; to++)
		for (size_t from = 0; from < 9; from++)
			for (size_t bytes = 0; bytes < 80; bytes++) {
				fill();
				assert_ptr_equal(amber_memcpy(ours + to, source + from, bytes), ours + to);
				memcpy(theirs + to, source + from, bytes);
				assert_memory_equal(ours, theirs, AREA);
			}
}

static void test_memmove(void **state)
{
	(void)state;
	for (size_t to = 0; to < 50; to++)
		for (size_t from = 0; from < 50; from += 1 + to % 3)
			for (size_t bytes = 0; bytes < 90; bytes += 1 + from % 2) {
				fill();
				assert_ptr_equal(amber_memmove(ours + to, ours + from, bytes), ours + to);
				memmove(theirs + to, theirs + from, bytes);
				assert_memory_equal(ours, theirs, AREA);
			}
}

static void test_memset(void **state)
{
	(void)state;
	for (size_t to = 0; to < 9; to++)
		for (size_t bytes = 0; bytes < 100; bytes++) {
			fill();
			assert_ptr_equal(amber_memset(ours + to, 0x1a5, bytes), ours + to);
			memset(theirs + to, 0x1a5, bytes);
			assert_memory_equal(ours, theirs, AREA);
		}
}

static void test_memcmp(void **state)
{
	(void)state;
	for (size_t a = 0; a < 9; a++)
		for (size_t bytes = 0; bytes < 40; bytes++)
			for (size_t at = 0; at <= bytes; at++) {
				fill();
				memcpy(ours + a, source + 8, bytes);
				assert_int_equal(amber_memcmp(ours + a, source + 8, bytes), 0);
				ours[a + at] ^= 0x80; /* at == bytes: just behind */
				assert_int_equal(sign(amber_memcmp(ours + a, source + 8, bytes)),
						 sign(memcmp(ours + a, source + 8, bytes)));
			}
}

/* Exact allocations: the address sanitizer sees a read behind the end. */
static void test_nothing_is_read_behind_the_end(void **state)
{
	(void)state;
	for (size_t bytes = 1; bytes < 70; bytes++) {
		uint8_t *a = malloc(bytes), *b = malloc(bytes);
		amber_memset(a, 3, bytes);
		amber_memcpy(b, a, bytes);
		amber_memmove(a, b, bytes);
		assert_int_equal(amber_memcmp(a, b, bytes), 0);
		assert_null(amber_memchr(a, 4, bytes));
		assert_int_equal(amber_strnlen((char *)a, bytes), bytes);
		free(a);
		free(b);
	}
}

static void test_text(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "a", "b", "ab", "abc", "abd", "ab\xff", "amber", "ambers" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(amber_strlen(texts[i]), strlen(texts[i]));
		for (int c = 0; c < 256; c++) {
			assert_ptr_equal(amber_strchr(texts[i], c), strchr(texts[i], c));
			assert_ptr_equal(amber_strrchr(texts[i], c), strrchr(texts[i], c));
			assert_ptr_equal(amber_memchr(texts[i], c, strlen(texts[i])),
					 memchr(texts[i], c, strlen(texts[i])));
		}
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
			assert_int_equal(sign(amber_strcmp(texts[i], texts[k])), sign(strcmp(texts[i], texts[k])));
			for (size_t n = 0; n < 8; n++)
				assert_int_equal(sign(amber_strncmp(texts[i], texts[k], n)),
						 sign(strncmp(texts[i], texts[k], n)));
		}
		for (size_t n = 0; n < 8; n++)
			assert_int_equal(amber_strnlen(texts[i], n), strnlen(texts[i], n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memcpy),
		cmocka_unit_test(test_memmove),
		cmocka_unit_test(test_memset),
		cmocka_unit_test(test_memcmp),
		cmocka_unit_test(test_nothing_is_read_behind_the_end),
		cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
