/* SPDX-License-Identifier: MIT */
/*
 * kernel/violation_log.h: records of writes to sealed memory: numbered, merged with the one before where the rule
 * says so, appended to the ring in the arena, printed once when the run of stores has ended.
 */
#ifndef AMBER_VIOLATION_LOG_H
#define AMBER_VIOLATION_LOG_H

#include <amber/annotate.h>
#include <amber/types.h>
#include <amber/violation.h>

struct chain;

struct violation_counts {
	uint64_t records, stores;
	uint64_t by_verdict[VERDICT_COUNT];
	uint64_t not_printed; /* left out by the rate limit */
};
extern struct violation_counts violation_counts;

/* Fault path, the gate's lock held. Joins the open record if the rule allows (then `violation` gets its verdict); else false. */
bool violation_log_merge(struct violation *violation, const struct chain *chain);
/* A decided violation (in violation_room) becomes the open record. */
void violation_log_open(struct violation *violation, const struct chain *chain);
/* Prints the open record, if there is one, and closes it. Any context, interrupts masked inside. */
void violation_log_flush(void);
/* A thread ends: nobody else can join its record. */
void violation_log_thread_ends(uint64_t serial);
/* The newest record, printed or not. */
const struct violation *violation_log_last(void);
void violation_log_tick(void); /* closes a record whose last store is 100 ms old */

/* --- kernel/violation_print.c --- */
#define VIOLATION_LINES      3
#define VIOLATION_LINE_BYTES 400
/* Line n of it in words; false: it has no such line. */
bool violation_line(const struct violation *violation, unsigned n, char *buf, size_t bytes);
void violation_print(const struct violation *violation); /* in words, and as the event `violation` */

#endif
