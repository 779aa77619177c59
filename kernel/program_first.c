/* SPDX-License-Identifier: MIT */
/*
 * kernel/program_first.c: the program that init= names: a space, its first thread, the handles that only it gets, and, when the
 * space has ended, the count of everything that must be as it was. In the kernel thread `main`.
 */
#include "program.h"

#include <amber/log.h>
#include <amber/string.h>

#include <arch.h>

#include "big_lock.h"
#include "census.h"
#include "irq_object.h"
#include "lab_device.h"
#include "sched.h"
#include "user_frames.h"

#define STACK_TOP    0x7fff000000ull
#define MESSAGE_PAGE STACK_TOP /* directly above the stack: user/lib/program.h finds it there */
#define NAMES_BYTES  300

struct first {
	struct space *space;
	struct thread *thread;
	vaddr_t entry;
};

static enum error map_stack(struct space *space)
{
	struct map_request request = { .rights = MAP_READ | MAP_WRITE, .perms = MAP_READ | MAP_WRITE, .addr = STACK_TOP - STACK_BYTES,
				       .pages = STACK_BYTES / PAGE_SIZE };
	enum error error = memory_new(request.pages, &request.memory);

	if (error)
		return error;
	object_hold(&request.memory->object);
	error = space_map_request(space, &request);
	object_let_go(&request.memory->object);
	return error;
}

/* At exactly these numbers. A place that stays empty is filled first and emptied last, or the next one would take it. */
static void give_handles(struct first *first)
{
	struct object *objects[] = {
		[HANDLE_SPACE] = &first->space->object,
		[HANDLE_THREAD] = &first->thread->object,
		[HANDLE_LAB] = (struct object *)lab_device(),
		[HANDLE_UART] = (struct object *)memory_of_device(),
		[HANDLE_UART_IRQ] = (struct object *)irq_of_uart(),
	};
	struct handle *handles[ARRAY_SIZE(objects)];

	for (unsigned i = 1; i < ARRAY_SIZE(objects); i++) {
		handles[i] = handle_insert(&first->space->handles, objects[i] ? objects[i] : &first->space->object, RIGHTS_ALL, 0, NULL);
		ASSERT(handles[i]->value == i);
	}
	for (unsigned i = 1; i < ARRAY_SIZE(objects); i++)
		if (!objects[i])
			handle_close(handles[i]);
}

static void set_arguments(struct message_page *page, const char *words)
{
	size_t length = strlen(words) + 1;
	char *to = page->arguments;

	for (size_t i = 0; i < length; i++)
		if (words[i] != ' ')
			*to++ = words[i];
		else if (to > page->arguments && to[-1])
			*to++ = '\0';
	page->arguments_bytes = (uint64_t)(to - page->arguments);
}

static enum error make_thread(struct first *first, const char *words)
{
	struct space *space = first->space;
	enum error error = thread_new_user(space, &first->thread);

	if (!error)
		error = address_space_prepare(&space->memory, MESSAGE_PAGE, 1);
	if (!error)
		error = address_space_map(&space->memory, MESSAGE_PAGE, first->thread->message_frame, 1, PERM_R | PERM_W);
	if (!error)
		error = handle_prepare(&space->handles, HANDLE_UART_IRQ);
	if (error)
		return error;
	first->thread->message_address = MESSAGE_PAGE;
	set_arguments(first->thread->message, words);
	arch_user_frame_init(first->thread->frame, first->entry, STACK_TOP, MESSAGE_PAGE);
	return OK;
}

static enum error make(struct first *first, const char *words)
{
	size_t length = 0, bytes;
	const uint8_t *elf;
	enum error error;

	while (words[length] && words[length] != ' ')
		length++;
	error = program_find(words, length, &elf, &bytes);
	if (error)
		return error;
	error = space_new(NULL, 0, &first->space);
	if (error)
		return error;
	space_hold(first->space);
	copy_text(first->space->name, MIN(sizeof(first->space->name), length + 1), words);
	error = program_load(first->space, elf, bytes, &first->entry);
	if (!error)
		error = map_stack(first->space);
	if (!error)
		error = make_thread(first, words);
	if (!error)
		give_handles(first);
	return error;
}

static bool run(struct first *first)
{
	uint64_t code;

	thread_make_ready(first->thread);
	thread_wait_for_space(first->space);
	code = first->space->exit_code;
	if (code >= EXIT_KILLED)
		log_error("init", "'%s' was killed", first->space->name);
	else if (code)
		log_error("init", "'%s' ended with exit code %zu", first->space->name, (size_t)code);
	return code == 0;
}

static void say_why(const char *words, enum error error)
{
	char names[NAMES_BYTES];

	program_list(names, sizeof(names));
	if (error == ERR_NOT_FOUND)
		log_error("init", "no such program '%s' (there are:%s)", words, names);
	else
		log_error("init", "'%s' can't be started: %s", words, error_text(error));
}

bool program_run_first(const char *words)
{
	struct first first = { 0 };
	struct census before, after;
	bool is_good = false;
	enum error error;

	arch_irq_save();
	big_lock_take();
	census_take(&before);
	error = make(&first, words);
	if (error)
		say_why(words, error);
	else
		is_good = run(&first);
	if (first.space)
		space_let_go(first.space);
	object_reap();
	while (object_reap_is_due() || object_count(OBJECT_THREAD) > before.objects[OBJECT_THREAD])
		sched_preemption_point(); /* the last thread's own struct goes when it is off its stack */
	census_take(&after);
	big_lock_drop();
	arch_irq_enable();
	return census_compare(&before, &after) && is_good;
}
