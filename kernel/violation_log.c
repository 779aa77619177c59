/* SPDX-License-Identifier: MIT */
/*
 * kernel/violation_log.c: the open record, merging, counting. Fault path (story stack) and timer tick, interrupts
 * masked. The ring in the arena gets each record at once, so nothing is lost when the machine stops.
 */
#include "violation_log.h"

#include <amber/chain.h>
#include <amber/gate_ops.h>
#include <amber/log.h>
#include <amber/string.h>

#include <arch.h>

#include "gate.h"

#define RUN_ENDS_AFTER_US 100000 /* without another store */

/* Printing a record takes long on a serial line: after a burst only a few a second are printed. */
#define PRINT_BURST       256
#define PRINT_PER_SECOND  20

struct violation_counts violation_counts;

static struct violation open_record;
static const struct chain *open_chain;
static bool is_open;
static uint64_t last_store_us;
static uint64_t tokens = PRINT_BURST, tokens_since_us;

static bool touches(const struct violation *record, const struct violation *violation)
{
	return record->has_size && violation->has_size &&
	       (violation->addr == record->addr + record->size_bytes || violation->addr + violation->size_bytes == record->addr);
}

static bool joins(const struct violation *record, const struct violation *violation, const struct chain *chain)
{
	return is_open && record->class == CLASS_DATA && violation->class == CLASS_DATA && record->pc == violation->pc &&
	       record->context == violation->context && strcmp(record->thread, violation->thread) == 0 && open_chain == chain &&
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
	if (!joins(&open_record, violation, chain))
		return false;
	join_bytes(&open_record, violation);
	if (violation->addr < open_record.addr) {
		open_record.addr = violation->addr;
		open_record.paddr = violation->paddr; /* the name follows from it */
	}
	open_record.size_bytes += violation->size_bytes;
	open_record.size_exact &= violation->size_exact;
	open_record.count++;
	last_store_us = violation->time_us;
	violation_counts.stores++;
	violation->verdict = open_record.verdict;
	gate_run(GATE_RING_MERGE, (uint64_t)&open_record, 0, 0, 0, 0);
	return true;
}

void violation_log_open(struct violation *violation, const struct chain *chain)
{
	violation_log_flush();
	violation->seq = violation_counts.records++;
	violation_counts.stores++;
	violation_counts.by_verdict[violation->verdict]++;
	open_record = *violation;
	open_chain = chain;
	last_store_us = violation->time_us;
	is_open = true;
	gate_run(GATE_RING_APPEND, (uint64_t)violation, 0, 0, 0, 0);
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

void violation_log_flush(void)
{
	static uint64_t reported;
	uint64_t irq_state = arch_irq_save();

	if (is_open) {
		is_open = false;
		if (open_record.verdict != VERDICT_PANIC && !may_print()) {
			violation_counts.not_printed++;
		} else {
			if (violation_counts.not_printed != reported)
				log_warn("ro", "%zu records were not printed (too many at once)",
				         (size_t)(violation_counts.not_printed - reported));
			reported = violation_counts.not_printed;
			violation_print(&open_record);
		}
	}
	arch_irq_restore(irq_state);
}

void violation_log_tick(void)
{
	if (is_open && arch_time_us() - last_store_us >= RUN_ENDS_AFTER_US)
		violation_log_flush();
}
