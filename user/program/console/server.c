/* SPDX-License-Identifier: MIT */
/*
 * user/program/console/server.c: the messages: from clients, and from the driver's first thread when something was typed. One client
 * reads at a time; its call is answered when its line is done. What comes while nobody reads is kept.
 */
#include "server.h"

#include "console.h"
#include "keys.h"
#include "queue.h"

static struct editor editor;
static struct queue queue;
static bool has_said_dropped;
static bool is_dropping; /* the line that is being typed: half of it must not become a command */
static handle_t reader; /* the right to answer; HANDLE_NONE: nobody reads */
static bool is_completing; /* the last answer was CONSOLE_COMPLETE: the line will be read on … */
static bool is_cut;        /* … but Ctrl-C came meanwhile */
static bool reader_has_badge;
static handle_t interrupts; /* who wants to know of Ctrl-C when nobody reads */
static uint64_t interrupt_bits;

static void answer(enum console_answer label)
{
	const struct line *line = &editor.line;
	uint64_t bytes = label == CONSOLE_LINE || label == CONSOLE_COMPLETE ? line->length : 0;
	struct message message = { MESSAGE_INFO(label, MESSAGE_TEXT_WORDS(2, bytes), 0), { bytes, bytes ? line->cursor : 0 }, 0 };

	message_put_text(&message, 2, 0, line->text, bytes);
	(void)!ipc_reply(reader, &message); /* it may have died */
	(void)sys_handle_close(reader);
	reader = HANDLE_NONE;
	is_completing = label == CONSOLE_COMPLETE;
}

/* The reader's line goes on with this key, or ends. */
static void edit(uint8_t key)
{
	switch (line_key(&editor, key)) {
	case LINE_GOES_ON:
		break;
	case LINE_CLEAR_SCREEN:
		output_clear(&editor);
		break;
	case LINE_DONE:
		output_line(&editor);
		output_end_line("");
		answer(CONSOLE_LINE);
		break;
	case LINE_TOO_LONG:
		output_line(&editor);
		output_end_line("");
		answer(CONSOLE_TOO_LONG);
		break;
	case LINE_INTERRUPTED:
		output_line(&editor);
		output_end_line("^C");
		answer(CONSOLE_INTERRUPTED);
		if (reader_has_badge && interrupts)
			(void)sys_signal(interrupts, interrupt_bits);
		break;
	case LINE_COMPLETE: /* it stays: more of it will come */
		output_line(&editor);
		answer(CONSOLE_COMPLETE);
	}
}

static void say_dropped(void)
{
	static const char text[] = "console: too much is typed ahead; some lines are dropped\n";

	if (!has_said_dropped)
		output_text(text, sizeof(text) - 1, NULL);
	has_said_dropped = true;
}

static void put_aside(uint8_t key)
{
	if (queue_put(&queue, key))
		return;
	queue_drop_to(&queue, KEY_ENTER);
	is_dropping = key != KEY_ENTER;
	say_dropped();
}

static void interrupt(void)
{
	queue.count = 0;
	is_cut |= is_completing;
	output_text("^C\n", 3, NULL);
	if (interrupts)
		(void)sys_signal(interrupts, interrupt_bits);
}

static void take_key(uint8_t key)
{
	if (is_dropping && key != CONTROL('C')) {
		is_dropping = key != KEY_ENTER;
		return;
	}
	is_dropping = false;
	if (reader)
		edit(key);
	else if (key == CONTROL('C'))
		interrupt();
	else if (key)
		put_aside(key);
}

/* What was typed before goes first. One drawing for all of it. */
static void take_queue(void)
{
	uint8_t key;

	while (reader && queue_get(&queue, &key))
		edit(key);
	if (!queue.count)
		has_said_dropped = false;
	if (reader)
		output_line(&editor);
}

static void take_event(uint64_t bits)
{
	devices_drain(bits, take_key);
	if (reader && bits & EVENT_LINES)
		output_line_again(&editor);
	else if (reader)
		output_line(&editor);
}

static bool write_text(const struct message *message)
{
	uint64_t bytes = message->words[0];
	char text[CONSOLE_WRITE_MAX];

	if (bytes > CONSOLE_WRITE_MAX || MESSAGE_WORDS(message->info) < MESSAGE_TEXT_WORDS(1, bytes))
		return false;
	message_get_text(message, 1, 0, text, bytes);
	output_text(text, bytes, reader ? &editor : NULL);
	return true;
}

/* A new reader takes an old one's place: that one may have died, and nobody says so. */
static bool read_line(const struct message *message)
{
	uint64_t word = message->words[0], prompt = word & 0xffff, bytes = word >> 16 & 0xffff, cursor = word >> 32;
	char text[PROMPT_MAX + LINE_CHARACTERS];
	handle_t caller;

	if (prompt > PROMPT_MAX || bytes > LINE_CHARACTERS || cursor > bytes ||
	    MESSAGE_WORDS(message->info) < MESSAGE_TEXT_WORDS(1, prompt + bytes))
		return false;
	message_get_text(message, 1, 0, text, prompt + bytes);
	if (sys_reply_keep(&caller))
		return false;
	if (reader)
		answer(CONSOLE_REFUSED);
	reader = caller;
	reader_has_badge = message->badge;
	line_begin(&editor, text, (unsigned)prompt, text + prompt, (unsigned)bytes, (unsigned)cursor);
	if (is_cut)
		answer(CONSOLE_INTERRUPTED);
	is_cut = false;
	take_queue();
	return true;
}

static bool watch_interrupts(const struct message *message)
{
	if (MESSAGE_HANDLES(message->info) != 1 || MESSAGE_WORDS(message->info) < 1 || !message->words[0])
		return false;
	if (interrupts)
		(void)sys_handle_close(interrupts);
	interrupts = message_page()->handles[0];
	interrupt_bits = message->words[0];
	return true;
}

static void close_handles(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		(void)sys_handle_close(message_page()->handles[i]);
}

/* Its answer takes its place. False: none is due now. */
static bool handle(struct message *message)
{
	uint32_t label = MESSAGE_LABEL(message->info);
	unsigned handles = MESSAGE_HANDLES(message->info);
	bool is_call = message->info & MESSAGE_IS_CALL, is_good = false;
	bool is_program = message->badge; /* Ctrl-C is the shell's, also while one of its programs runs; events are the driver's own */

	if (label == CONSOLE_INTERRUPTS && !is_program && watch_interrupts(message)) {
		is_good = true;
		handles = 0;
	}
	close_handles(handles);
	if (label == CONSOLE_READ && is_call && read_line(message))
		return false;
	if (label == CONSOLE_WRITE)
		is_good = write_text(message);
	if (label == CONSOLE_EVENT && !is_program) {
		take_event(message->words[0]);
		is_good = true;
	}
	*message = (struct message){ MESSAGE_INFO(is_good ? CONSOLE_DONE : CONSOLE_REFUSED, 0, 0), { 0 }, 0 };
	return is_call;
}

void serve(handle_t endpoint, handle_t notification)
{
	struct message message;
	enum error error;

	output_begin();
	devices_start(notification);
	error = ipc_receive(endpoint, &message, TIMEOUT_FOREVER);
	while (!error) {
		bool is_due = handle(&message);

		error = is_due ? ipc_reply_recv(endpoint, &message, TIMEOUT_FOREVER) : OK;
		if (!is_due || error) /* who called may have died: then it is the next one's turn */
			error = ipc_receive(endpoint, &message, TIMEOUT_FOREVER);
	}
	fail("it can't receive", error);
}
