/* SPDX-License-Identifier: MIT */
/* user/lib/spawn.c: a program in a space of its own: what kernel/program_first.c does for the first one, by system calls. */
#include "thread.h"

#include "memory.h"

#define STACK_PAGES (STACK_BYTES / PAGE_SIZE)

/* The words, each with its 0, one behind the other. False: they are too long. */
static bool join_words(const char *const *words, char *to, size_t *bytes)
{
	size_t length = 0;

	for (; *words; words++) {
		size_t more = strlen(*words) + 1;

		if (length + more > MESSAGE_ARGUMENTS_MAX)
			return false;
		memcpy(to + length, *words, more);
		length += more;
	}
	*bytes = length;
	return true;
}

static enum error give(handle_t space, handle_t handle, const uint64_t *fewer)
{
	uint64_t type, rights, badge, given;
	enum error error = sys_handle_info(handle, &type, &rights, &badge);

	return error ? error : sys_space_give(space, handle, fewer ? *fewer : rights, 0, &given);
}

static enum error load(handle_t space, const char *name, uint64_t *entry)
{
	handle_t memory;
	enum error error = sys_space_load(space, name, strlen(name), entry);

	if (!error)
		error = sys_memory_create(STACK_PAGES, &memory);
	if (error)
		return error;
	error = sys_map(space, memory, FIRST_STACK_TOP - STACK_BYTES, 0, STACK_PAGES, MAP_READ | MAP_WRITE);
	(void)sys_handle_close(memory);
	return error;
}

static enum error fill(const struct spawn *what, struct child *child)
{
	char arguments[MESSAGE_ARGUMENTS_MAX];
	size_t bytes;
	uint64_t entry;
	enum error error;

	if (!join_words(what->words, arguments, &bytes))
		return ERR_RANGE;
	error = load(child->space, what->words[0], &entry);
	if (!error)
		error = sys_thread_create(child->space, entry, FIRST_STACK_TOP, FIRST_STACK_TOP, arguments, bytes, &child->thread);
	if (!error)
		error = give(child->space, child->space, NULL);
	if (!error)
		error = give(child->space, child->thread, NULL);
	for (unsigned i = 0; i < what->handle_count && !error; i++)
		error = give(child->space, what->handles[i], what->rights ? &what->rights[i] : NULL);
	return error;
}

static void close_child(struct child *child)
{
	if (child->thread)
		(void)sys_handle_close(child->thread);
	(void)sys_handle_close(child->space);
}

enum error spawn_stopped(const struct spawn *what, struct child *child)
{
	enum error error = sys_space_create(what->pager, &child->space);

	child->thread = HANDLE_NONE;
	if (error)
		return error;
	error = fill(what, child);
	if (error) {
		if (child->thread)
			(void)sys_thread_kill(child->thread);
		close_child(child);
	}
	return error;
}

enum error spawn(const struct spawn *what, struct child *child)
{
	enum error error = spawn_stopped(what, child);

	return error ? error : sys_thread_start(child->thread);
}

enum error child_wait(struct child *child, uint64_t *exit_code)
{
	enum error error = thread_wait_end(child->thread, exit_code);

	close_child(child);
	return error;
}

void exit_code_text(uint64_t exit_code, char *text, size_t bytes)
{
	static const char *const reasons[] = {
		[EXIT_REASON_KILLED] = "killed", [EXIT_REASON_FAULT] = "killed by a fault", [EXIT_REASON_OOPS] = "killed by an oops",
		[EXIT_REASON_NO_HANDLE] = "killed: nobody held it any more",
	};
	uint64_t reason = exit_code - EXIT_KILLED;

	if (exit_code < EXIT_KILLED)
		format(text, bytes, "exit code %u", (unsigned)exit_code);
	else
		copy_text(text, bytes, reason < ARRAY_SIZE(reasons) && reasons[reason] ? reasons[reason] : "killed");
}
