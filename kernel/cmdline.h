/* SPDX-License-Identifier: MIT */
/*
 * kernel/cmdline.h: one parse of the command line in progress, and the table of options (from which the
 * documents' list of options is checked). kernel/cmdline.c, kernel/cmdline_options.c; pure, init only.
 */
#ifndef AMBER_KERNEL_CMDLINE_H
#define AMBER_KERNEL_CMDLINE_H

#include <amber/annotate.h>
#include <amber/options.h>

struct cmdline {
	struct options *options;
	struct chain_table *chains;
	const struct cmdline_environment *environment;
	const char *word; /* the one that is being looked at: what complaints name */
	size_t word_length;
	uint32_t seen;    /* set of 1 << index of option */
};

struct cmdline_option {
	const char *name;   /* before the = */
	const char *values; /* in words, as the documents show it: "on|off" */
	const char *help;
	/* Sets the option's default first; value is what stands behind the =, "" if nothing does. */
	void (*parse)(struct cmdline *cmdline, const char *value);
};

extern const struct cmdline_option cmdline_options[];
extern const unsigned cmdline_option_count;

/* Reports "cmdline: WORD: " and the text, which says what is wrong; and what is done instead. */
void cmdline_complain(const struct cmdline *cmdline, const char *fmt, ...) __printf(2, 3);
/* ro_fault.SYMBOL=CHAIN */
void cmdline_parse_override(struct cmdline *cmdline, const char *symbol, size_t symbol_length, const char *chain);

#endif
