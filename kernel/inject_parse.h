/* SPDX-License-Identifier: MIT */
/*
 * kernel/inject_parse.h: the value of inject=. kernel/inject_parse.c; pure, init only.
 */
#ifndef AMBER_KERNEL_INJECT_PARSE_H
#define AMBER_KERNEL_INJECT_PARSE_H

#include <amber/options.h>

/* Fills options->injections. On an error there are none, `why` says what is wrong, and it returns false. */
bool inject_parse(struct options *options, const char *text, const struct cmdline_environment *environment, char *why,
                  size_t why_bytes) __must_check;
/* Looks up a symbol; what is wrong with it goes to `why`. */
bool symbol_lookup(const struct cmdline_environment *environment, const char *name, size_t length, vaddr_t *start,
                   uint64_t *bytes, char *why, size_t why_bytes) __must_check;

#endif
