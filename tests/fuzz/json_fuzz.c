/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/json_fuzz.c: random calls of the JSON writer, into a block of random size; what it wrote is read back and
 * compared. Input: the size in 2 bytes, then calls: one byte that says which, key, value.
 *
 * sources: kernel/json.c kernel/format.c
 */
#include "fuzz.h"

#include <amber/json.h>

#define CALLS_MAX 64
#define DEPTH_MAX 16
#define TEXT_ROOM 40
#define WHOLE     65536

enum call { TEXT, NO_TEXT, NUMBER, ADDRESS, BYTES, BOOL, NOTHING, LIST, OBJECT, CLOSE, CALL_KINDS };

static struct {
	enum call call;
	bool has_key, closes_list;
	char key[TEXT_ROOM], text[TEXT_ROOM];
	size_t bytes; /* of text */
	uint64_t number;
} calls[CALLS_MAX + DEPTH_MAX];
static unsigned call_count;

static size_t take_text(struct input *input, char *text)
{
	size_t length = take(input, 1) % TEXT_ROOM;

	memset(text, 0, TEXT_ROOM);
	return take_into(input, text, length);
}

/* Calls that nest correctly, as the writer demands: keys in objects only, what was opened is closed. */
static void take_calls(struct input *input)
{
	bool is_list[DEPTH_MAX] = { false };
	unsigned depth = 0;

	for (call_count = 0; call_count < CALLS_MAX && input->bytes > 0; call_count++) {
		typeof(&calls[0]) call = &calls[call_count];

		call->call = take(input, 1) % CALL_KINDS;
		if ((call->call == CLOSE && depth == 0) || (call->call != CLOSE && depth == DEPTH_MAX - 1))
			call->call = NOTHING;
		call->has_key = call->call != CLOSE && !is_list[depth];
		call->closes_list = is_list[depth];
		if (call->has_key)
			take_text(input, call->key);
		if (call->call == TEXT || call->call == BYTES)
			call->bytes = take_text(input, call->text);
		if (call->call == NUMBER || call->call == ADDRESS || call->call == BOOL)
			call->number = take(input, 8);
		if (call->call == LIST || call->call == OBJECT)
			is_list[++depth] = call->call == LIST;
		depth -= call->call == CLOSE;
	}
	for (; depth > 0; depth--, call_count++) {
		calls[call_count].call = CLOSE;
		calls[call_count].has_key = false;
		calls[call_count].closes_list = is_list[depth];
	}
}

static void make_call(struct json *json, unsigned index)
{
	typeof(&calls[0]) call = &calls[index];
	const char *key = call->has_key ? call->key : NULL;

	switch (call->call) {
	case TEXT:
		return json_text(json, key, call->text);
	case NO_TEXT:
		return json_text(json, key, NULL);
	case NUMBER:
		return json_number(json, key, call->number);
	case ADDRESS:
		return json_address(json, key, call->number);
	case BYTES:
		return json_bytes(json, key, (const uint8_t *)call->text, call->bytes);
	case BOOL:
		return json_bool(json, key, call->number & 1);
	case LIST:
		return json_list_begin(json, key);
	case OBJECT:
		return json_object_begin(json, key);
	case CLOSE:
		return call->closes_list ? json_list_end(json) : json_object_end(json);
	default:
		return json_null(json, key);
	}
}

static size_t write_all(char *block, size_t bytes, bool *overflow)
{
	struct json json;

	json_start(&json, block, bytes);
	for (unsigned i = 0; i < call_count; i++)
		make_call(&json, i);
	json_finish(&json);
	*overflow = json.overflow;
	return json.length;
}

/* --- reading it back ------------------------------------------------------------------------------------- */

static const char *at;

static void expect(const char *text)
{
	REQUIRE(strncmp(at, text, strlen(text)) == 0);
	at += strlen(text);
}

/* One character of a string, unescaped. */
static uint8_t read_character(void)
{
	unsigned value;

	if (*at != '\\') {
		REQUIRE(*at >= 0x20 && *at <= 0x7e && *at != '"');
		return (uint8_t)*at++;
	}
	at++;
	if (*at == '"' || *at == '\\')
		return (uint8_t)*at++;
	REQUIRE(strncmp(at, "u00", 3) == 0 && strspn(at + 3, "0123456789abcdef") >= 2);
	REQUIRE(sscanf(at + 3, "%2x", &value) == 1 && (value < 0x20 || value > 0x7e));
	at += 5;
	return (uint8_t)value;
}

static void expect_string(const char *text)
{
	expect("\"");
	for (; *text; text++)
		REQUIRE(read_character() == (uint8_t)*text);
	expect("\"");
}

static void expect_value(unsigned index)
{
	typeof(&calls[0]) call = &calls[index];
	char text[2 * TEXT_ROOM + 3];

	switch (call->call) {
	case TEXT:
		return expect_string(call->text);
	case NUMBER:
		snprintf(text, sizeof(text), "%llu", (unsigned long long)call->number);
		return expect(text);
	case ADDRESS:
		snprintf(text, sizeof(text), "\"0x%016llx\"", (unsigned long long)call->number);
		return expect(text);
	case BYTES:
		expect("\"");
		for (size_t i = 0; i < call->bytes; i++) {
			snprintf(text, sizeof(text), "%02x", (uint8_t)call->text[i]);
			expect(text);
		}
		return expect("\"");
	case BOOL:
		return expect(call->number & 1 ? "true" : "false");
	case LIST:
		return expect("[");
	case OBJECT:
		return expect("{");
	case CLOSE:
		return expect(call->closes_list ? "]" : "}");
	default:
		return expect("null");
	}
}

static void read_back(const char *text)
{
	bool is_first = true;

	at = text;
	expect("{");
	for (unsigned i = 0; i < call_count; i++) {
		bool opens = calls[i].call == LIST || calls[i].call == OBJECT;

		if (!is_first && calls[i].call != CLOSE)
			expect(",");
		if (calls[i].has_key) {
			expect_string(calls[i].key);
			expect(":");
		}
		expect_value(i);
		is_first = opens;
	}
	expect("}");
	REQUIRE(*at == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char whole[WHOLE];
	struct input input = { data, size };
	size_t bytes = take(&input, 2) % 2048, length, needed;
	char *block = malloc(bytes);
	bool overflow, whole_overflow;

	take_calls(&input);
	memset(whole, 0xa5, sizeof(whole));
	needed = write_all(whole, sizeof(whole), &whole_overflow);
	REQUIRE(!whole_overflow && strlen(whole) == needed);
	read_back(whole);
	length = write_all(block, bytes, &overflow);
	REQUIRE(overflow == (needed + 1 > bytes));
	REQUIRE(length == (overflow ? MAX(bytes, (size_t)1) - 1 : needed));
	REQUIRE(bytes == 0 || (block[length] == '\0' && memcmp(block, whole, length) == 0));
	free(block);
	return 0;
}
