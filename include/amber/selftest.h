/* SPDX-License-Identifier: MIT */
/*
 * selftest.h: tests that run inside the kernel (test=PATTERN) and report as KTAP. One file per tested
 * file under kernel/selftest/. They run after the seal in a kernel thread.
 */
#ifndef AMBER_SELFTEST_H
#define AMBER_SELFTEST_H

#include <amber/linkerset.h>
#include <amber/types.h>

struct selftest_run {
	unsigned failures;
	const char *skip_reason; /* set by selftest_skip */
	unsigned variant;        /* SELFTEST_EACH: which one */
};

struct selftest {
	const char *name;
	void (*fn)(struct selftest_run *run);
	unsigned (*count)(void);                    /* NULL = one test, called `name` */
	const char *(*variant_name)(unsigned variant);
	bool ends_the_run; /* it stops the machine if all is well: only when asked for by its whole name */
};

SET_DECLARE(selftest, const struct selftest);
#define SELFTEST(function) \
	static const struct selftest selftest_##function = { #function, function, NULL, NULL, false }; \
	SET_ENTRY(selftest, const struct selftest, selftest_##function)

#define SELFTEST_ENDS_THE_RUN(function) \
	static const struct selftest selftest_##function = { #function, function, NULL, NULL, true }; \
	SET_ENTRY(selftest, const struct selftest, selftest_##function)

/* Runs the tests whose name matches (* = any text), prints KTAP version 1; the number of failures, -1 = no match.
 * kernel/selftest/ktap.c */
int selftest_run_matching(const char *pattern);
void selftest_fail(struct selftest_run *run, const char *fmt, ...) __printf(2, 3);
/* Skips the test where nothing is sealed (rodata=off): then it has nothing to attack. */
bool selftest_needs_seal(struct selftest_run *run);
void selftest_skip(struct selftest_run *run, const char *reason); /* only where the machine lacks what is tested */
/* `count()` tests called function_VARIANT, for a list that is known at run time only. */
#define SELFTEST_EACH(function, count, variant_name) \
	static const struct selftest selftest_##function = { #function, function, count, variant_name, false }; \
	SET_ENTRY(selftest, const struct selftest, selftest_##function)
#define EXPECT(run, condition) \
	do { \
		if (!(condition)) \
			selftest_fail(run, "%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

#endif
