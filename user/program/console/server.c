/* SPDX-License-Identifier: MIT */
/*
 * user/program/console/server.c: the messages: from clients, and from the driver's first thread when something was typed. One client
 * reads at a time; its call is answered when its line is done. What comes while nobody reads is kept. All that is worth it is in
 * *state, where the next driver finds it if this one dies.
 */
#include "server.h"

#include "console.h"

static struct state *state;
static bool has_said_dropped;
static handle_t reader; /* the right to answer; HANDLE_NONE: nobody reads */
static handle_t interrupts; /* who wants to know of Ctrl-C when nobody reads */
static uint64_t interrupt_bits;
static bool is_interrupted; /* since he has told us so */

static void answer(enum console_answer label)
{
	const struct line *line = &state->editor.line;
	uint64_t bytes = label == CONSOLE_LINE || label == CONSOLE_COMPLETE ? line->length : 0;
	struct message message = { MESSAGE_INFO(label, MESSAGE_TEXT_WORDS(2, bytes), 0), { bytes, bytes ? line->cursor : 0 }, 0 };

	message_put_text(&message, 2, 0, line->text, bytes);
	(void)!ipc_reply(reader, &message); /* it may have died */
	(void)sys_handle_close(reader);
	reader = HANDLE_NONE;
	/* Only now: who dies before it shows the line once more, but never loses one. */
	state->is_reading = false;
	state->is_completing = label == CONSOLE_COMPLETE;
}

/* The reader's line goes on with this key, or ends. */
static void edit(uint8_t key)
{
	switch (line_key(&state->editor, key)) {
	case LINE_GOES_ON:
		break;
	case LINE_CLEAR_SCREEN:
		output_clear(&state->editor);
		break;
	case LINE_DONE:
		output_line(&state->editor);
		output_end_line("");
		answer(CONSOLE_LINE);
		break;
	case LINE_TOO_LONG:
		output_line(&state->editor);
		output_end_line("");
		answer(CONSOLE_TOO_LONG);
		break;
	case LINE_INTERRUPTED:
		output_line(&state->editor);
		output_end_line("^C");
		answer(CONSOLE_INTERRUPTED);
		if (state->badge && interrupts)
			(void)sys_signal(interrupts, interrupt_bits);
		break;
	case LINE_COMPLETE: /* it stays: more of it will come */
		output_line(&state->editor);
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
	if (queue_put(&state->queue, key))
		return;
	queue_drop_to(&state->queue, KEY_ENTER);
	state->is_dropping = key != KEY_ENTER;
	say_dropped();
}

static void interrupt(void)
{
	state->queue.count = 0;
	state->is_cut |= state->is_completing || state->is_reading; /* the line of a reader that comes back to a new driver */
	output_text("^C\n", 3, NULL);
	if (interrupts)
		(void)sys_signal(interrupts, interrupt_bits);
	is_interrupted = interrupts;
	state->is_owed = !interrupts;
}

static void take_key(uint8_t key)
{
	if (state->is_dropping && key != CONTROL('C')) {
		state->is_dropping = key != KEY_ENTER;
		return;
	}
	state->is_dropping = false;
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

	while (reader && queue_get(&state->queue, &key))
		edit(key);
	if (!state->queue.count)
		has_said_dropped = false;
	if (reader)
		output_line(&state->editor);
}

static void take_event(uint64_t bits)
{
	devices_drain(bits, take_key);
	if (reader && bits & EVENT_LINES)
		output_line_again(&state->editor);
	else if (reader)
		output_line(&state->editor);
}

static bool write_text(const struct message *message)
{
	uint64_t bytes = message->words[0];
	char text[CONSOLE_WRITE_MAX];

	if (bytes > CONSOLE_WRITE_MAX || MESSAGE_WORDS(message->info) < MESSAGE_TEXT_WORDS(1, bytes))
		return false;
	message_get_text(message, 1, 0, text, bytes);
	output_text(text, bytes, reader ? &state->editor : NULL);
	return true;
}

/* As far as can be seen: it asks again, because the driver or it itself was started again. What was typed stays. */
static bool is_same_reader(const char *prompt, unsigned length, uint64_t badge)
{
	const struct editor *editor = &state->editor;

	return state->is_reading && state->badge == badge && editor->prompt_length == length && !memcmp(editor->prompt, prompt, length);
}

/* A new reader takes an old one's place: that one may have died, and nobody says so. */
static bool read_line(const struct message *message)
{
	uint64_t word = message->words[0], prompt = word & 0xffff, bytes = word >> 16 & 0xffff, cursor = word >> 32;
	char text[PROMPT_MAX + LINE_CHARACTERS];
	handle_t caller;
	bool goes_on;

	if (prompt > PROMPT_MAX || bytes > LINE_CHARACTERS || cursor > bytes ||
	    MESSAGE_WORDS(message->info) < MESSAGE_TEXT_WORDS(1, prompt + bytes))
		return false;
	message_get_text(message, 1, 0, text, prompt + bytes);
	if (sys_reply_keep(&caller))
		return false;
	goes_on = is_same_reader(text, (unsigned)prompt, message->badge);
	if (reader)
		answer(CONSOLE_REFUSED);
	reader = caller;
	state->badge = message->badge;
	if (!goes_on)
		line_begin(&state->editor, text, (unsigned)prompt, text + prompt, (unsigned)bytes, (unsigned)cursor);
	state->is_reading = true;
	if (state->is_cut || (is_interrupted && !message->badge)) /* its signal must not end what the next line starts */
		answer(CONSOLE_INTERRUPTED);
	state->is_cut = false;
	state->is_owed &= message->badge != 0; /* the shell is back: there is nothing left to be ended */
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
	is_interrupted = false;
	if (state->is_owed)
		(void)sys_signal(interrupts, interrupt_bits);
	state->is_owed = false;
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

/* handle(), and a note for the driver that follows if it is fatal. */
static bool handle_noted(struct message *message)
{
	bool is_due;

	state->is_busy = true;
	is_due = handle(message);
	state->is_busy = false;
	if (reader) /* its line was shown: that can be done */
		state->deaths = 0;
	return is_due;
}

void serve(handle_t endpoint, handle_t notification)
{
	struct message message;
	enum error error = state_open(&state);

	if (error)
		fail("it can't map what it is to keep", error);
	output_begin();
	devices_start(notification, state);
	error = ipc_receive(endpoint, &message, TIMEOUT_FOREVER);
	while (!error) {
		bool is_due = handle_noted(&message);

		error = is_due ? ipc_reply_recv(endpoint, &message, TIMEOUT_FOREVER) : OK;
		if (!is_due || error) /* who called may have died: then it is the next one's turn */
			error = ipc_receive(endpoint, &message, TIMEOUT_FOREVER);
	}
	fail("it can't receive", error);
}
