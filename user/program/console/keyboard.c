/* SPDX-License-Identifier: MIT */
/* user/program/console/keyboard.c: scan codes of set 1, as the PS/2 controller translates them; US layout. Pure. */
#include "keys.h"

#define EXTENDED      0xe0
#define PAUSE         0xe1 /* PAUSE_BYTES more follow */
#define RELEASED      0x80
#define LEFT_SHIFT    0x2a
#define RIGHT_SHIFT   0x36
#define LEFT_CONTROL  0x1d /* extended: the right one */
#define CAPS_LOCK     0x3a
#define NUM_LOCK      0x45
#define BESIDE_SHIFT  0x56 /* a key that only keyboards of other countries have */
#define KEYPAD_FIRST  0x47
#define KEYPAD_LAST   0x53
#define KEYPAD_ENTER  0x1c
#define KEYPAD_SLASH  0x35

static const char plain[] = "\0\x1b" "1234567890-=\b\t" "qwertyuiop[]\n\0" "asdfghjkl;'`\0\\" "zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\x1b" "!@#$%^&*()_+\b\t" "QWERTYUIOP{}\n\0" "ASDFGHJKL:\"~\0|" "ZXCVBNM<>?\0*\0 ";
/* From KEYPAD_FIRST on: a keypad without its lock (it starts without), and with 0xe0 before them the keys of their own. */
static const uint8_t keypad[] = { KEY_HOME, KEY_UP, 0, '-', KEY_LEFT, 0, KEY_RIGHT, '+', KEY_END, KEY_DOWN, 0, 0, KEY_DELETE };
static const char keypad_digits[] = "789-456+1230.";

_Static_assert(sizeof(plain) == sizeof(shifted), "they go by code");
_Static_assert(sizeof(keypad) == sizeof(keypad_digits) - 1, "they go by code");

/* A lock changes when its key goes down; a key that is held repeats that. */
static void toggle(bool *lock, bool *key_is_down, bool is_down)
{
	*lock ^= is_down && !*key_is_down;
	*key_is_down = is_down;
}

/* True: the code is one of these keys'. */
static bool modifier(struct keyboard_input *input, uint8_t code, bool is_down)
{
	if (code == LEFT_CONTROL && input->is_extended)
		input->right_control = is_down;
	else if (code == LEFT_CONTROL)
		input->left_control = is_down;
	else if (code == LEFT_SHIFT && !input->is_extended) /* with 0xe0 the keyboard only pretends */
		input->left_shift = is_down;
	else if (code == RIGHT_SHIFT && !input->is_extended)
		input->right_shift = is_down;
	else if (code == CAPS_LOCK)
		toggle(&input->has_caps, &input->caps_is_down, is_down);
	else if (code == NUM_LOCK && !input->is_extended) /* with 0xe0 a part of Pause, on some keyboards */
		toggle(&input->has_digits, &input->num_is_down, is_down);
	else
		return false;
	return true;
}

static uint8_t character(const struct keyboard_input *input, uint8_t code)
{
	bool has_shift = input->left_shift || input->right_shift;
	char c = code < sizeof(plain) ? (has_shift ? shifted : plain)[code] : '\0';

	if (code == BESIDE_SHIFT)
		c = has_shift ? '>' : '<';
	if (input->has_caps && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
		c ^= 'a' ^ 'A';
	if (!(input->left_control || input->right_control))
		return (uint8_t)c;
	/* Letters, and what terminals make of @[\]^_; others mean nothing then. */
	return (c >= '@' && c <= '_') || (c >= 'a' && c <= 'z') ? CONTROL(c) : KEY_NONE;
}

static uint8_t pressed(const struct keyboard_input *input, uint8_t code)
{
	if (code >= KEYPAD_FIRST && code <= KEYPAD_LAST && input->has_digits && !input->is_extended)
		return (uint8_t)keypad_digits[code - KEYPAD_FIRST];
	if (code >= KEYPAD_FIRST && code <= KEYPAD_LAST)
		return keypad[code - KEYPAD_FIRST];
	if (input->is_extended && code != KEYPAD_ENTER && code != KEYPAD_SLASH)
		return KEY_NONE;
	return character(input, code);
}

uint8_t key_from_keyboard(struct keyboard_input *input, uint8_t code)
{
	uint8_t key = KEY_NONE;

	if (input->skip) {
		input->skip--;
		return KEY_NONE;
	}
	if (code == PAUSE) {
		input->skip = PAUSE_BYTES;
		return KEY_NONE;
	}
	if (code == EXTENDED) {
		input->is_extended = true;
		return KEY_NONE;
	}
	if (!modifier(input, code & ~RELEASED, !(code & RELEASED)) && !(code & RELEASED))
		key = pressed(input, code);
	input->is_extended = false;
	return key == 0x1b ? KEY_NONE : key == '\r' ? KEY_ENTER : key;
}
