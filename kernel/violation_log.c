/* SPDX-License-Identifier: MIT */
/*
 * kernel/violation_log.c: the open record, merging, counting: all of it guarded by the gate's lock (gate_hold), for the
 * order of records is that of the ring. Fault path (story stack) and timer tick, interrupts masked. The ring in the arena gets
 * each record at once, so nothing is lost when the machine stops. Printing comes when the lock is free again.
 */
#include "violation_log.h"

#include <amber/chain.h>
#include <amber/gate_ops.h>
#include <amber/log.h>
#include <amber/panic.h>
#include <amber/string.h>
#include <amber/upcalls.h>

#include <arch.h>

#include "gate.h"
#include "thread.h"

#define RUN_ENDS_AFTER_US 100000 /* without another store */

/* Printing a record takes long on a serial line: after a burst only a few a second are printed. */
#define PRINT_BURST       256
#define PRINT_PER_SECOND  20

#define QUEUE_MAX 16

struct violation_counts violation_counts;

/* Each CPU builds its next record in a slot of its own; when it is opened, the slots change hands, and nothing is copied. */
static struct violation slots[MAX_CPUS + 1];
static struct violation *open_record = &slots[MAX_CPUS];
static struct violation *spare[MAX_CPUS];
/* What is closed and not printed yet, in order. One CPU at a time prints, so that lines come in the order of records. */
static struct to_print {
	uint64_t left_out; /* records before it that the rate limit left out */
	struct violation record;
} queue[QUEUE_MAX];
static unsigned queue_first, queue_count;
static bool is_printing;
static const struct chain *open_chain;
static uint64_t open_thread; /* its serial */
static bool is_open;
static uint64_t last_store_us;
static uint64_t tokens = PRINT_BURST, tokens_since_us;
static uint64_t reported; /* of violation_counts.not_printed */

struct violation *violation_room(void)
{
	unsigned id = this_cpu()->id;

	if (!spare[id])
		spare[id] = &slots[id];
	return spare[id];
}

static bool touches(const struct violation *record, const struct violation *violation)
{
	return record->has_size && violation->has_size &&
	       (violation->addr == record->addr + record->size_bytes || violation->addr + violation->size_bytes == record->addr);
}

static bool joins(const struct violation *record, const struct violation *violation, const struct chain *chain)
{
	return is_open && record->class == CLASS_DATA && violation->class == CLASS_DATA && record->pc == violation->pc &&
	       record->context == violation->context && open_thread == thread_serial() && open_chain == chain &&
	       !violation->several_chains && !record->several_chains &&
	       record->redundant == violation->redundant && record->has_dry_run && violation->has_dry_run && touches(record, violation);
}

/* Puts the bytes of a store that lies in front of the record, or behind it, where they belong. */
static void join_bytes(struct violation *record, const struct violation *violation)
{
	uint64_t size = violation->size_bytes, shift = MIN(size, (uint64_t)VIOLATION_BYTES_MAX);

	if (violation->addr < record->addr) {
		memmove(record->old + shift, record->old, VIOLATION_BYTES_MAX - shift);
		memmove(record->new + shift, record->new, VIOLATION_BYTES_MAX - shift);
		memcpy(record->old, violation->old, shift);
		memcpy(record->new, violation->new, shift);
	} else if (record->size_bytes < VIOLATION_BYTES_MAX) {
		uint64_t room = MIN(VIOLATION_BYTES_MAX - record->size_bytes, shift);

		memcpy(record->old + record->size_bytes, violation->old, room);
		memcpy(record->new + record->size_bytes, violation->new, room);
	}
}

bool violation_log_merge(struct violation *violation, const struct chain *chain)
{
	if (!joins(open_record, violation, chain))
		return false;
	join_bytes(open_record, violation);
	if (violation->addr < open_record->addr) {
		open_record->addr = violation->addr;
		open_record->paddr = violation->paddr; /* the name follows from it */
	}
	open_record->size_bytes += violation->size_bytes;
	open_record->size_exact &= violation->size_exact;
	open_record->count++;
	last_store_us = violation->time_us;
	violation_counts.stores++;
	violation->verdict = open_record->verdict;
	gate_run(GATE_RING_MERGE, (uint64_t)open_record, 0, 0, 0, 0);
	return true;
}

