/* SPDX-License-Identifier: MIT */
/*
 * kernel/system_violations.c: records of writes to sealed memory as text: those that the ring keeps. System calls, big lock
 * held.
 */
#include "system.h"

#include <amber/string.h>

#include "frame.h"
#include "gate.h"
#include "ring.h"
#include "violation_log.h"

/* The last one may grow meanwhile, so it is copied while nobody else can. */
static bool copy_kept(uint64_t n, struct violation *violation, uint64_t *count)
{
	const struct violation_ring *ring = phys_to_virt(violation_ring_frame);

	gate_hold();
	*count = ring->kept;
	if (n < ring->kept)
		memcpy(violation, &ring->records[n], sizeof(*violation));
	gate_let_go();
	return n < *count;
}

static size_t add(struct system_violation *record, const char *text)
{
	size_t at = record->bytes;

	return at + (size_t)format(record->text + at, sizeof(record->text) - at, "%s%s", at ? "\n" : "", text);
}

/* cursor: how many were before. */
enum error system_read_violations(struct system_reading *reading)
{
	struct system_violation *record = reading->record;
	char line[VIOLATION_LINE_BYTES];
	struct violation violation;
	uint64_t count;

	if (!copy_kept(reading->cursor, &violation, &count))
		return OK;
	record->seq = violation.seq;
	record->bytes = 0;
	for (unsigned n = 0; n < VIOLATION_LINES; n++)
		if (violation_line(&violation, n, line, sizeof(line)))
			record->bytes = MIN(add(record, line), sizeof(record->text) - 1);
	reading->has_record = true;
	reading->next = reading->cursor + 1 < count ? reading->cursor + 1 : 0;
	return OK;
}
