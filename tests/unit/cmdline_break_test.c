/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/cmdline_break_test.c: break=, which only the broken kernel knows, and its list of names.
 *
 * sources: tests/unit/fake_kernel.c kernel/cmdline.c kernel/cmdline_words.c kernel/cmdline_options.c kernel/broken.c kernel/inject_parse.c kernel/format.c kernel/policy/chain.c kernel/chain_parse.c kernel/policy/panic.c
 * flags: -I arch/x86_64 -DAMBER_BREAK -Wl,-T,tests/unit/host_sets.ld
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch.h"
#include "cmdline_fixture.h"
#include "fake_kernel.h"
#include <amber/broken.h>

struct options options;
const char arch_name[] = "x86_64";

static void test_names(void **state)
{
	(void)state;
	parse("break=alias");
	assert_string_equal(complaints, "");
	assert_int_equal(parsed.broken, 1u << BROKEN_ALIAS);
	assert_false(parsed.break_list);
	parse("break=alias,arena,gate-check,core-class,wp,wx,init,dry-run,shootdown,probe,apic,smep,smap,fixup,fastpath");
	assert_string_equal(complaints, "");
	assert_int_equal(parsed.broken, ((1u << BROKEN_COUNT) - 1) & ~(1u << BROKEN_ASID | 1u << BROKEN_FWCFG | 1u << BROKEN_PAN));
	parse("");
	assert_int_equal(parsed.broken, 0);
}

static void test_list(void **state)
{
	(void)state;
	parse("break=list");
	assert_string_equal(complaints, "");
	assert_true(parsed.break_list);
	assert_int_equal(parsed.broken, 0);
	fake_log_clear();
	broken_list_print();
	assert_non_null(strstr(fake_log_text, "break: alias: "));
	assert_non_null(strstr(fake_log_text, "break: dry-run: "));
	assert_non_null(strstr(fake_log_text, "break: apic: "));
	assert_null(strstr(fake_log_text, "asid"));
	assert_null(strstr(fake_log_text, "fwcfg"));
}

static void test_errors(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "foo", "alias,", ",alias", "alias,foo", "alias,list", "Alias", "asid", "fwcfg" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[64];
		snprintf(text, sizeof(text), "break=%s", bad[i]);
		parse(text);
		assert_int_equal(complaint_count, 1);
		assert_non_null(strstr(complaints, "(break=list shows them); nothing is left out"));
		assert_int_equal(parsed.broken, 0);
		assert_false(parsed.break_list);
	}
}

static void test_last_wins(void **state)
{
	(void)state;
	parse("break=list break=wp");
	assert_int_equal(complaint_count, 1);
	assert_false(parsed.break_list);
	assert_int_equal(parsed.broken, 1u << BROKEN_WP);
}

static void test_texts(void **state)
{
	(void)state;
	for (unsigned what = 0; what < BROKEN_COUNT; what++) {
		assert_string_not_equal(broken_text((enum broken)what), "unknown");
		options.broken = 1u << what;
		assert_true(is_broken((enum broken)what));
		assert_false(is_broken((enum broken)((what + 1) % BROKEN_COUNT)));
	}
	assert_string_equal(broken_text(BROKEN_GATE_CHECK), "gate-check");
	assert_string_equal(broken_text(BROKEN_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),     cmocka_unit_test(test_list),  cmocka_unit_test(test_errors),
		cmocka_unit_test(test_last_wins), cmocka_unit_test(test_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
