/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/inject_parse_test.c: the value of inject=, every form, value, context and error.
 *
 * sources: kernel/cmdline.c kernel/cmdline_words.c kernel/cmdline_options.c kernel/inject_parse.c kernel/format.c kernel/policy/chain.c kernel/chain_parse.c kernel/policy/panic.c
 * flags: -Wl,-T,tests/unit/host_sets.ld
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmdline_fixture.h"

/* Parses inject=text with lab=on; the text has no quotes or spaces. */
static void inject(const char *text)
{
	static char line[4096];

	snprintf(line, sizeof(line), "lab=on inject=%s", text);
	parse(line);
	assert_true(parsed.has_inject);
	assert_true(parsed.lab);
}

static const struct injection *one(const char *text)
{
	inject(text);
	assert_string_equal(complaints, "");
	assert_false(parsed.inject_failed);
	assert_int_equal(parsed.injection_count, 1);
	return &parsed.injections[0];
}

static void fails(const char *text, const char *why)
{
	char expected[1024];

	inject(text);
	snprintf(expected, sizeof(expected), "cmdline: inject=%s: %s; nothing is injected\n", text, why);
	assert_string_equal(complaints, expected);
	assert_true(parsed.inject_failed);
	assert_int_equal(parsed.injection_count, 0);
}

static void test_forms(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum inject_form form;
		unsigned bytes;
		uint64_t largest;
	} forms[] = {
		{ "store1", INJECT_STORE1, 1, 0xff },         { "store2", INJECT_STORE2, 2, 0xffff },
		{ "store4", INJECT_STORE4, 4, 0xffffffff },   { "store8", INJECT_STORE8, 8, UINT64_MAX },
		{ "or", INJECT_OR, 8, UINT64_MAX },           { "swap", INJECT_SWAP, 8, UINT64_MAX },
		{ "cmpxchg", INJECT_CMPXCHG, 8, UINT64_MAX }, { "fill", INJECT_FILL, 64, UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		char text[96], why[128];
		snprintf(text, sizeof(text), "lab_sealed_word:%s:%llu", forms[i].name,
			 (unsigned long long)forms[i].largest);
		const struct injection *injection = one(text);
		assert_int_equal(injection->addr, 0x10000);
		assert_int_equal(injection->form, forms[i].form);
		assert_int_equal(injection->value, forms[i].largest);
		assert_int_equal(injection->context, CONTEXT_THREAD);
		assert_false(injection->same);
		assert_string_equal(injection->target, "lab_sealed_word");
		assert_int_equal(inject_form_bytes(forms[i].form), forms[i].bytes);
		assert_string_equal(inject_form_text(forms[i].form), forms[i].name);
		if (forms[i].largest == UINT64_MAX)
			continue;
		snprintf(text, sizeof(text), "lab_sealed_word:%s:0x%llx", forms[i].name,
			 (unsigned long long)forms[i].largest + 1);
		snprintf(why, sizeof(why), "value '0x%llx' does not fit into %s",
			 (unsigned long long)forms[i].largest + 1, forms[i].name);
		fails(text, why);
	}
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(one("lab_sealed_word:store8:0xdead")->value, 0xdead);
	assert_int_equal(one("lab_sealed_word:store8:0xDeAdBeEf")->value, 0xdeadbeef);
	assert_int_equal(one("lab_sealed_word:store8:0")->value, 0);
	assert_int_equal(one("lab_sealed_word:store8:007")->value, 7);
	assert_int_equal(one("lab_sealed_word:store8:0x00000000000000000001")->value, 1);
	assert_int_equal(one("lab_sealed_word:store8:0xffffffffffffffff")->value, UINT64_MAX);
	static const char *const bad[] = { "",
					   "0x",
					   "x1",
					   "-1",
					   "+1",
					   "1x",
					   "0X1",
					   "0xg",
					   "1 ",
					   "18446744073709551616",
					   "0x10000000000000000",
					   "Same",
					   "samex",
					   "1.5",
					   "0b1" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[96], why[128];
		if (strchr(bad[i], ' '))
			continue;
		snprintf(text, sizeof(text), "lab_sealed_word:store8:%s", bad[i]);
		snprintf(why, sizeof(why), "value '%s' is no number of up to 64 bits and not 'same'", bad[i]);
		fails(text, why);
	}
}

