/* SPDX-License-Identifier: MIT */
/*
 * kernel/program_first.c: the first user program, the supervisor or what init= names: what every other one gets by system calls,
 * it gets from the kernel: a space, a thread with stack and message page, handles. When the space of a program that init= names
 * has ended, everything must be as it was before. In the kernel thread `main`.
 */
#include "program.h"

#include <amber/log.h>
#include <amber/options.h>
#include <amber/string.h>

#include <arch.h>

#include "census.h"
#include "irq_object.h"
#include "lab_device.h"
#include "objects_check.h"
#include "sched.h"
#include "system.h"

#define FIRST_HANDLES HANDLE_KEYBOARD_IRQ /* at most; they are numbered from 1 on */
#define SETTLE_US     60000000            /* its last thread is taken apart while we look */

struct first {
	const char *words;      /* the first one is the program's name */
	const char *last_word;  /* one more, blanks and all; NULL: none */
	unsigned handle_count;  /* from 1 on */
	uint32_t system_rights; /* of HANDLE_SYSTEM */
	struct space *space;
	struct thread *thread;
	vaddr_t entry;
	const char *why; /* what is wrong with its file */
};

static size_t name_length(const char *words)
{
	const char *space = strchr(words, ' ');

	return space ? (size_t)(space - words) : strlen(words);
}

/* The words, each with a 0 behind it. At most as many bytes as the options may have. */
static void copy_words(struct message_page *page, const char *words, const char *last_word)
{
	size_t at = 0;

	_Static_assert(INIT_MAX + 1 + RUN_MAX + 1 <= MESSAGE_ARGUMENTS_MAX, "they fit");
	for (; *words; words++)
		if (*words != ' ')
			page->arguments[at++] = *words;
		else if (at && page->arguments[at - 1])
			page->arguments[at++] = '\0';
	if (at && page->arguments[at - 1])
		page->arguments[at++] = '\0';
	if (last_word) {
		memcpy(&page->arguments[at], last_word, strlen(last_word) + 1);
		at += strlen(last_word) + 1;
	}
	page->arguments_bytes = at;
}

static enum error map_stack(struct space *space)
{
	struct memory *memory;
	uint32_t pages = STACK_BYTES / PAGE_SIZE, rw = MAP_READ | MAP_WRITE;
	enum error error = memory_new(pages, &memory);

	if (error)
		return error;
	object_hold(&memory->object);
	error = space_map_request(space, &(struct map_request){ .memory = memory, .rights = rw, .perms = rw, .pages = pages,
	                                                        .addr = FIRST_STACK_TOP - STACK_BYTES });
	object_let_go(&memory->object);
	return error;
}

static enum error make_thread(struct first *first)
{
	struct space *space = first->space;
	struct thread *thread;
	enum error error = thread_new_user(space, &thread);

	if (error)
		return error;
	object_hold(&thread->object);
	first->thread = thread;
	error = address_space_prepare(&space->memory, FIRST_STACK_TOP, 1);
	if (!error)
		error = address_space_map(&space->memory, FIRST_STACK_TOP, thread->message_frame, 1, PERM_R | PERM_W);
	if (error)
		return error;
	thread->message_address = FIRST_STACK_TOP;
	copy_words(thread->message, first->words, first->last_word);
	arch_user_frame_init(thread->frame, first->entry, FIRST_STACK_TOP, FIRST_STACK_TOP);
	return OK;
}

/* Not for a program that init= names. */
static struct irq *irq_new_of_keyboard(const struct first *first)
{
	return first->handle_count >= HANDLE_KEYBOARD_IRQ ? irq_new_of_device(USER_DEVICE_KEYBOARD) : NULL;
}

/* Writing to the PS/2 controller could reset the machine. */
static uint32_t rights_of(const struct first *first, unsigned handle)
{
	if (handle == HANDLE_SYSTEM)
		return first->system_rights;
	return handle == HANDLE_KEYBOARD ? RIGHT_READ | RIGHT_GRANT | RIGHT_CONTROL : RIGHTS_ALL;
}

/* Each at its number: where there is nothing, a place is kept until the last one is in. The table has room. */
static void give_handles(const struct first *first)
{
	struct lab_device *lab = lab_device_new();
	struct irq *irq = irq_new_of_device(USER_DEVICE_UART), *keyboard_irq = irq_new_of_keyboard(first);
	struct memory *uart = irq ? memory_of_device(USER_DEVICE_UART) : NULL;
	struct memory *keyboard = keyboard_irq ? memory_of_device(USER_DEVICE_KEYBOARD) : NULL;
	struct system *system = system_new();
	struct object *objects[FIRST_HANDLES + 1] = {
		[HANDLE_SPACE] = &first->space->object, [HANDLE_THREAD] = &first->thread->object, [HANDLE_LAB] = lab ? &lab->object : NULL,
		[HANDLE_UART] = uart ? &uart->object : NULL, [HANDLE_UART_IRQ] = irq ? &irq->object : NULL,
		[HANDLE_SYSTEM] = system ? &system->object : NULL, [HANDLE_KEYBOARD] = keyboard ? &keyboard->object : NULL,
		[HANDLE_KEYBOARD_IRQ] = keyboard_irq ? &keyboard_irq->object : NULL,
	};
	struct handle *handles[FIRST_HANDLES + 1];

	for (unsigned i = 1; i <= first->handle_count; i++)
		handles[i] = handle_insert(&first->space->handles, objects[i] ? objects[i] : &first->space->object,
		                           rights_of(first, i), 0, NULL);
	for (unsigned i = 1; i <= first->handle_count; i++)
		if (!objects[i])
			handle_close(handles[i]);
}

