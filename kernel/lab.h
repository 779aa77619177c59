/* SPDX-License-Identifier: MIT */
/* kernel/lab.h: sealed objects to aim at. */
#ifndef AMBER_LAB_H
#define AMBER_LAB_H

#include <amber/annotate.h>
#include <amber/types.h>

extern uint64_t lab_sealed_word;
extern uint8_t lab_sealed_page[PAGE_SIZE];
extern uint8_t lab_sealed_next[PAGE_SIZE]; /* directly behind lab_sealed_page */

#endif
