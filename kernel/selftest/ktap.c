/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/ktap.c: runs the self-tests that match a pattern and reports in KTAP version 1 (the format
 * of Linux's kselftest). After the seal, in a kernel thread; each line goes out whole and undecorated.
 */
#include <amber/selftest.h>

#include <amber/log.h>
#include <amber/string.h>

#define LINE_BYTES 256
#define NAME_BYTES 96

static void print_args(const char *prefix, const char *fmt, va_list args)
{
	char line[LINE_BYTES];
	int used = format(line, sizeof(line), "%s", prefix);

	used += format_args(line + used, sizeof(line) - (size_t)used, fmt, args);
	used = MIN(used, LINE_BYTES - 1);
	line[used++] = '\n';
	log_raw(line, (size_t)used);
}

static void __printf(1, 2) print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_args("", fmt, args);
	va_end(args);
}

/* `*` stands for any text. On a mismatch the last `*` takes one character more: that is enough, because
 * an earlier one can only leave less. */
static bool matches(const char *pattern, const char *name)
{
	const char *behind_star = NULL, *retry = NULL;

	while (*name) {
		if (*pattern == '*') {
			behind_star = ++pattern;
			retry = name;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (behind_star) {
			pattern = behind_star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static unsigned variant_count(const struct selftest *test)
{
	return test->count ? test->count() : 1;
}

static void write_name(const struct selftest *test, unsigned variant, char name[NAME_BYTES])
{
	if (test->count)
		format(name, NAME_BYTES, "%s_%s", test->name, test->variant_name(variant));
	else
		format(name, NAME_BYTES, "%s", test->name);
}

/* Returns whether it passed; one that was skipped counts as passed. */
static bool run_one(const struct selftest *test, unsigned variant, const char *name, unsigned number)
{
	struct selftest_run run = { .variant = variant };

	test->fn(&run);
	if (run.failures)
		print("not ok %u %s", number, name);
	else if (run.skip_reason)
		print("ok %u %s # SKIP %s", number, name, run.skip_reason);
	else
		print("ok %u %s", number, name);
	return run.failures == 0;
}

/* Walks over the tests that match and runs them; without `run` it only counts. */
static unsigned walk(const char *pattern, bool run, int *failed)
{
	char name[NAME_BYTES];
	unsigned number = 0;

	SET_FOREACH(test, selftest) {
		for (unsigned variant = 0; variant < variant_count(*test); variant++) {
			write_name(*test, variant, name);
			if ((*test)->ends_the_run ? strcmp(pattern, name) != 0 : !matches(pattern, name))
				continue;
			number++;
			if (run)
				*failed += !run_one(*test, variant, name, number);
		}
	}
	return number;
}

int selftest_run_matching(const char *pattern)
{
	unsigned count = walk(pattern, false, NULL);
	int failed = 0;

	print("KTAP version 1");
	print("1..%u", count);
	if (count == 0) {
		print("# no test matches '%.64s'", pattern);
		return -1;
	}
	walk(pattern, true, &failed);
	return failed;
}

void selftest_fail(struct selftest_run *run, const char *fmt, ...)
{
	va_list args;

	run->failures++;
	va_start(args, fmt);
	print_args("# ", fmt, args);
	va_end(args);
}

void selftest_skip(struct selftest_run *run, const char *reason)
{
	run->skip_reason = reason;
}
