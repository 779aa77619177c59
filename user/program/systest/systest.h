/* SPDX-License-Identifier: MIT */
/* systest.h: the commands of `systest`, in main.c, and records as lines, in records.c. Main thread. */
#ifndef AMBER_USER_SYSTEST_H
#define AMBER_USER_SYSTEST_H

#include <amber/system.h>

#include "program.h"

void must(enum error error, const char *what); /* else the program ends */

void show_threads(char **words);
void show_symbol(char **words);
void show_counts(char **words);
void show_seal(char **words);
void show_sealed(char **words);
void show_violations(char **words);

#endif
