/* SPDX-License-Identifier: MIT */
/*
 * kernel/format.c: the kernel's snprintf and other small text functions. Any context; allocates nothing,
 * reads only its arguments, never writes behind the buffer. Also compiled on the host.
 */
#include <amber/string.h>

#include <amber/error.h>

#define DIGITS_MAX 20 /* 2^64 - 1 in decimal */

struct output {
	char *buf;
	size_t bytes;  /* of buf, with the final 0 */
	size_t length; /* wanted so far, perhaps more than fits */
};

struct spec {
	bool left, zero, has_precision;
	size_t width, precision;
	unsigned longs; /* l, ll, z: 1 or more = 64 bits */
	unsigned shorts; /* h = 1, hh = 2 */
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->bytes)
		out->buf[out->length] = c;
	out->length++;
}

static void put_many(struct output *out, char c, size_t count)
{
	while (count-- > 0)
		put(out, c);
}

/* prefix ("-", "0x" or "") stands before padding zeros but behind padding blanks. */
static void put_field(struct output *out, const struct spec *spec, const char *prefix, const char *text, size_t length)
{
	size_t prefix_length = prefix[0] ? (prefix[1] ? 2 : 1) : 0;
	size_t padding = spec->width > length + prefix_length ? spec->width - length - prefix_length : 0;

	if (!spec->left && !spec->zero)
		put_many(out, ' ', padding);
	while (*prefix)
		put(out, *prefix++);
	if (!spec->left && spec->zero)
		put_many(out, '0', padding);
	while (length-- > 0)
		put(out, *text++);
	if (spec->left)
		put_many(out, ' ', padding);
}

static void put_number(struct output *out, const struct spec *spec, uint64_t value, unsigned base, const char *prefix)
{
	char digits[DIGITS_MAX];
	size_t at = DIGITS_MAX;

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put_field(out, spec, prefix, digits + at, DIGITS_MAX - at);
}

static void put_text(struct output *out, struct spec *spec, const char *text)
{
	size_t length = 0;

	if (!text)
		text = "(null)";
	while ((!spec->has_precision || length < spec->precision) && text[length])
		length++;
	spec->zero = false;
	put_field(out, spec, "", text, length);
}

static size_t parse_number(const char **fmt)
{
	size_t number = 0;

	while (**fmt >= '0' && **fmt <= '9')
		number = number * 10 + (size_t)(*(*fmt)++ - '0');
	return number;
}

/* What has stood between % and the conversion; a pointer to the va_list, as it goes on behind. */
static struct spec parse_spec(const char **fmt, va_list *args)
{
	struct spec spec = { 0 };

	for (; **fmt == '-' || **fmt == '0'; (*fmt)++) {
		spec.left |= **fmt == '-';
		spec.zero |= **fmt == '0';
	}
	if (**fmt == '*') {
		int width = va_arg(*args, int);
		spec.left |= width < 0;
		spec.width = (size_t)(width < 0 ? -(int64_t)width : width);
		(*fmt)++;
	} else {
		spec.width = parse_number(fmt);
	}
	if (**fmt == '.') {
		(*fmt)++;
		spec.has_precision = true;
		if (**fmt == '*') {
			int precision = va_arg(*args, int);
			spec.has_precision = precision >= 0; /* as in C: negative = none */
			spec.precision = spec.has_precision ? (size_t)precision : 0;
			(*fmt)++;
		} else {
			spec.precision = parse_number(fmt);
		}
	}
	for (; **fmt == 'l' || **fmt == 'z' || **fmt == 'h'; (*fmt)++) {
		if (**fmt == 'h')
			spec.shorts++;
		else
			spec.longs++;
	}
	return spec;
}

static void put_signed(struct output *out, const struct spec *spec, va_list *args)
{
	int64_t value = spec->longs ? va_arg(*args, int64_t) : va_arg(*args, int);

	if (spec->shorts)
		value = spec->shorts == 1 ? (int16_t)value : (int8_t)value;
	put_number(out, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0 ? "-" : "");
}

static void put_unsigned(struct output *out, const struct spec *spec, va_list *args, unsigned base)
{
	uint64_t value = spec->longs ? va_arg(*args, uint64_t) : va_arg(*args, unsigned);

	if (spec->shorts)
		value = spec->shorts == 1 ? (uint16_t)value : (uint8_t)value;
	put_number(out, spec, value, base, "");
}

static void put_conversion(struct output *out, char conversion, struct spec *spec, va_list *args)
{
	char c;

	switch (conversion) {
	case 'd':
	case 'i':
		put_signed(out, spec, args);
		return;
	case 'u':
		put_unsigned(out, spec, args, 10);
		return;
	case 'x':
		put_unsigned(out, spec, args, 16);
		return;
	case 'p':
		put_number(out, spec, (uintptr_t)va_arg(*args, void *), 16, "0x");
		return;
	case 's':
		put_text(out, spec, va_arg(*args, const char *));
		return;
	case 'c':
		c = (char)va_arg(*args, int);
		spec->zero = false;
		put_field(out, spec, "", &c, 1);
		return;
	case '%':
		put(out, '%');
		return;
	default: /* not one of ours: show it rather than guess at its argument */
		put(out, '%');
		put(out, conversion);
	}
}

int format_args(char *buf, size_t bytes, const char *fmt, va_list args)
{
	struct output out = { .buf = buf, .bytes = bytes };
	va_list rest;

	va_copy(rest, args);
	while (*fmt) {
		if (*fmt != '%') {
			put(&out, *fmt++);
			continue;
		}
		fmt++;
		struct spec spec = parse_spec(&fmt, &rest);
		if (!*fmt)
			break;
		put_conversion(&out, *fmt++, &spec, &rest);
	}
	va_end(rest);
	if (bytes > 0)
		buf[MIN(out.length, bytes - 1)] = '\0';
	return (int)out.length;
}

int format(char *buf, size_t bytes, const char *fmt, ...)
{
	va_list args;
	int length;

	va_start(args, fmt);
	length = format_args(buf, bytes, fmt, args);
	va_end(args);
	return length;
}

bool copy_text(char *dst, size_t bytes, const char *src)
{
	size_t length = 0;

	if (bytes == 0)
		return false;
	while (length + 1 < bytes && src[length]) {
		dst[length] = src[length];
		length++;
	}
	dst[length] = '\0';
	return src[length] == '\0';
}

const char *error_text(enum error error)
{
	switch (error) {
	case OK:
		return "ok";
	case ERR_INVALID:
		return "invalid argument";
	case ERR_RANGE:
		return "out of range";
	case ERR_NO_MEMORY:
		return "out of memory";
	case ERR_DENIED:
		return "denied";
	case ERR_NOT_FOUND:
		return "not found";
	case ERR_AMBIGUOUS:
		return "ambiguous";
	case ERR_NOT_MAPPED:
		return "not mapped";
	case ERR_UNSUPPORTED:
		return "not supported";
	case ERR_FULL:
		return "table full";
	case ERR_HARDWARE:
		return "hardware does not answer";
	case ERR_BUSY:
		return "busy";
	case ERR_OPEN:
		return "not sealed any more";
	case ERR_HANDLE:
		return "no such handle";
	case ERR_TYPE:
		return "a handle to another kind of object";
	case ERR_RIGHTS:
		return "the handle lacks a right";
	case ERR_GONE:
		return "the other side is gone";
	case ERR_TIMEOUT:
		return "timed out";
	case ERR_SEALED:
		return "sealed";
	case ERR_COUNT:
		break;
	}
	return "unknown error";
}
