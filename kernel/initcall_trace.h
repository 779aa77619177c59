/* SPDX-License-Identifier: MIT */
/*
 * kernel/initcall_trace.h: which initcall wrote a sealed object last (initcall_trace=on). The section is
 * compared with a copy after each initcall. kernel/initcall_trace.c.
 */
#ifndef AMBER_KERNEL_INITCALL_TRACE_H
#define AMBER_KERNEL_INITCALL_TRACE_H

#include <amber/annotate.h>
#include <amber/initcall.h>
#include <amber/types.h>

size_t initcall_trace_bytes(void);                      /* memory that it needs, for good */
void initcall_trace_init(void *memory, size_t bytes);   /* before the first initcall; memory: aligned to 8 */
void initcall_trace_after(const struct initcall *call); /* it has run just now */
/* Name of the initcall that wrote in [addr, addr + bytes) last; NULL = unknown, or none did. Any context. */
const char *initcall_trace_writer(vaddr_t addr, uint64_t bytes);

#endif
