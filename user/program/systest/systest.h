/* SPDX-License-Identifier: MIT */
/* systest.h: the commands of `systest`, in main.c; records as lines, in records.c; threads.c. Main thread. */
#ifndef AMBER_USER_SYSTEST_H
#define AMBER_USER_SYSTEST_H

#include <amber/system.h>

#include "program.h"

uint64_t number_of(const char *word);

void each_thread(void (*look)(const struct system_thread *thread));

void show_threads(char **words);
void show_symbol(char **words);
void show_counts(char **words);
void show_seal(char **words);
void show_sealed(char **words);
void show_violations(char **words);
void read_maps(char **words);

void show_states(char **words);
void start_and_wait(char **words);
void spin(char **words);
void kill_child(char **words);
void linger(char **words);
void make_crowd(char **words);
void make_records(char **words);

#endif