static enum error start(struct first *first)
{
	const uint8_t *elf;
	size_t bytes;
	enum error error = program_find(first->words, name_length(first->words), &elf, &bytes);

	if (!error)
		error = space_new(NULL, 0, &first->space);
	if (error)
		return error;
	space_hold(first->space);
	format(first->space->name, sizeof(first->space->name), "%.*s", (int)name_length(first->words), first->words);
	error = program_load(first->space, elf, bytes, &first->entry, &first->why);
	if (!error)
		error = map_stack(first->space);
	if (!error)
		error = handle_prepare(&first->space->handles, first->handle_count);
	if (!error)
		error = make_thread(first);
	if (error)
		return error;
	give_handles(first);
	thread_start_user(first->thread);
	return OK;
}

/* Lets go of everything; what the program left behind goes with it. */
static void finish(struct first *first)
{
	if (first->thread)
		object_let_go(&first->thread->object);
	if (first->space)
		space_let_go(first->space);
	object_reap();
}

/* Big lock held; others may run meanwhile. */
static bool everything_is_back(const struct census *before, char *text, size_t bytes)
{
	uint64_t until = arch_time_us() + SETTLE_US;
	struct census after;

	for (;;) {
		bool is_back;

		object_reap();
		big_lock_drop();
		arch_irq_enable();
		census_take(&after); /* takes long: without the lock, and again if somebody was in the middle of something */
		is_back = !census_compare(before, &after, text, bytes);
		if (!is_back)
			thread_wait();
		arch_irq_save();
		big_lock_take();
		if (is_back || arch_time_us() >= until)
			return is_back;
	}
}

static bool say_not_started(const char *words, enum error error, const char *why)
{
	char names[160];

	program_list(names, sizeof(names));
	if (error == ERR_NOT_FOUND)
		log_error("init", "no such program '%.*s' (there are: %s)", (int)name_length(words), words, names);
	else
		log_error("init", "'%.*s' can't be started: %s", (int)name_length(words), words, why ? why : error_text(error));
	return false;
}

/* From its start to its end. */
static enum error run_to_the_end(struct first *first, uint64_t *exit_code)
{
	enum error error = start(first);

	if (error && first->thread)
		thread_kill(first->thread, EXIT_REASON_KILLED);
	if (!error) {
		thread_wait_for_space(first->space);
		*exit_code = first->space->exit_code;
	}
	finish(first);
	return error;
}

static bool run(const char *words)
{
	struct first first = {
		.words = words, .handle_count = HANDLE_SYSTEM, .system_rights = RIGHT_READ | RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT,
	};
	uint64_t code;
	enum error error = run_to_the_end(&first, &code);

	if (error)
		return say_not_started(words, error, first.why);
	if (code >= EXIT_KILLED)
		log_error("init", "'%.*s' was killed", (int)name_length(words), words);
	else
		log_info("init", "'%.*s' has ended with exit code %u", (int)name_length(words), words, (unsigned)code);
	return code == 0;
}

bool program_run_first(const char *words)
{
	struct census before;
	char text[200];
	bool good;

	arch_irq_save();
	big_lock_take();
	(void)memory_of_device(USER_DEVICE_UART); /* it stays, so it counts */
	big_lock_drop();
	arch_irq_enable();
	census_take(&before); /* takes long, and nobody else does anything */
	arch_irq_save();
	big_lock_take();
	good = run(words);
	if (!everything_is_back(&before, text, sizeof(text))) {
		log_error("init", "not everything was given back: %s", text);
		good = false;
	}
	if (!objects_consistent(text, sizeof(text))) {
		log_error("init", "the books don't agree: %s", text);
		good = false;
	}
	big_lock_drop();
	arch_irq_enable();
	return good;
}

enum error program_run_supervisor(const char *commands)
{
	struct first first = {
		.words = "supervisor", .last_word = commands, .handle_count = FIRST_HANDLES, .system_rights = RIGHTS_ALL,
	};
	uint64_t code;
	enum error error;

	arch_irq_save();
	big_lock_take();
	error = run_to_the_end(&first, &code);
	big_lock_drop();
	arch_irq_enable();
	if (error == ERR_NOT_FOUND)
		log_error("amber", "there is no program 'supervisor': no shell");
	else if (error)
		log_error("amber", "the supervisor can't be started: %s", error_text(error));
	else if (code >= EXIT_KILLED)
		log_error("amber", "the supervisor was killed: no program is left");
	else
		log_error("amber", "the supervisor has ended with exit code %u: no program is left", (unsigned)code);
	return error;
}
