/* SPDX-License-Identifier: MIT */
/* kernel/inject.h: runs the stores of inject=. */
#ifndef AMBER_INJECT_H
#define AMBER_INJECT_H

#include <amber/types.h>

bool inject_run(void); /* all of them, in order; false if a target was not mapped */

#endif
