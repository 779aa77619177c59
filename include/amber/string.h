/* SPDX-License-Identifier: MIT */
/* string.h: the part of the C library that a freestanding kernel needs. kernel/string.c, kernel/format.c; any context. */
#ifndef AMBER_STRING_H
#define AMBER_STRING_H

#include <amber/annotate.h>
#include <amber/types.h>
#include <stdarg.h>

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

/* Formats like the C library's snprintf: %d %u %x %p %c %s %%, flags 0 and -, width, precision for
 * strings (also *), h hh l ll z. Always ends with a 0; returns the length it would have needed. */
int format(char *buf, size_t bytes, const char *fmt, ...) __printf(3, 4);
int format_args(char *buf, size_t bytes, const char *fmt, va_list args);
/* Copies at most bytes - 1 characters and ends with a 0; returns false if it was cut. */
bool copy_text(char *dst, size_t bytes, const char *src);

#endif
