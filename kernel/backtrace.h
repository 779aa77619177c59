/* SPDX-License-Identifier: MIT */
/* kernel/backtrace.h: return addresses along the frame pointers. Any context; never faults. */
#ifndef AMBER_BACKTRACE_H
#define AMBER_BACKTRACE_H

#include <amber/types.h>

/* Fills up to max return addresses, innermost first; how many. */
unsigned backtrace_from(vaddr_t frame_pointer, vaddr_t *addresses, unsigned max);

#endif
