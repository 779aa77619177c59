/* SPDX-License-Identifier: MIT */
/*
 * kernel/sys_console.c: the console driver's half in the kernel. The kernel owns the transmitter and the screen, because it must
 * be able to print last words; the driver owns everything else. Current thread's kernel stack, big lock held.
 */
#include "syscall.h"

#include <amber/log.h>

#include "big_lock.h"
#include "console.h"
#include "ipc.h"
#include "sched.h"

#define TEXT_MAX 256

/* Not held: what dies is forgotten (console_forget). */
static struct notification *watcher;
static uint64_t watcher_bits;

/* The first line that stands: the machine is at its user's disposal. */
static void note_first_prompt(void)
{
	static bool is_noted;

	if (!is_noted && arch_clock_counts_instructions())
		log_debug("amber", "prompt after %lu instructions", arch_instructions() - arch_entry_instructions() -
		          arch_hardware_wait_instructions() - log_instructions());
	is_noted = true;
}

/* Text is long to print: others run meanwhile. */
static bool print(char *text, uint64_t bytes, bool stands)
{
	bool is_printed;

	big_lock_drop();
	arch_irq_enable();
	is_printed = log_console(text, bytes, stands);
	log_console_draw();
	arch_irq_save();
	big_lock_take();
	return is_printed;
}

enum error sys_console_write(struct trap_frame *frame)
{
	uint64_t bytes = arch_syscall_argument(frame, 2), stands = arch_syscall_argument(frame, 3);
	char text[TEXT_MAX];
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_SYSTEM, RIGHT_SEND, &handle);

	if (!error && (bytes > TEXT_MAX || stands > 1))
		error = ERR_RANGE;
	if (!error)
		error = user_copy_in(text, arch_syscall_argument(frame, 1), bytes);
	if (error)
		return error;
	if (stands)
		note_first_prompt();
	return print(text, bytes, stands) ? OK : ERR_BUSY;
}

enum error sys_console_watch(struct trap_frame *frame)
{
	uint64_t bits = arch_syscall_argument(frame, 2);
	struct handle *handle, *notification;
	enum error error = argument_object(frame, 0, OBJECT_SYSTEM, RIGHT_RECEIVE, &handle);

	if (!error)
		error = argument_object(frame, 1, OBJECT_NOTIFICATION, RIGHT_SEND, &notification);
	if (!error && !bits)
		error = ERR_RANGE;
	if (error)
		return error;
	commit_begin();
	watcher = (struct notification *)notification->object;
	watcher_bits = bits;
	commit_end();
	return OK;
}

void console_tick(void)
{
	if (watcher && log_console_news())
		notification_signal(watcher, watcher_bits);
}

void console_forget(const struct notification *notification)
{
	if (watcher == notification)
		watcher = NULL;
}
