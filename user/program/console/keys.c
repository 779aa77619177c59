/* SPDX-License-Identifier: MIT */
/* user/program/console/keys.c: bytes from a terminal: its escape sequences (ECMA-48, xterm, VT220) become keys. Pure. */
#include "keys.h"

enum { PLAIN, ESCAPE, SEQUENCE, SINGLE_SHIFT };

#define ESC     0x1b
#define RUBOUT  0x7f
#define NUMBER_MAX 99 /* none of interest */

static uint8_t plain(struct terminal_input *input, uint8_t byte)
{
	bool is_second = input->has_returned && byte == '\n';

	input->has_returned = byte == '\r';
	if (byte == '\r')
		return KEY_ENTER;
	if (is_second || byte >= 0x80) /* no character here has more than 7 bits */
		return KEY_NONE;
	return byte == RUBOUT ? KEY_BACKSPACE : byte;
}

static uint8_t final(uint8_t byte, uint8_t number)
{
	static const uint8_t numbered[] = { 0, KEY_HOME, 0, KEY_DELETE, KEY_END, 0, 0, KEY_HOME, KEY_END };

	switch (byte) {
	case 'A': return KEY_UP;
	case 'B': return KEY_DOWN;
	case 'C': return KEY_RIGHT;
	case 'D': return KEY_LEFT;
	case 'H': return KEY_HOME;
	case 'F': return KEY_END;
	case '~': return number < sizeof(numbered) ? numbered[number] : KEY_NONE;
	default: return KEY_NONE;
	}
}

static uint8_t in_sequence(struct terminal_input *input, uint8_t byte)
{
	if (input->state == SEQUENCE && byte < 0x40) {
		if (byte < '0' || byte > '9')
			input->has_number = true;
		else if (!input->has_number)
			input->number = (uint8_t)MIN(input->number * 10 + byte - '0', NUMBER_MAX);
		return KEY_NONE;
	}
	input->state = PLAIN;
	return final(byte, input->number);
}

uint8_t key_from_terminal(struct terminal_input *input, uint8_t byte)
{
	if (byte == ESC) {
		input->has_returned = false;
		input->number = 0;
		input->has_number = false;
		input->state = ESCAPE;
		return KEY_NONE;
	}
	if (byte < ' ' || byte >= RUBOUT) /* no part of a sequence: it ends here */
		input->state = PLAIN;
	if (input->state == PLAIN)
		return plain(input, byte);
	if (input->state != ESCAPE)
		return in_sequence(input, byte);
	input->state = byte == '[' ? SEQUENCE : byte == 'O' ? SINGLE_SHIFT : PLAIN;
	return KEY_NONE;
}
