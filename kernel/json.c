/* SPDX-License-Identifier: MIT */
/*
 * kernel/json.c: writes compact JSON into a buffer of the caller's. Any context; the only state is
 * struct json. Also compiled on the host.
 */
#include <amber/json.h>

#include <amber/string.h>

static void put(struct json *json, char c)
{
	/* One byte stays free for the final 0. */
	if (json->length + 1 < json->bytes)
		json->buf[json->length++] = c;
	else
		json->overflow = true;
}

static void put_literal(struct json *json, const char *text)
{
	while (*text)
		put(json, *text++);
}

static void put_hex(struct json *json, uint64_t value, unsigned digits)
{
	while (digits-- > 0)
		put(json, "0123456789abcdef"[value >> (4 * digits) & 15]);
}

static void put_quoted(struct json *json, const char *text)
{
	put(json, '"');
	for (; *text; text++) {
		uint8_t c = (uint8_t)*text;
		if (c < 0x20 || c > 0x7e) {
			put_literal(json, "\\u00");
			put_hex(json, c, 2);
			continue;
		}
		if (c == '"' || c == '\\')
			put(json, '\\');
		put(json, (char)c);
	}
	put(json, '"');
}

/* The comma and the key before a value. */
static void put_key(struct json *json, const char *key)
{
	if (json->needs_comma)
		put(json, ',');
	json->needs_comma = true;
	if (key) {
		put_quoted(json, key);
		put(json, ':');
	}
}

static void open_bracket(struct json *json, const char *key, char bracket)
{
	put_key(json, key);
	put(json, bracket);
	json->needs_comma = false;
}

static void close_bracket(struct json *json, char bracket)
{
	put(json, bracket);
	json->needs_comma = true;
}

void json_start(struct json *json, char *buf, size_t bytes)
{
	*json = (struct json){ .buf = buf, .bytes = bytes };
	put(json, '{');
}

void json_finish(struct json *json)
{
	put(json, '}');
	if (json->bytes > 0)
		json->buf[json->length] = '\0';
}

void json_text(struct json *json, const char *key, const char *text)
{
	if (!text) {
		json_null(json, key);
		return;
	}
	put_key(json, key);
	put_quoted(json, text);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	char digits[24];

	format(digits, sizeof(digits), "%llu", (unsigned long long)value);
	put_key(json, key);
	put_literal(json, digits);
}

void json_address(struct json *json, const char *key, uint64_t value)
{
	put_key(json, key);
	put_literal(json, "\"0x");
	put_hex(json, value, 16);
	put(json, '"');
}

void json_bytes(struct json *json, const char *key, const uint8_t *data, size_t bytes)
{
	put_key(json, key);
	put(json, '"');
	for (size_t i = 0; i < bytes; i++)
		put_hex(json, data[i], 2);
	put(json, '"');
}

void json_bool(struct json *json, const char *key, bool value)
{
	put_key(json, key);
	put_literal(json, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
	put_key(json, key);
	put_literal(json, "null");
}

void json_list_begin(struct json *json, const char *key)
{
	open_bracket(json, key, '[');
}

void json_list_end(struct json *json)
{
	close_bracket(json, ']');
}

void json_object_begin(struct json *json, const char *key)
{
	open_bracket(json, key, '{');
}

void json_object_end(struct json *json)
{
	close_bracket(json, '}');
}
