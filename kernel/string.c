/* SPDX-License-Identifier: MIT */
/*
 * kernel/string.c: memory and string functions of the C library. Copies and fills go by 8-byte words
 * where the pointers allow it, because costs are counted in instructions. Any context; relies on nothing,
 * never linked on the host. The empty asm in the loops keeps the compiler from recognising a loop as
 * memcpy or memset and replacing it by a call to itself.
 */
#include <amber/string.h>

#include <amber/words.h>

#define WORD_BYTES     sizeof(word_t)
#define HIDE(pointer)  asm("" : "+r"(pointer))

static bool is_word_aligned(const void *p)
{
	return ((uintptr_t)p & (WORD_BYTES - 1)) == 0;
}

/* Can both pointers be brought to a word edge by the same number of bytes? */
static bool have_same_phase(const void *a, const void *b)
{
	return (((uintptr_t)a ^ (uintptr_t)b) & (WORD_BYTES - 1)) == 0;
}

static void copy_forward(uint8_t *dst, const uint8_t *src, size_t bytes)
{
	if (have_same_phase(dst, src)) {
		for (; bytes > 0 && !is_word_aligned(dst); bytes--) {
			*dst++ = *src++;
			HIDE(dst);
		}
		for (; bytes >= 8 * WORD_BYTES; bytes -= 8 * WORD_BYTES) {
			words_copy_8((word_t *)dst, (const word_t *)src);
			dst += 8 * WORD_BYTES;
			src += 8 * WORD_BYTES;
			HIDE(dst);
		}
		for (; bytes >= WORD_BYTES; bytes -= WORD_BYTES) {
			*(word_t *)dst = *(const word_t *)src;
			dst += WORD_BYTES;
			src += WORD_BYTES;
			HIDE(dst);
		}
	}
	for (; bytes > 0; bytes--) {
		*dst++ = *src++;
		HIDE(dst);
	}
}

static void copy_backward(uint8_t *dst, const uint8_t *src, size_t bytes)
{
	dst += bytes;
	src += bytes;
	if (have_same_phase(dst, src)) {
		for (; bytes > 0 && !is_word_aligned(dst); bytes--) {
			*--dst = *--src;
			HIDE(dst);
		}
		for (; bytes >= WORD_BYTES; bytes -= WORD_BYTES) {
			dst -= WORD_BYTES;
			src -= WORD_BYTES;
			*(word_t *)dst = *(const word_t *)src;
			HIDE(dst);
		}
	}
	for (; bytes > 0; bytes--) {
		*--dst = *--src;
		HIDE(dst);
	}
}

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes)
{
	copy_forward(dst, src, bytes);
	return dst;
}

void *memmove(void *dst, const void *src, size_t bytes)
{
	/* Unsigned distance: also true if dst lies below src. */
	if ((uintptr_t)dst - (uintptr_t)src >= bytes)
		copy_forward(dst, src, bytes);
	else
		copy_backward(dst, src, bytes);
	return dst;
}

void *memset(void *dst, int value, size_t bytes)
{
	uint8_t *to = dst;
	word_t pattern = (uint8_t)value * 0x0101010101010101ull;

	for (; bytes > 0 && !is_word_aligned(to); bytes--) {
		*to++ = (uint8_t)value;
		HIDE(to);
	}
	for (; bytes >= 8 * WORD_BYTES; bytes -= 8 * WORD_BYTES) {
		word_t *words = (word_t *)to;

		words[0] = words[1] = words[2] = words[3] = pattern;
		words[4] = words[5] = words[6] = words[7] = pattern;
		to += 8 * WORD_BYTES;
		HIDE(to);
	}
	for (; bytes >= WORD_BYTES; bytes -= WORD_BYTES) {
		*(word_t *)to = pattern;
		to += WORD_BYTES;
		HIDE(to);
	}
	for (; bytes > 0; bytes--) {
		*to++ = (uint8_t)value;
		HIDE(to);
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *left = a, *right = b;

	if (have_same_phase(left, right) && is_word_aligned(left)) {
		/* Stops before the first word that differs: its bytes decide below. */
		while (bytes >= WORD_BYTES && *(const word_t *)left == *(const word_t *)right) {
			left += WORD_BYTES;
			right += WORD_BYTES;
			bytes -= WORD_BYTES;
		}
	}
	for (; bytes > 0; bytes--, left++, right++) {
		if (*left != *right)
			return *left - *right;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t bytes)
{
	for (const uint8_t *p = s; bytes > 0; bytes--, p++) {
		if (*p == (uint8_t)c)
			return (void *)(uintptr_t)p;
	}
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p) {
		p++;
		HIDE(p);
	}
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t length = 0;

	while (length < max && s[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max > 0; max--, a++, b++) {
		if (*a != *b)
			return (uint8_t)*a - (uint8_t)*b;
		if (!*a)
			break;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)(uintptr_t)found;
	}
}