static void test_same(void **state)
{
	(void)state;
	static const char *const forms[] = { "store1", "store2", "store4", "store8", "or", "swap", "cmpxchg" };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		char text[64];
		snprintf(text, sizeof(text), "lab_sealed_word:%s:same", forms[i]);
		assert_true(one(text)->same);
	}
	fails("lab_sealed_word:fill:same", "fill has no value 'same'");
}

static void test_contexts(void **state)
{
	(void)state;
	assert_int_equal(one("lab_sealed_word:store8:1@thread")->context, CONTEXT_THREAD);
	assert_int_equal(one("lab_sealed_word:store8:1@irq")->context, CONTEXT_IRQ);
	assert_int_equal(one("lab_sealed_word:store8:same@commit")->context, CONTEXT_COMMIT);
	fails("lab_sealed_word:store8:1@", "unknown context '' (known: thread irq commit)");
	fails("lab_sealed_word:store8:1@init", "unknown context 'init' (known: thread irq commit)");
	fails("lab_sealed_word:store8:1@irqs", "unknown context 'irqs' (known: thread irq commit)");
	fails("lab_sealed_word:store8:1@irq@irq", "value '1@irq' is no number of up to 64 bits and not 'same'");
}

static void test_targets(void **state)
{
	(void)state;
	assert_int_equal(one("lab_sealed_page+8:store8:1")->addr, 0x11008);
	assert_int_equal(one("lab_sealed_page+0xffc:store8:1")->addr, 0x11ffc);
	assert_string_equal(parsed.injections[0].target, "lab_sealed_page+0xffc");
	assert_int_equal(one("lab_sealed_page+0x100000:store8:1")->addr, 0x111000); /* beyond it: a store is a store */
	assert_int_equal(one("seal.c:state:store4:1")->addr, 0x13000);
	assert_string_equal(parsed.injections[0].target, "seal.c:state");
	assert_int_equal(one("seal.c:state+2:store1:1")->addr, 0x13002);
	assert_int_equal(one("0x10:store1:1")->addr, 0x10);
	assert_int_equal(one("4096+0x10:store1:1")->addr, 0x1010);
	assert_int_equal(one("0xffffffff80200000:store1:1")->addr, 0xffffffff80200000);
	assert_int_equal(one("0xffffffffffffffff:store1:1")->addr, UINT64_MAX);
	assert_int_equal(one("0xfffffffffffffff0+15:store1:1")->addr, UINT64_MAX);
	assert_int_equal(one("kernel_main:store1:1")->addr, 0x1000); /* any symbol */
	fails("nobody:store1:1", "unknown symbol 'nobody'");
	fails("nobody+8:store1:1", "unknown symbol 'nobody'");
	fails("twin:store1:1", "'twin' is ambiguous (a.c:twin, b.c:twin)");
	fails("0xfffffffffffffff0+16:store1:1", "offset '16' leads beyond the last address");
	fails("last_byte+1:store1:1", "offset '1' leads beyond the last address");
	fails("0x10000000000000000:store1:1", "address '0x10000000000000000' is no number of up to 64 bits");
	fails("0x:store1:1", "address '0x' is no number of up to 64 bits");
	fails("12ab:store1:1", "address '12ab' is no number of up to 64 bits");
	fails(":store1:1", "a target is missing");
	fails("+8:store1:1", "a target is missing");
	fails("lab_sealed_page+:store1:1", "offset '' is no number of up to 64 bits");
	fails("lab_sealed_page+x:store1:1", "offset 'x' is no number of up to 64 bits");
	fails("lab_sealed_page+-8:store1:1", "offset '-8' is no number of up to 64 bits");
	fails("lab_sealed_page+8+8:store1:1", "unknown symbol 'lab_sealed_page+8'");
	fails("-1:store1:1", "unknown symbol '-1'");
}

