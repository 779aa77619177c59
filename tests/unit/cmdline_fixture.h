/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/cmdline_fixture.h: parses a command line for a test and keeps what comes out: options, chains,
 * complaints. A small symbol table takes the place of the kernel's. Included by one test program each.
 */
#ifndef AMBER_TESTS_CMDLINE_FIXTURE_H
#define AMBER_TESTS_CMDLINE_FIXTURE_H

#include <amber/boot_info.h>
#include <amber/options.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEALED_START 0x10000
#define SEALED_END   0x20000

static struct options parsed;
static struct chain_table parsed_chains;
static char complaints[65536]; /* one line each */
static unsigned complaint_count;

static const struct {
	const char *name;
	vaddr_t start;
	uint64_t bytes;
} known_symbols[] = {
	{ "lab_sealed_word", 0x10000, 8 }, { "lab_sealed_page", 0x11000, 4096 },   { "lab_sealed_next", 0x12000, 4096 },
	{ "seal.c:state", 0x13000, 4 },    { "kernel_main", 0x1000, 64 },          { "chain_table", 0x20000, 4096 },
	{ "sealed_label", 0x14000, 0 },    { "last_byte", 0xffffffffffffffff, 1 },
};

static enum error find_known(void *context, const char *name, size_t length, vaddr_t *start, uint64_t *bytes,
			     char *which, size_t which_bytes)
{
	unsigned number;

	(void)context;
	snprintf(which, which_bytes, "%s", "");
	if (length == 4 && memcmp(name, "twin", 4) == 0) {
		snprintf(which, which_bytes, "a.c:twin, b.c:twin");
		return ERR_AMBIGUOUS;
	}
	/* obj0 … obj99: sealed objects of 16 bytes. */
	if (length >= 4 && length <= 5 && memcmp(name, "obj", 3) == 0) {
		char digits[3] = { name[3], length == 5 ? name[4] : 0, 0 };
		if (sscanf(digits, "%u", &number) == 1) {
			*start = 0x15000 + 16 * number;
			*bytes = 16;
			return OK;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(known_symbols); i++) {
		if (strlen(known_symbols[i].name) == length && memcmp(known_symbols[i].name, name, length) == 0) {
			*start = known_symbols[i].start;
			*bytes = known_symbols[i].bytes;
			return OK;
		}
	}
	return ERR_NOT_FOUND;
}

static void keep_complaint(void *context, const char *line)
{
	(void)context;
	complaint_count++;
	strncat(complaints, line, sizeof(complaints) - strlen(complaints) - 2);
	strcat(complaints, "\n");
}

static const struct cmdline_environment environment = {
	.report = keep_complaint,
	.find = find_known,
	.sealed_start = SEALED_START,
	.sealed_end = SEALED_END,
};

/* Hands the text over in a block of exactly its size, so that a read behind its end is seen. */
static void parse_bytes(const char *text, size_t bytes, bool was_cut)
{
	char *exact = malloc(bytes ? bytes : 1);

	memcpy(exact, text, bytes);
	complaints[0] = '\0';
	complaint_count = 0;
	memset(&parsed, 0xa5, sizeof(parsed));
	memset(&parsed_chains, 0xa5, sizeof(parsed_chains));
	cmdline_parse(exact, bytes, was_cut, &parsed, &parsed_chains, &environment);
	free(exact);
}

static inline void parse(const char *text)
{
	parse_bytes(text, strlen(text), false);
}

#endif
