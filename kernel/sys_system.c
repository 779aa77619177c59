/* SPDX-License-Identifier: MIT */
/*
 * kernel/sys_system.c: the system calls on the kernel itself: records about it, and orders. Current thread's kernel stack, big
 * lock held.
 */
#include "syscall.h"

#include <amber/string.h>

#include "sched.h"
#include "system.h"

#define BUFFER_BYTES_MAX 2048

static const struct kind {
	system_reader read;
	uint32_t bytes;
	bool takes_record; /* what is asked for stands in the buffer */
} kinds[SYSTEM_KINDS] = {
	[SYSTEM_THREADS] = { system_read_threads, sizeof(struct system_thread), false },
	[SYSTEM_COUNTS] = { system_read_counts, sizeof(struct system_counts), false },
	[SYSTEM_SEAL] = { system_read_seal, sizeof(struct system_seal), false },
	[SYSTEM_SEALED] = { system_read_sealed, sizeof(struct system_sealed), false },
	[SYSTEM_VIOLATIONS] = { system_read_violations, sizeof(struct system_violation), false },
	[SYSTEM_SYMBOL] = { system_read_symbol, sizeof(struct system_symbol), true },
	[SYSTEM_PROGRAMS] = { system_read_programs, sizeof(struct system_program), false },
	[SYSTEM_ROOTS] = { system_read_roots, sizeof(struct system_root), false },
	[SYSTEM_MAPPINGS] = { system_read_mappings, sizeof(struct system_mapping), false },
};

/* One record at a time, until it is copied: nobody else runs in between. */
static uint64_t buffer[BUFFER_BYTES_MAX / sizeof(uint64_t)];

/* Reads until a record is there, or nothing is left. */
static enum error read_one(const struct kind *kind, struct system_reading *reading)
{
	memset(reading->kept, 0, sizeof(reading->kept));
	for (;;) {
		enum error error;

		if (!kind->takes_record)
			memset(buffer, 0, kind->bytes);
		reading->next = 0;
		reading->has_record = false;
		error = kind->read(reading);
		if (error || reading->has_record || !reading->next || thread_current()->is_killed)
			return error;
		reading->cursor = reading->next;
		sched_preemption_point();
	}
}

/* As many records as fit. An error behind the first one is the next call's. */
static enum error read_all(const struct kind *kind, struct system_reading *reading, uint64_t to, uint64_t bytes, uint64_t *done)
{
	for (*done = 0;;) {
		enum error error = read_one(kind, reading), copied = OK;

		if (reading->has_record) /* also one that says what is wrong */
			copied = user_copy_out(to + *done, buffer, kind->bytes);
		if (copied)
			return copied;
		if (error && *done)
			reading->next = reading->cursor;
		if (error)
			return *done ? OK : error;
		*done += reading->has_record ? kind->bytes : 0;
		reading->cursor = reading->next;
		if (!reading->next || bytes - *done < kind->bytes || thread_current()->is_killed)
			return OK;
		sched_preemption_point();
	}
}

enum error sys_system_read(struct trap_frame *frame)
{
	uint64_t what = arch_syscall_argument(frame, 1), to = arch_syscall_argument(frame, 4), bytes = arch_syscall_argument(frame, 5);
	struct system_reading reading = {
		.of = arch_syscall_argument(frame, 2), .cursor = arch_syscall_argument(frame, 3), .record = buffer,
	};
	uint64_t done;
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_SYSTEM, RIGHT_READ, &handle);

	if (error)
		return error;
	if (what >= SYSTEM_KINDS || !bytes || bytes > BUFFER_BYTES_MAX)
		return ERR_RANGE;
	error = user_copy_in(buffer, to, bytes); /* a wrong address is said before a wrong size */
	if (error)
		return error;
	if (!kinds[what].read)
		return ERR_UNSUPPORTED;
	if (bytes < kinds[what].bytes)
		return ERR_RANGE;
	error = read_all(&kinds[what], &reading, to, bytes, &done);
	if (error)
		return error;
	arch_syscall_set_result(frame, 1, done);
	arch_syscall_set_result(frame, 2, reading.next);
	return OK;
}

/* The whole program: one that lost a thread would hang. */
static enum error kill(uint64_t id)
{
	struct thread *thread = system_thread_by_id(id);
	struct space *space;

	if (!thread || thread->is_killed) /* it is on its way to its end */
		return ERR_NOT_FOUND;
	space = thread->space;
	if (!space)
		return ERR_DENIED;
	space_hold(space);
	while (!space_kill_step(space))
		sched_preemption_point();
	space_let_go(space);
	object_reap();
	return OK;
}

/* The big lock is held to the end, so no program says anything any more. */
enum error sys_system_control(struct trap_frame *frame)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_SYSTEM, RIGHT_CONTROL, &handle);

	if (error)
		return error;
	switch (arch_syscall_argument(frame, 1)) {
	case SYSTEM_POWER_OFF:
		machine_exit(system_exit_status());
	case SYSTEM_REBOOT:
		machine_reboot(system_exit_status());
	case SYSTEM_FAILED:
		system_note_failure();
		return OK;
	case SYSTEM_KILL:
		return kill(arch_syscall_argument(frame, 2));
	default:
		return ERR_RANGE;
	}
}