static void test_syntax(void **state)
{
	(void)state;
	fails("", "'' is not TARGET[+OFF]:FORM:VALUE[@CONTEXT]");
	fails("lab_sealed_word", "'lab_sealed_word' is not TARGET[+OFF]:FORM:VALUE[@CONTEXT]");
	fails("lab_sealed_word:store8", "'lab_sealed_word:store8' is not TARGET[+OFF]:FORM:VALUE[@CONTEXT]");
	fails("lab_sealed_word:store8:1;", "'' is not TARGET[+OFF]:FORM:VALUE[@CONTEXT]");
	fails(";lab_sealed_word:store8:1", "'' is not TARGET[+OFF]:FORM:VALUE[@CONTEXT]");
	fails("lab_sealed_word:store8:1;;lab_sealed_word:store8:1", "'' is not TARGET[+OFF]:FORM:VALUE[@CONTEXT]");
	fails("lab_sealed_word:store3:1",
	      "unknown form 'store3' (known: store1 store2 store4 store8 or swap cmpxchg fill)");
	fails("lab_sealed_word:Store8:1",
	      "unknown form 'Store8' (known: store1 store2 store4 store8 or swap cmpxchg fill)");
	fails("lab_sealed_word::1", "unknown form '' (known: store1 store2 store4 store8 or swap cmpxchg fill)");
	fails("lab_sealed_word:store8:1:2",
	      "unknown form '1' (known: store1 store2 store4 store8 or swap cmpxchg fill)");
	fails("@irq", "'@irq' is not TARGET[+OFF]:FORM:VALUE[@CONTEXT]");
}

static void test_several(void **state)
{
	(void)state;
	inject("lab_sealed_word:store8:1;lab_sealed_page+4:fill:0x1ff@irq;lab_sealed_next:swap:same@commit");
	assert_string_equal(complaints, "");
	assert_int_equal(parsed.injection_count, 3);
	assert_int_equal(parsed.injections[1].addr, 0x11004);
	assert_int_equal(parsed.injections[1].form, INJECT_FILL);
	assert_int_equal(parsed.injections[1].value, 0x1ff); /* its low byte is the run's business */
	assert_int_equal(parsed.injections[1].context, CONTEXT_IRQ);
	assert_true(parsed.injections[2].same);
	assert_int_equal(parsed.injections[2].context, CONTEXT_COMMIT);
	assert_int_equal(parsed.injections[0].context, CONTEXT_THREAD);
	/* One bad one: none runs. */
	fails("lab_sealed_word:store8:1;lab_sealed_word:store1:256;lab_sealed_word:store8:3",
	      "value '256' does not fit into store1");
}

static void test_number_of_injections(void **state)
{
	(void)state;
	char text[1024] = "";

	for (unsigned i = 0; i < INJECTIONS_MAX; i++)
		sprintf(text + strlen(text), "%s%u:store1:1", i ? ";" : "", i);
	inject(text);
	assert_false(parsed.inject_failed);
	assert_int_equal(parsed.injection_count, INJECTIONS_MAX);
	assert_int_equal(parsed.injections[63].addr, 63);
	strcat(text, ";64:or:1");
	fails(text, "more than 64 injections");
}

static void test_long_texts(void **state)
{
	(void)state;
	char text[512];

	/* The target's text is cut for the report only. */
	memset(text, '0', sizeof(text));
	memcpy(text, "0x", 2);
	strcpy(text + 200, "1234:store1:1");
	assert_int_equal(one(text)->addr, 0x1234);
	assert_int_equal(strlen(parsed.injections[0].target), sizeof(parsed.injections[0].target) - 1);
	memset(text, 'n', 300);
	strcpy(text + 300, ":store1:1");
	inject(text);
	assert_true(parsed.inject_failed);
	assert_int_equal(complaint_count, 1);
}

static void test_quotes(void **state)
{
	(void)state;
	parse("lab=on \"inject=lab_sealed_word:store8:1;lab_sealed_word:store8:2\"");
	assert_string_equal(complaints, "");
	assert_int_equal(parsed.injection_count, 2);
	parse("lab=on inject=\"lab_sealed_word:store8:1; lab_sealed_word:store8:2\"");
	assert_string_equal(complaints, "cmdline: inject=lab_sealed_word:store8:1; lab_sealed_word:store8:2: "
					"unknown symbol ' lab_sealed_word'; nothing is injected\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),      cmocka_unit_test(test_values),
		cmocka_unit_test(test_same),       cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_targets),    cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_several),    cmocka_unit_test(test_number_of_injections),
		cmocka_unit_test(test_long_texts), cmocka_unit_test(test_quotes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
