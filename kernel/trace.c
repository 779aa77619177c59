/* SPDX-License-Identifier: MIT */
/*
 * kernel/trace.c: a system call in words: `hello: sleep(microseconds 1000) = ok`. Names come from syscalls.def. Big lock held;
 * the line of a call that had to wait is made and printed with interrupts masked, by whoever ends the wait.
 */
#include "trace.h"

#include <amber/log.h>
#include <amber/string.h>

#include <arch.h>

#include "big_lock.h"
#include "space.h"
#include "syscall.h"

#define NAME_MAX 20
#define LINE_MAX 400
#define TEXT_MIN 4 /* fewer letters may be a number as well */

struct definition {
	const char *arguments, *results;
};
static const struct definition definitions[SYSCALL_COUNT] = {
#define SYSCALL(number, name, arguments, results, text) [number] = { arguments, results },
#include <amber/syscalls.def>
#undef SYSCALL
};

struct line {
	char text[LINE_MAX];
	size_t length;
};

static void __printf(2, 3) add(struct line *line, const char *fmt, ...)
{
	va_list args;
	int length;

	va_start(args, fmt);
	length = format_args(line->text + line->length, LINE_MAX - line->length, fmt, args);
	va_end(args);
	line->length = MIN(line->length + (size_t)length, (size_t)LINE_MAX - 1);
}

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static void add_perms(struct line *line, uint64_t perms)
{
	add(line, "%c%c%c", perms & MAP_READ ? 'r' : '-', perms & MAP_WRITE ? 'w' : '-', perms & MAP_EXECUTE ? 'x' : '-');
}

/* What a message's first word says of it. */
static void add_info(struct line *line, uint64_t info)
{
	unsigned words = MESSAGE_WORDS(info), handles = MESSAGE_HANDLES(info);

	add(line, "<label %u, %u word%s", (unsigned)MESSAGE_LABEL(info), words, words == 1 ? "" : "s");
	if (handles)
		add(line, ", %u handle%s", handles, handles == 1 ? "" : "s");
	add(line, "%s%s>", info & MESSAGE_IS_CALL ? ", call" : "", info & MESSAGE_FROM_KERNEL ? ", fault" : "");
}

/* Behind a word of a message: its bytes, if they look like text. */
static void add_text(struct line *line, uint64_t word)
{
	char text[sizeof(word) + 1];
	size_t length = 0;

	for (; length < sizeof(word) && (word & 0xff) >= ' ' && (word & 0xff) < 0x7f; word >>= 8)
		text[length++] = (char)(word & 0xff);
	text[length] = '\0';
	if (length >= TEXT_MIN && !word)
		add(line, " '%s'", text);
}

/* As its kind is read best: counts in decimal, addresses and sets in hexadecimal. */
static void add_value(struct line *line, const char *kind, uint64_t value)
{
	if (starts_with(kind, "perms") && !(value & ~7ull))
		add_perms(line, value);
	else if (starts_with(kind, "timeout") && value == TIMEOUT_FOREVER)
		add(line, "forever");
	else if (value < 4096 || starts_with(kind, "number"))
		add(line, "%llu", (unsigned long long)value);
	else
		add(line, "0x%llx", (unsigned long long)value);
}

/* The next word of a blank-separated list: "name:kind" or "name". NULL: there is none. */
static const char *next_word(const char *text, char name[NAME_MAX], const char **kind)
{
	size_t length = 0;

	while (*text == ' ')
		text++;
	if (!*text)
		return NULL;
	for (; *text && *text != ' ' && *text != ':'; text++)
		if (length < NAME_MAX - 1)
			name[length++] = *text;
	name[length] = '\0';
	*kind = *text == ':' ? text + 1 : "";
	while (*text && *text != ' ')
		text++;
	return text;
}

/* word0 … word3: the message doesn't have it. */
static bool is_unused_word(const char *name, unsigned words)
{
	return starts_with(name, "word") && name[4] && (unsigned)(name[4] - '0') >= words;
}

/* *words: how many a message has, as its info says. */
static void add_named(struct line *line, const char *name, const char *kind, uint64_t value, unsigned *words)
{
	if (!strcmp(name, "info") && !(value & ~(MESSAGE_INFO_MASK | MESSAGE_IS_CALL | MESSAGE_FROM_KERNEL))) {
		*words = MESSAGE_WORDS(value);
		add_info(line, value);
		return;
	}
	add_value(line, kind, value);
	if (starts_with(name, "word"))
		add_text(line, value);
}

static void add_arguments(struct line *line, const struct traced_call *call)
{
	const char *text = definitions[call->number].arguments, *kind, *separator = "";
	unsigned words = MESSAGE_REGISTER_WORDS;
	char name[NAME_MAX];

	for (unsigned i = 0; (text = next_word(text, name, &kind)); i++) {
		if (starts_with(kind, "number=0..0") && !starts_with(kind, "number=0..0x"))
			continue; /* unused */
		if (is_unused_word(name, words))
			continue;
		add(line, "%s%s ", separator, name);
		add_named(line, name, kind, call->arguments[i], &words);
		separator = ", ";
	}
}

static void add_results(struct line *line, const struct traced_call *call, const struct trap_frame *frame)
{
	const char *text = definitions[call->number].results, *kind;
	unsigned words = MESSAGE_REGISTER_WORDS;
	char name[NAME_MAX];

	for (unsigned i = 1; (text = next_word(text, name, &kind)); i++) {
		if (is_unused_word(name, words))
			continue;
		add(line, ", %s ", name);
		add_named(line, name, kind, arch_syscall_result(frame, i), &words);
	}
}

static void start(struct line *line, const struct thread *thread)
{
	line->length = 0;
	add(line, "%s/%u: %s(", thread->space->name, (unsigned)thread->serial, syscall_name(thread->traced.number));
	add_arguments(line, &thread->traced);
}

void trace_begin(struct thread *thread, const struct trap_frame *frame, uint64_t number)
{
	thread->traced.is_open = true;
	thread->traced.number = (uint32_t)number;
	for (unsigned i = 0; i < TRACE_ARGUMENTS; i++)
		thread->traced.arguments[i] = arch_syscall_argument(frame, i);
}

/* The call is over; its results are in the thread's frame. */
static void print(const struct thread *thread)
{
	enum error error = (enum error)arch_syscall_result(thread->frame, 0);
	struct line line;

	start(&line, thread);
	add(&line, ") = %s", error_text(error));
	if (!error)
		add_results(&line, &thread->traced, thread->frame);
	log_always("trace", "%s", line.text);
}

static void close_call(struct thread *thread)
{
	thread->traced.is_open = false;
	thread->is_traced = thread->space->is_traced;
}

void trace_end(struct thread *thread)
{
	close_call(thread);
	print(thread);
}

void trace_end_here(void)
{
	close_call(thread_current());
	big_lock_drop();
	arch_irq_enable();
	print(thread_current());
	arch_irq_save();
	big_lock_take();
}

void trace_thread_ends(struct thread *thread)
{
	struct line line;

	if (!thread->traced.is_open)
		return;
	thread->traced.is_open = false;
	start(&line, thread);
	log_always("trace", "%s)%s", line.text, thread->exit_code >= EXIT_KILLED ? " and is killed" : "");
}

void trace_space(struct space *space, bool on)
{
	if (space->is_traced == on)
		return;
	space->is_traced = on;
	for (struct link *at = space->threads.next; at != &space->threads; at = at->next) {
		struct thread *thread = LINK_OWNER(at, struct thread, of_space);

		thread->is_traced = on || thread->traced.is_open;
	}
}
