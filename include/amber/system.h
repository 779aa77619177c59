/* SPDX-License-Identifier: MIT */
/*
 * system.h: what a handle to the kernel itself (OBJECT_SYSTEM) shows and does: records that system_read fills in, orders of
 * system_control. Shared by kernel and programs. Declarations only.
 */
#ifndef AMBER_SYSTEM_H
#define AMBER_SYSTEM_H

#include <amber/abi.h>

#define SYSTEM_NAME_MAX 32

/* What system_read reads. It fills the buffer with whole records, as many as fit, and says where to go on: `cursor` 0 begins,
 * `next` 0 = that was all. What changes meanwhile may be missed or seen twice. */
enum system_kind {
	SYSTEM_THREADS,    /* struct system_thread: living ones, then the last that ended */
	SYSTEM_COUNTS,     /* struct system_counts, one */
	SYSTEM_SEAL,       /* struct system_seal, one */
	SYSTEM_SEALED,     /* struct system_sealed: each sealed object, by address */
	SYSTEM_VIOLATIONS, /* struct system_violation: of this boot, those that the ring keeps, oldest first */
	SYSTEM_SYMBOL,     /* struct system_symbol, one; its name is read from the buffer: name → address */
	SYSTEM_ROOTS,      /* struct system_root: each root table */
	SYSTEM_MAPPINGS,   /* struct system_mapping: what the root `of` maps, by address; like neighbours joined, long runs cut */
	SYSTEM_PROGRAMS,   /* struct system_program: what can be started; the boot module's first */
	SYSTEM_KINDS,
};

struct system_thread {
	uint64_t id, space; /* space: a number of its own; 0 = a kernel thread */
	uint64_t state;     /* enum system_thread_state */
	uint64_t priority, cpu, cpus;
	uint64_t ticks;     /* of 10 ms, that found it running */
	uint64_t runs;      /* how often it was switched to */
	uint64_t exit_code; /* ended: as thread_info */
	char name[SYSTEM_NAME_MAX];
	char doing[SYSTEM_NAME_MAX]; /* the system call that it is in, or "" */
};
enum system_thread_state {
	SYSTEM_RUNNING, SYSTEM_READY, SYSTEM_STOPPED, SYSTEM_SENDING, SYSTEM_RECEIVING, SYSTEM_CALLING, SYSTEM_WAITING,
	SYSTEM_SLEEPING, SYSTEM_BLOCKED, SYSTEM_ENDED,
};

struct system_counts {
	uint64_t objects[OBJECT_TYPES];
	uint64_t pool_pages, handle_pages, user_frames, space_tables;
	uint64_t free_frames, arena_frames, arena_frames_used, memory_kib;
	uint64_t cpus;
};

struct system_seal {
	uint64_t state; /* 0 sealed, 1 off, 2 failed */
	uint64_t start, end, core_start, core_end;
	uint64_t pages, bytes_used, objects, aliases_sealed, writable_aliases, wx_pages;
	uint64_t page_table_pages, page_table_pages_writable, unprotected_pages, cpus_probed, probes_failed;
	uint64_t violations, stores; /* so far */
};

struct system_sealed {
	uint64_t address, bytes;
	uint64_t is_core;     /* class core: no chain, always panic */
	uint64_t is_writable; /* its page was opened by `unprotect` */
	char name[64];
	char file[48];        /* source file, "" = unknown */
	char initcall[SYSTEM_NAME_MAX]; /* who wrote it last during init, "" = unknown */
	char chain[64];       /* "panic"; cut if it is longer */
	char remaining[64];   /* budgets left, "ignore:2"; "" = no budgets */
};

struct system_violation {
	uint64_t seq, bytes;  /* of the text, without a final 0 */
	char text[1008];      /* the words of the log, lines with \n in between */
};

struct system_symbol {
	char name[72];        /* in: SYMBOL or file:SYMBOL */
	uint64_t address, bytes, is_sealed;
	char which[168];      /* ERR_AMBIGUOUS: "file:name, file:name" */
};

struct system_root {
	uint64_t root;        /* physical address of the table; give it as `of` to SYSTEM_MAPPINGS */
	uint64_t except;      /* physical address of a root that it shares most with; 0 = none */
	char name[SYSTEM_NAME_MAX]; /* "kernel", "gate", "dry-run 0", "bring-up", "space sh" */
};

struct system_mapping {
	uint64_t start, end, physical;
	uint64_t perms;       /* MAP_READ … | SYSTEM_MAP_USER | SYSTEM_MAP_DEVICE */
	uint64_t page_bytes;  /* of one entry */
	char region[SYSTEM_NAME_MAX]; /* "text", "ro_after_init", "direct map", "arena", "window", "stack", … */
};
#define SYSTEM_MAP_USER   8u
#define SYSTEM_MAP_DEVICE 16u

struct system_program {
	uint64_t bytes;       /* of its file */
	uint64_t of_module;   /* it came in the boot module */
	char name[64];
};

/* What system_control orders. */
enum system_order {
	SYSTEM_POWER_OFF,     /* status ok, or failed if something of this boot failed */
	SYSTEM_REBOOT,
	SYSTEM_FAILED,        /* something of this boot failed: a test, a fuzz run */
	SYSTEM_KILL,          /* the program whose thread has that id: ERR_NOT_FOUND, ERR_DENIED (a kernel thread) */
	SYSTEM_ORDERS,
};

#endif
