/* SPDX-License-Identifier: MIT */
/*
 * options.h: the boot command line, parsed. kernel/cmdline.c and kernel/inject_parse.c: pure, host-tested
 * and fuzzed; no allocation, symbols are looked up through a function that the caller gives.
 */
#ifndef AMBER_OPTIONS_H
#define AMBER_OPTIONS_H

#include <amber/chain.h>
#include <amber/error.h>
#include <amber/types.h>

#define NONCE_MAX      32
#define TEST_MAX       1023 /* no pattern on the command line is longer */
#define INIT_MAX       255
#define RUN_MAX        1023 /* no text on the command line is longer */
#define INJECTIONS_MAX 64

enum inject_form {
	INJECT_STORE1,
	INJECT_STORE2,
	INJECT_STORE4,
	INJECT_STORE8,
	INJECT_OR,
	INJECT_SWAP,
	INJECT_CMPXCHG,
	INJECT_FILL,
};

struct injection {
	vaddr_t addr;
	enum inject_form form;
	bool same; /* store the bytes that are already there */
	uint64_t value;
	enum violation_context context; /* THREAD, IRQ or COMMIT */
	char target[72]; /* as given, without the form: for the report */
};

struct options {
	bool lab, rodata, exit_debug, initcall_trace, initcall_reversed;
	bool has_test, has_inject, inject_failed; /* inject_failed: it had an error, nothing of it may run */
	bool init_failed;                         /* init= had an error */
	bool has_run;                             /* never together with init= or test= */
	bool break_list;                          /* broken kernel only */
	uint32_t broken;                          /* broken kernel only: set of 1 << enum broken */
	unsigned loglevel;
	unsigned smp; /* at most that many CPUs: 1 … MAX_CPUS */
	char nonce[NONCE_MAX + 1];
	char test[TEST_MAX + 1];
	char init[INIT_MAX + 1]; /* the first program and its arguments; "" = none */
	char run[RUN_MAX + 1];   /* commands for the shell */
	unsigned injection_count;
	struct injection injections[INJECTIONS_MAX];
};

extern struct options options; /* kernel/main.c, class data */

struct cmdline_environment {
	/* one complaint, without line end: "cmdline: WORD: what is wrong; what is done instead"; may be NULL */
	void (*report)(void *context, const char *line);
	/* see symbol_find: start and size of a named object */
	enum error (*find)(void *context, const char *name, size_t length, vaddr_t *start, uint64_t *bytes, char *which,
	                   size_t which_bytes);
	void *context;
	vaddr_t sealed_start, sealed_end; /* only objects in between can have a chain of their own */
};

/* Only the first CMDLINE_MAX bytes count; was_cut: the text goes on behind `bytes`, in the middle of a word.
 * Parses; `options` and `chains` are wholly written, whatever the text. */
void cmdline_parse(const char *text, size_t bytes, bool was_cut, struct options *options, struct chain_table *chains,
                   const struct cmdline_environment *environment);
unsigned inject_form_bytes(enum inject_form form); /* 1, 2, 4, 8, 64 */
const char *inject_form_text(enum inject_form form);

#endif
