/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/json_test.c: what the JSON writer writes, to the byte, and that it stays inside its buffer.
 *
 * sources: kernel/json.c kernel/format.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <amber/json.h>

static char buf[512];
static struct json json;

static void start(void)
{
	memset(buf, '#', sizeof(buf));
	json_start(&json, buf, sizeof(buf));
}

static void expect(const char *text)
{
	json_finish(&json);
	assert_false(json.overflow);
	assert_string_equal(buf, text);
	assert_int_equal(json.length, strlen(text));
}

static void test_empty(void **state)
{
	(void)state;
	start();
	expect("{}");
}

static void test_values(void **state)
{
	(void)state;
	const uint8_t data[] = { 0x00, 0xed, 0xa1, 0x5e };

	start();
	json_text(&json, "event", "seal");
	json_number(&json, "n", 0);
	json_number(&json, "max", UINT64_MAX);
	json_address(&json, "addr", 0xffffffff80200000);
	json_address(&json, "zero", 0);
	json_bytes(&json, "old", data, sizeof(data));
	json_bytes(&json, "none", data, 0);
	json_bool(&json, "yes", true);
	json_bool(&json, "no", false);
	json_null(&json, "size");
	json_text(&json, "thread", NULL);
	expect("{\"event\":\"seal\",\"n\":0,\"max\":18446744073709551615,\"addr\":\"0xffffffff80200000\","
	       "\"zero\":\"0x0000000000000000\",\"old\":\"00eda15e\",\"none\":\"\",\"yes\":true,\"no\":false,\"size\":"
	       "null,"
	       "\"thread\":null}");
}

static void test_nesting(void **state)
{
	(void)state;
	start();
	json_list_begin(&json, "empty");
	json_list_end(&json);
	json_list_begin(&json, "asked");
	json_text(&json, NULL, "same: the store changes data");
	json_text(&json, NULL, "ignore");
	json_number(&json, NULL, 7);
	json_null(&json, NULL);
	json_list_end(&json);
	json_object_begin(&json, "by_verdict");
	json_number(&json, "panic", 1);
	json_object_begin(&json, "inner");
	json_object_end(&json);
	json_object_end(&json);
	json_number(&json, "last", 1);
	expect("{\"empty\":[],\"asked\":[\"same: the store changes data\",\"ignore\",7,null],"
	       "\"by_verdict\":{\"panic\":1,\"inner\":{}},\"last\":1}");
}

static void test_escapes(void **state)
{
	(void)state;
	start();
	json_text(&json, "t", "a\"b\\c\n\t\x1f\x7f\x80\xff~ /'");
	expect("{\"t\":\"a\\\"b\\\\c\\u000a\\u0009\\u001f\\u007f\\u0080\\u00ff~ /'\"}");
}

static void write_some(struct json *to)
{
	json_text(to, "event", "violation");
	json_list_begin(to, "list");
	json_number(to, NULL, 12345);
	json_address(to, NULL, 0x1000);
	json_text(to, NULL, "\n");
	json_list_end(to);
}

static void test_every_buffer_size(void **state)
{
	(void)state;
	size_t needed;

	start();
	write_some(&json);
	json_finish(&json);
	needed = json.length + 1;
	for (size_t bytes = 0; bytes < needed + 3; bytes++) {
		memset(buf, '#', sizeof(buf));
		json_start(&json, buf, bytes);
		write_some(&json);
		json_finish(&json);
		assert_int_equal(json.overflow, bytes < needed);
		for (size_t i = bytes; i < sizeof(buf); i++)
			assert_int_equal(buf[i], '#');
		if (bytes > 0)
			assert_true(memchr(buf, 0, bytes) != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_every_buffer_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
