/* SPDX-License-Identifier: MIT */
/*
 * violation.h: the record of a write to sealed memory, and the verdicts about it. Self-contained: what
 * it points to is in .rodata. One record is 512 bytes at most; the ring in the arena holds them.
 */
#ifndef AMBER_VIOLATION_H
#define AMBER_VIOLATION_H

#include <amber/types.h>

enum verdict {
	VERDICT_HAND_OVER, /* only between policies: the next one is asked */
	VERDICT_PANIC,
	VERDICT_OOPS,
	VERDICT_UNPROTECT,
	VERDICT_IGNORE,
	VERDICT_ONCE,
	VERDICT_COUNT,
};

enum sealed_class { CLASS_NONE, CLASS_DATA, CLASS_CORE };
enum violation_context { CONTEXT_THREAD, CONTEXT_IRQ, CONTEXT_COMMIT, CONTEXT_INIT };
enum store_kind { KIND_UNKNOWN, KIND_STORE, KIND_ATOMIC, KIND_STRING, KIND_ZERO_BLOCK, KIND_EXCLUSIVE };

#define VIOLATION_BYTES_MAX     64 /* of old and new that a record keeps */
#define VIOLATION_BACKTRACE_MAX 8
#define VIOLATION_ASKED_MAX     8
#define THREAD_NAME_MAX         16

struct violation_asked {
	const char *policy; /* its name */
	const char *why;    /* why it handed over; NULL for the one that decided */
};

struct violation {
	uint64_t seq, time_us;
	enum sealed_class class;
	enum violation_context context;
	enum store_kind kind;
	enum verdict verdict;
	uint32_t cpu;
	uint16_t asked_count, backtrace_count;
	char thread[THREAD_NAME_MAX];
	bool has_size, size_exact;
	bool has_values;        /* old (and, if has_size, new) are known */
	bool redundant;         /* no byte changes; valid if has_dry_run */
	bool has_dry_run;
	bool can_oops;          /* a thread that may be killed did it, outside a commit section */
	bool several_chains;    /* it writes objects whose chains differ */
	uint8_t syscall;        /* the number of the system call that its thread is in, + 1; 0 = none */
	vaddr_t pc, addr;
	paddr_t paddr;          /* of the first sealed byte: of addr, but for a store that begins in front of it */
	uint64_t object_bytes;  /* how far the store reaches from there */
	uint64_t size_bytes;    /* extent; valid if has_size */
	uint64_t count;         /* stores merged into this record */
	const char *initcall;   /* who wrote the object last during init; NULL = unknown */
	const char *chain;      /* the chain's text; NULL for class core */
	struct violation_asked asked[VIOLATION_ASKED_MAX];
	vaddr_t backtrace[VIOLATION_BACKTRACE_MAX];
	uint8_t old[VIOLATION_BYTES_MAX], new[VIOLATION_BYTES_MAX];
};

#endif
