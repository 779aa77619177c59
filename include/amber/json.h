/* SPDX-License-Identifier: MIT */
/*
 * json.h: writes compact JSON into a buffer; the caller nests correctly, the writer sets commas and
 * escapes. Too small a buffer sets `overflow` and never writes past it. kernel/json.c; pure.
 */
#ifndef AMBER_JSON_H
#define AMBER_JSON_H

#include <amber/types.h>

struct json {
	char *buf;
	size_t bytes, length;
	bool needs_comma, overflow;
};

void json_start(struct json *json, char *buf, size_t bytes); /* writes { */
void json_finish(struct json *json);                         /* writes } and the final 0 */
/* key = NULL inside a list */
void json_text(struct json *json, const char *key, const char *text); /* NULL text = null; bytes outside 0x20–0x7e as \u00XX */
void json_number(struct json *json, const char *key, uint64_t value);
void json_address(struct json *json, const char *key, uint64_t value); /* "0x" + 16 digits */
void json_bytes(struct json *json, const char *key, const uint8_t *data, size_t bytes); /* lower-case hex text */
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
void json_list_begin(struct json *json, const char *key);
void json_list_end(struct json *json);
void json_object_begin(struct json *json, const char *key);
void json_object_end(struct json *json);

#endif
