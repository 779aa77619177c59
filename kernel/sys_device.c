/* SPDX-License-Identifier: MIT */
/*
 * kernel/sys_device.c: the system calls for drivers (interrupts, registers), for the log, and for the lab device. Current
 * thread's kernel stack, big lock held.
 */
#include "syscall.h"

#include <amber/log.h>

#include "big_lock.h"
#include "device_access.h"
#include "ipc.h"
#include "irq_object.h"
#include "lab_device.h"
#include "sched.h"

#define OFFSET_MAX     4095
#define LOG_BYTES_MAX  256

enum error sys_irq_bind(struct trap_frame *frame)
{
	uint64_t bits = arch_syscall_argument(frame, 2);
	struct handle *irq, *notification;
	enum error error = argument_object(frame, 0, OBJECT_IRQ, RIGHT_RECEIVE, &irq);

	if (!error)
		error = argument_object(frame, 1, OBJECT_NOTIFICATION, RIGHT_SEND, &notification);
	if (!error && !bits)
		error = ERR_RANGE;
	if (error)
		return error;
	commit_begin();
	error = irq_bind((struct irq *)irq->object, (struct notification *)notification->object, bits);
	commit_end();
	object_reap();
	return error;
}

enum error sys_irq_acknowledge(struct trap_frame *frame)
{
	struct handle *irq;
	enum error error = argument_object(frame, 0, OBJECT_IRQ, RIGHT_RECEIVE, &irq);

	return error ? error : irq_acknowledge((struct irq *)irq->object);
}

static enum error check_bytes(uint64_t bytes)
{
	if (!bytes || bytes > 8)
		return ERR_RANGE;
	return bytes & (bytes - 1) ? ERR_INVALID : OK;
}

/* The first three arguments of device_read and device_write. */
static enum error device_arguments(const struct trap_frame *frame, uint32_t rights, enum user_device *device)
{
	uint64_t offset = arch_syscall_argument(frame, 1), bytes = arch_syscall_argument(frame, 2);
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_MEMORY, rights, &handle);

	if (error)
		return error;
	if (!((const struct memory *)handle->object)->is_device)
		return ERR_TYPE;
	*device = ((const struct memory *)handle->object)->device;
	if (offset > OFFSET_MAX)
		return ERR_RANGE;
	error = check_bytes(bytes);
	return error ? error : device_check(*device, (uint32_t)offset, (uint32_t)bytes);
}

enum error sys_device_read(struct trap_frame *frame)
{
	enum user_device device;
	enum error error = device_arguments(frame, RIGHT_READ, &device);

	if (!error)
		arch_syscall_set_result(frame, 1, device_load(device, (uint32_t)arch_syscall_argument(frame, 1),
		                                              (uint32_t)arch_syscall_argument(frame, 2)));
	return error;
}

enum error sys_device_write(struct trap_frame *frame)
{
	enum user_device device;
	enum error error = device_arguments(frame, RIGHT_WRITE, &device);

	if (error)
		return error;
	commit_begin();
	device_store(device, (uint32_t)arch_syscall_argument(frame, 1), (uint32_t)arch_syscall_argument(frame, 2),
	             arch_syscall_argument(frame, 3));
	commit_end();
	return OK;
}

/* Up to the end of the line; bytes that a terminal might obey become dots. Returns how many were used up. */
static uint64_t take_line(char *line, const char *text, uint64_t bytes)
{
	uint64_t i = 0;

	for (; i < bytes && text[i] != '\n'; i++)
		line[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '.';
	line[i] = '\0';
	return i < bytes ? i + 1 : i;
}

/* A line is long to print: others run meanwhile. Its area is the space's name, so it can't pass for a line of the kernel. */
static void print_line(const char *line)
{
	big_lock_drop();
	arch_irq_enable();
	log_info(thread_current()->space->name, "%s", line);
	arch_irq_save();
	big_lock_take();
}

enum error sys_log_write(struct trap_frame *frame)
{
	uint64_t bytes = arch_syscall_argument(frame, 1), at = 0;
	char text[LOG_BYTES_MAX], line[LOG_BYTES_MAX + 1];
	enum error error;

	if (bytes > LOG_BYTES_MAX)
		return ERR_RANGE;
	error = user_copy_in(text, arch_syscall_argument(frame, 0), bytes);
	while (!error && at < bytes) {
		at += take_line(line, text + at, bytes - at);
		print_line(line);
	}
	return error;
}

enum error sys_lab_write(struct trap_frame *frame)
{
	uint64_t bytes = arch_syscall_argument(frame, 3), in_commit = arch_syscall_argument(frame, 4);
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_LAB, RIGHT_WRITE, &handle);

	if (!error)
		error = check_bytes(bytes);
	if (!error && in_commit > 1)
		error = ERR_RANGE;
	if (error)
		return error;
	if (in_commit)
		commit_begin();
	error = lab_store(arch_syscall_argument(frame, 1), arch_syscall_argument(frame, 2), (unsigned)bytes);
	if (in_commit)
		commit_end();
	return error;
}

enum error sys_lab_read(struct trap_frame *frame)
{
	uint64_t bytes = arch_syscall_argument(frame, 2), value;
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_LAB, RIGHT_READ, &handle);

	if (!error)
		error = check_bytes(bytes);
	if (!error)
		error = lab_load(arch_syscall_argument(frame, 1), (unsigned)bytes, &value);
	if (!error)
		arch_syscall_set_result(frame, 1, value);
	return error;
}
