/* SPDX-License-Identifier: MIT */
/* keys.h: what was typed, whatever it came from, as one byte each: keys.c (serial line), keyboard.c (PS/2). Pure. */
#ifndef AMBER_CONSOLE_KEYS_H
#define AMBER_CONSOLE_KEYS_H

#include <amber/types.h>

#define CONTROL(letter) ((letter) & 0x1f)

/* Printable characters are themselves, control characters too, but for these. */
enum key {
	KEY_NONE = 0,
	KEY_BACKSPACE = 8,
	KEY_TAB = 9,
	KEY_ENTER = 10,
	KEY_DELETE = 0x80,
	KEY_LEFT, KEY_RIGHT, KEY_UP, KEY_DOWN, KEY_HOME, KEY_END,
};

/* A terminal: escape sequences, and CR, LF or both for Return. All 0 at first. */
struct terminal_input {
	uint8_t state;
	uint8_t number;    /* the sequence's first */
	bool has_number;   /* it is complete */
	bool has_returned; /* the byte before was CR: LF belongs to it */
};
/* KEY_NONE: nothing, or not yet. */
uint8_t key_from_terminal(struct terminal_input *input, uint8_t byte);

#define PAUSE_BYTES 5

/* A keyboard with US layout, scan code set 1. All 0 at first. */
struct keyboard_input {
	bool is_extended; /* the byte before was 0xe0 */
	uint8_t skip;     /* bytes of the Pause key that are still to come */
	bool left_shift, right_shift, left_control, right_control, has_caps, caps_is_down, has_digits, num_is_down;
};
uint8_t key_from_keyboard(struct keyboard_input *input, uint8_t code);

#endif
