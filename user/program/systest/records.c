/* SPDX-License-Identifier: MIT */
/* records.c: what system_read yields, one line for each record, for tests that compare it. Main thread. */
#include "systest.h"

static union {
	char bytes[2048];
	struct system_thread thread[1];
	struct system_symbol symbol[1];
	struct system_counts counts[1];
	struct system_seal seal[1];
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

/* The only one of its kind. */
static void one(enum system_kind kind, size_t record_bytes)
{
	uint64_t bytes, next;

	must(sys_system_read(HANDLE_SYSTEM, kind, 0, 0, buffer.bytes, sizeof(buffer), &bytes, &next), "system_read");
	if (bytes == record_bytes && !next)
		return;
	printf("not ok: %zu bytes and then %zu", (size_t)bytes, (size_t)next);
	exit(1);
}

static void show_thread(const void *record)
{
	const struct system_thread *thread = record;

	printf("thread %zu '%s' space=%zu state=%zu priority=%zu cpu=%zu cpus=0x%zx ticks=%zu runs=%zu exit=0x%zx doing='%s'",
	       (size_t)thread->id, thread->name, (size_t)thread->space, (size_t)thread->state, (size_t)thread->priority,
	       (size_t)thread->cpu, (size_t)thread->cpus, (size_t)thread->ticks, (size_t)thread->runs, (size_t)thread->exit_code,
	       thread->doing);
}

static void (*look)(const struct system_thread *thread);

static void look_at(const void *record)
{
	look(record);
}

void each_thread(void (*at)(const struct system_thread *thread))
{
	look = at;
	each(SYSTEM_THREADS, 0, sizeof(struct system_thread), sizeof(buffer), look_at);
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

void show_counts(char **words)
{
	const struct system_counts *counts = buffer.counts;

	(void)words;
	one(SYSTEM_COUNTS, sizeof(*counts));
	for (unsigned type = OBJECT_NONE + 1; type < OBJECT_TYPES; type++)
		printf("count objects[%u]=%zu", type, (size_t)counts->objects[type]);
	printf("count pool_pages=%zu handle_pages=%zu user_frames=%zu space_tables=%zu", (size_t)counts->pool_pages,
	       (size_t)counts->handle_pages, (size_t)counts->user_frames, (size_t)counts->space_tables);
	printf("count free_frames=%zu arena_frames=%zu arena_frames_used=%zu memory_kib=%zu cpus=%zu", (size_t)counts->free_frames,
	       (size_t)counts->arena_frames, (size_t)counts->arena_frames_used, (size_t)counts->memory_kib, (size_t)counts->cpus);
}

void show_seal(char **words)
{
	const struct system_seal *seal = buffer.seal;

	(void)words;
	one(SYSTEM_SEAL, sizeof(*seal));
	printf("seal state=%zu start=0x%zx end=0x%zx core_start=0x%zx core_end=0x%zx pages=%zu bytes_used=%zu objects=%zu",
	       (size_t)seal->state, (size_t)seal->start, (size_t)seal->end, (size_t)seal->core_start, (size_t)seal->core_end,
	       (size_t)seal->pages, (size_t)seal->bytes_used, (size_t)seal->objects);
	printf("seal aliases_sealed=%zu writable_aliases=%zu wx_pages=%zu page_table_pages=%zu page_table_pages_writable=%zu",
	       (size_t)seal->aliases_sealed, (size_t)seal->writable_aliases, (size_t)seal->wx_pages, (size_t)seal->page_table_pages,
	       (size_t)seal->page_table_pages_writable);
	printf("seal unprotected_pages=%zu cpus_probed=%zu probes_failed=%zu violations=%zu stores=%zu", (size_t)seal->unprotected_pages,
	       (size_t)seal->cpus_probed, (size_t)seal->probes_failed, (size_t)seal->violations, (size_t)seal->stores);
}

static void show_sealed_object(const void *record)
{
	const struct system_sealed *object = record;

	printf("sealed %s 0x%zx bytes=%zu core=%zu writable=%zu file='%s' initcall='%s' chain='%s' remaining='%s'", object->name,
	       (size_t)object->address, (size_t)object->bytes, (size_t)object->is_core, (size_t)object->is_writable, object->file,
	       object->initcall, object->chain, object->remaining);
}

void show_sealed(char **words)
{
	size_t room = sizeof(buffer);

	if (words[1]) /* one record at a time */
		room = sizeof(struct system_sealed);
	each(SYSTEM_SEALED, 0, sizeof(struct system_sealed), room, show_sealed_object);
	printf("sealed: end");
}

/* A line of its text at a time. */
static void show_violation(const void *record)
{
	const struct system_violation *violation = record;
	const char *at = violation->text, *end;

	if (strlen(violation->text) != violation->bytes)
		printf("not ok: %zu bytes", (size_t)violation->bytes);
	for (; at; at = end ? end + 1 : NULL) {
		end = strchr(at, '\n');
		printf("violation %zu: %.*s", (size_t)violation->seq, end ? (int)(end - at) : (int)strlen(at), at);
	}
}

void show_violations(char **words)
{
	(void)words;
	each(SYSTEM_VIOLATIONS, 0, sizeof(struct system_violation), sizeof(buffer), show_violation);
	printf("violations: end");
}

#define ROOTS_MAX 64

static uint64_t roots[ROOTS_MAX], root_count, record_count;

static void keep_root(const void *record)
{
	if (root_count < ROOTS_MAX)
		roots[root_count++] = ((const struct system_root *)record)->root;
}

static void count_record(const void *record)
{
	(void)record;
	record_count++;
}

/* They are only counted: test_maps.py looks at what the shell shows of them. */
void read_maps(char **words)
{
	(void)words;
	each(SYSTEM_ROOTS, 0, sizeof(struct system_root), sizeof(buffer), keep_root);
	for (uint64_t i = 0; i < root_count; i++)
		each(SYSTEM_MAPPINGS, roots[i], sizeof(struct system_mapping), sizeof(buffer), count_record);
	printf("maps: %zu mappings of %zu roots", (size_t)record_count, (size_t)root_count);
	record_count = 0;
	each(SYSTEM_PROGRAMS, 0, sizeof(struct system_program), sizeof(buffer), count_record);
	printf("maps: %zu programs", (size_t)record_count);
}
