/* SPDX-License-Identifier: MIT */
/*
 * cmd_maps.c: maps: what a root table maps, run by run, in the look of Linux's page-table dump; or every root's as JSON, one line
 * for each run.
 */
#include "sh.h"

/* By permission, for the sum at the end. */
#define PERMS_COUNT 32 /* MAP_… | SYSTEM_MAP_… */

struct printer {
	const struct system_root *root;
	bool is_json;
	char area[SYSTEM_NAME_MAX];           /* the last heading */
	uint64_t kib[PERMS_COUNT], runs;
};

static void perms_text(uint64_t perms, char text[5])
{
	text[0] = perms & MAP_READ ? 'r' : '-';
	text[1] = perms & MAP_WRITE ? 'w' : '-';
	text[2] = perms & MAP_EXECUTE ? 'x' : '-';
	text[3] = perms & SYSTEM_MAP_USER ? 'u' : '-';
	text[4] = '\0';
}

/* "4K", "2M": as large as it divides evenly. */
static void size_text(uint64_t bytes, char *text, size_t text_bytes)
{
	static const char units[] = "KMG";
	unsigned unit = 0;

	bytes >>= 10;
	while (unit < 2 && bytes && !(bytes & 1023)) {
		bytes >>= 10;
		unit++;
	}
	format(text, text_bytes, "%zu%c", (size_t)bytes, units[unit]);
}

static void say_json(const struct printer *printer, const struct system_mapping *run)
{
	char perms[5];

	perms_text(run->perms, perms);
	say("{\"root\":\"0x%016zx\",\"name\":\"%s\",\"start\":\"0x%016zx\",\"end\":\"0x%016zx\",\"physical\":\"0x%016zx\","
	    "\"perms\":\"%s\",\"device\":%s,\"page\":%zu,\"region\":\"%s\"}\n",
	    (size_t)printer->root->root, printer->root->name, (size_t)run->start, (size_t)run->end, (size_t)run->physical, perms,
	    run->perms & SYSTEM_MAP_DEVICE ? "true" : "false", (size_t)run->page_bytes, run->region);
}

static void say_words(struct printer *printer, const struct system_mapping *run)
{
	char perms[5], size[16], page[16];

	if (strcmp(printer->area, run->region)) {
		copy_text(printer->area, sizeof(printer->area), run->region);
		say("---[ %s ]---\n", run->region);
	}
	perms_text(run->perms, perms);
	size_text(run->end - run->start, size, sizeof(size));
	size_text(run->page_bytes, page, sizeof(page));
	say("0x%016zx-0x%016zx %8s  %s  %s %s at 0x%zx\n", (size_t)run->start, (size_t)run->end, size, perms, page,
	    run->perms & SYSTEM_MAP_DEVICE ? "device" : "pages", (size_t)run->physical);
}

static void print(struct printer *printer, const struct system_mapping *run)
{
	printer->runs++;
	printer->kib[run->perms % PERMS_COUNT] += (run->end - run->start) >> 10;
	if (printer->is_json)
		say_json(printer, run);
	else
		say_words(printer, run);
}

/* The kernel's steps cut long runs: here they come together again. */
static bool goes_on(const struct system_mapping *run, const struct system_mapping *next)
{
	return run->end == next->start && run->perms == next->perms && run->page_bytes == next->page_bytes &&
	       run->physical + (run->end - run->start) == next->physical && !strcmp(run->region, next->region);
}

/* x86_64: a space's root has the kernel's slots too. */
static bool hides_kernel_half(const struct printer *printer)
{
	return !printer->is_json && printer->root->except && !strncmp(printer->root->name, "space ", 6);
}

/* False: interrupted, or an error, which is said. */
static bool print_root(struct printer *printer)
{
	static struct records records; /* 2 KiB */
	const struct system_mapping *next;
	struct system_mapping run = { 0 };

	records = (struct records)RECORDS(SYSTEM_MAPPINGS, struct system_mapping);
	records.of = printer->root->root;
	while ((next = records_next(&records))) {
		if (was_interrupted())
			return false;
		if (hides_kernel_half(printer) && next->start >= USER_END)
			break;
		if (run.end && goes_on(&run, next)) {
			run.end = next->end;
			continue;
		}
		if (run.end)
			print(printer, &run);
		run = *next;
	}
	if (run.end)
		print(printer, &run);
	if (next)
		say("the kernel's half is that of 'maps kernel'\n");
	if (records.error && records.error != ERR_NOT_FOUND) /* a space may have ended meanwhile */
		say("maps: %s\n", error_text(records.error));
	return !records.error || records.error == ERR_NOT_FOUND;
}

static void say_sums(const struct printer *printer)
{
	char perms[5];

	for (unsigned i = 0; i < PERMS_COUNT; i++)
		if (printer->kib[i]) {
			perms_text(i, perms);
			say("%s%s %10zu KiB\n", perms, i & SYSTEM_MAP_DEVICE ? " device" : "       ", (size_t)printer->kib[i]);
		}
}

/* "kernel", "gate", "dry-run 0", "space sh" or just "sh". */
static bool is_named(const struct system_root *root, const char *name)
{
	const char *last = strrchr(root->name, ' ');

	return !strcmp(root->name, name) || (!strncmp(root->name, "space ", 6) && !strcmp(last + 1, name));
}

/* All roots with that name, NULL: every one; false: there is none. */
static bool print_roots(const char *name, bool is_json)
{
	struct records roots = RECORDS(SYSTEM_ROOTS, struct system_root);
	const struct system_root *root;
	bool is_found = false;

	while ((root = records_next(&roots))) {
		struct printer printer = { .root = root, .is_json = is_json };

		if (name && !is_named(root, name))
			continue;
		is_found = true;
		if (!is_json)
			say("root table 0x%zx: %s\n", (size_t)root->root, root->name);
		if (!print_root(&printer))
			return true;
		if (!is_json)
			say_sums(&printer);
	}
	return is_found;
}

static bool maps(int count, char **words)
{
	char name[SYSTEM_NAME_MAX] = "kernel";

	if (count > 3)
		return false;
	if (count == 2 && !strcmp(words[1], "--json"))
		return print_roots(NULL, true);
	if (count == 3) /* "dry-run 0" */
		format(name, sizeof(name), "%s %s", words[1], words[2]);
	else if (count == 2)
		copy_text(name, sizeof(name), words[1]);
	if (!print_roots(strcmp(name, "all") ? name : NULL, false))
		say("maps: no root table '%s' (kernel, gate, bring-up, dry-run N, a program's name, all)\n", name);
	return true;
}
COMMAND(maps, "[ROOT|all|--json]", "what is mapped where, with which permissions", maps);
