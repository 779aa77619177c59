/* SPDX-License-Identifier: MIT */
/* mm/stack.h: kernel stacks in an area of their own, each with an unmapped guard of the same size below. */
#ifndef AMBER_MM_STACK_H
#define AMBER_MM_STACK_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

enum error stack_alloc(vaddr_t *top) __must_check; /* STACK_SIZE bytes below *top are mapped */
void stack_free(vaddr_t top);                      /* not the stack that is in use */
/* Is addr in the guard below some stack (a stack overflow)? */
bool stack_is_guard(vaddr_t addr);

#endif
