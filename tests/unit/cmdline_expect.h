/* SPDX-License-Identifier: MIT */
/* tests/unit/cmdline_expect.h: cmocka checks on top of cmdline_fixture.h. */
#ifndef AMBER_TESTS_CMDLINE_EXPECT_H
#define AMBER_TESTS_CMDLINE_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmdline_fixture.h"

#define DEFAULT_CHAIN parsed_chains.chains[0].text

/* The line is fine. */
static void good(const char *text)
{
	parse(text);
	assert_string_equal(complaints, "");
}

/* The line has exactly this complaint (several: each ends with \n but the last). */
static void complains(const char *text, const char *complaint)
{
	parse(text);
	assert_true(complaint_count > 0);
	complaints[strlen(complaints) - 1] = '\0';
	assert_string_equal(complaints, complaint);
}

#endif