/* A token bucket by the machine's clock. */
static bool may_print(void)
{
	uint64_t now = arch_time_us(), gained = (now - tokens_since_us) * PRINT_PER_SECOND / 1000000;

	if (gained) {
		tokens = MIN(tokens + gained, (uint64_t)PRINT_BURST);
		tokens_since_us = now;
	}
	if (!tokens)
		return false;
	tokens--;
	return true;
}

/* The open record is complete: it will be printed when the gate's lock is free. */
static void close_record(void)
{
	struct to_print *to_print = &queue[(queue_first + queue_count) % QUEUE_MAX];

	if (!is_open)
		return;
	is_open = false;
	if (queue_count == QUEUE_MAX && open_record->verdict == VERDICT_PANIC) { /* the last of all is said in any case */
		queue_count--;
		violation_counts.not_printed++;
		to_print = &queue[(queue_first + queue_count) % QUEUE_MAX];
	}
	if (queue_count == QUEUE_MAX || (open_record->verdict != VERDICT_PANIC && !may_print())) {
		violation_counts.not_printed++;
		return;
	}
	to_print->left_out = violation_counts.not_printed - reported;
	reported = violation_counts.not_printed;
	to_print->record = *open_record;
	queue_count++;
}

void violation_log_open(struct violation *violation, const struct chain *chain)
{
	close_record();
	violation->seq = violation_counts.records++;
	violation_counts.stores++;
	violation_counts.by_verdict[violation->verdict]++;
	spare[this_cpu()->id] = open_record;
	open_record = violation;
	open_chain = chain;
	open_thread = thread_serial();
	last_store_us = violation->time_us;
	is_open = true;
	gate_run(GATE_RING_APPEND, (uint64_t)violation, 0, 0, 0, 0);
}

/* The next one to print, if no other CPU is at it. A panic waits for nobody. */
static bool take_next(struct to_print *next)
{
	bool is_mine;

	gate_hold();
	is_mine = queue_count && (!is_printing || panic_is_under_way());
	if (is_mine) {
		*next = queue[queue_first];
		queue_first = (queue_first + 1) % QUEUE_MAX;
		queue_count--;
		is_printing = true;
	}
	gate_let_go();
	return is_mine;
}

void violation_log_print(void)
{
	static struct to_print next; /* is_printing guards it */

	while (__atomic_load_n(&queue_count, __ATOMIC_RELAXED) && take_next(&next)) {
		if (next.left_out)
			log_warn("ro", "%zu records were not printed (too many at once)", (size_t)next.left_out);
		violation_print(&next.record);
		__atomic_store_n(&is_printing, false, __ATOMIC_RELEASE);
	}
}

/* Read without the lock: only this thread could have opened it. */
void violation_log_thread_ends(uint64_t serial)
{
	if (__atomic_load_n(&is_open, __ATOMIC_RELAXED) && __atomic_load_n(&open_thread, __ATOMIC_RELAXED) == serial)
		violation_log_flush();
}

/* Also what another CPU is printing is out then. */
void violation_log_flush(void)
{
	uint64_t irq_state = arch_irq_save();

	if (__atomic_load_n(&is_open, __ATOMIC_RELAXED)) {
		gate_hold();
		close_record();
		gate_let_go();
	}
	violation_log_print();
	while (__atomic_load_n(&is_printing, __ATOMIC_ACQUIRE) && !panic_is_under_way()) {
		cpu_poll();
		arch_cpu_relax();
		violation_log_print();
	}
	arch_irq_restore(irq_state);
}

const struct violation *violation_log_last(void)
{
	return open_record;
}

void violation_log_tick(void)
{
	if (is_open && arch_time_us() - last_store_us >= RUN_ENDS_AFTER_US)
		violation_log_flush();
}
