/* SPDX-License-Identifier: MIT */
/* records.c: what system_read yields, one line for each record, for tests that compare it. Main thread. */
#include "systest.h"

static union {
	char bytes[2048];
	struct system_thread thread[1];
	struct system_symbol symbol[1];
} buffer;

/* All records of a kind, `room` bytes at a time. */
static void each(enum system_kind kind, uint64_t of, size_t record_bytes, size_t room, void (*show)(const void *record))
{
	uint64_t cursor = 0, bytes;

	do {
		must(sys_system_read(HANDLE_SYSTEM, kind, of, cursor, buffer.bytes, room, &bytes, &cursor), "system_read");
		if (bytes > room || bytes % record_bytes) {
			printf("not ok: %zu bytes came", (size_t)bytes);
			exit(1);
		}
		for (uint64_t at = 0; at < bytes; at += record_bytes)
			show(buffer.bytes + at);
	} while (cursor);
}

static void show_thread(const void *record)
{
	const struct system_thread *thread = record;

	printf("thread %zu '%s' space=%zu state=%zu priority=%zu cpu=%zu cpus=0x%zx ticks=%zu runs=%zu exit=0x%zx doing='%s'",
	       (size_t)thread->id, thread->name, (size_t)thread->space, (size_t)thread->state, (size_t)thread->priority,
	       (size_t)thread->cpu, (size_t)thread->cpus, (size_t)thread->ticks, (size_t)thread->runs, (size_t)thread->exit_code,
	       thread->doing);
}

void show_threads(char **words)
{
	(void)words;
	each(SYSTEM_THREADS, 0, sizeof(struct system_thread), sizeof(buffer), show_thread);
	printf("threads: end");
}

void show_symbol(char **words)
{
	struct system_symbol *symbol = buffer.symbol;
	uint64_t bytes, next;
	enum error error;

	memset(symbol, 0, sizeof(*symbol));
	copy_text(symbol->name, sizeof(symbol->name), words[1]);
	error = sys_system_read(HANDLE_SYSTEM, SYSTEM_SYMBOL, 0, 0, symbol, sizeof(*symbol), &bytes, &next);
	if (error)
		printf("symbol %s: %s (%s)", words[1], error_text(error), symbol->which);
	else
		printf("symbol %s: 0x%zx bytes=%zu sealed=%zu next=%zu", symbol->name, (size_t)symbol->address, (size_t)symbol->bytes,
		       (size_t)symbol->is_sealed, (size_t)next);
}
