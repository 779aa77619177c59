/* SPDX-License-Identifier: MIT */
/* sealer.h: what the parts of `sealer` share. main.c: sealing, and what could undo it; reuse.c: the frames afterwards. */
#ifndef AMBER_USER_SEALER_H
#define AMBER_USER_SEALER_H

#include "program.h"

void check(bool good, const char *what); /* one line; counts failures */
bool can_be_written(volatile uint64_t *addr);
bool dies_of_writing(volatile uint64_t *addr);

void reuse(void);            /* reuse.c */
int seal_and_wait(void);     /* the other space's part */

#endif
