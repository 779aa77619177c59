/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/keyboard.c: makes the PS/2 controller (8042) and the keyboard behind it ready for a driver in user mode, which only
 * reads: commands to the controller could reset the machine. Once, while starting; without a controller nothing waits.
 */
#include "arch.h"

#include "io.h"
#include "x86.h"

#define PORT_DATA        0x60
#define PORT_COMMAND     0x64 /* written; read: the status */
#define PORTS            0x11 /* these two, from PORT_DATA on */
#define NO_DEVICE        0xff

#define STATUS_FULL      0x01 /* something can be read */
#define STATUS_BUSY      0x02 /* nothing may be written yet */

#define COMMAND_READ_MODE     0x20
#define COMMAND_WRITE_MODE    0x60
#define COMMAND_DISABLE_MOUSE 0xa7
#define COMMAND_DISABLE       0xad
#define COMMAND_ENABLE        0xae
#define COMMAND_TEST          0xaa
#define TEST_PASSED           0x55

#define MODE_INTERRUPT       0x01
#define MODE_MOUSE_INTERRUPT 0x02
#define MODE_DISABLED        0x10
#define MODE_MOUSE_DISABLED  0x20
#define MODE_TRANSLATE       0x40 /* to scan code set 1 */

#define KEYBOARD_SCAN 0xf4
#define KEYBOARD_ACK  0xfa

#define POLLS_MAX 100000 /* a port takes a microsecond or so */
#define FLUSH_MAX 64

/* Waits until these bits of the status are as wanted. */
static __init bool wait_for(uint8_t bits, bool is_set)
{
	for (unsigned i = 0; i < POLLS_MAX; i++)
		if (!(io_in8(PORT_COMMAND) & bits) == !is_set)
			return true;
	return false;
}

static __init bool put(uint16_t port, uint8_t value)
{
	if (!wait_for(STATUS_BUSY, false))
		return false;
	io_out8(port, value);
	return true;
}

static __init bool get(uint8_t *value)
{
	if (!wait_for(STATUS_FULL, true))
		return false;
	*value = io_in8(PORT_DATA);
	return true;
}

static __init void flush(void)
{
	for (unsigned i = 0; i < FLUSH_MAX && (io_in8(PORT_COMMAND) & STATUS_FULL); i++)
		(void)io_in8(PORT_DATA);
}

static __init bool set_mode(void)
{
	uint8_t mode, result;

	/* The test may put the mode back to what it is when power comes on, so it goes first. */
	if (!put(PORT_COMMAND, COMMAND_TEST) || !get(&result) || result != TEST_PASSED)
		return false;
	if (!put(PORT_COMMAND, COMMAND_READ_MODE) || !get(&mode))
		return false;
	mode &= (uint8_t)~(MODE_MOUSE_INTERRUPT | MODE_DISABLED);
	mode |= MODE_INTERRUPT | MODE_MOUSE_DISABLED | MODE_TRANSLATE;
	return put(PORT_COMMAND, COMMAND_WRITE_MODE) && put(PORT_DATA, mode) && put(PORT_COMMAND, COMMAND_ENABLE);
}

static __init bool controller_start(void)
{
	uint8_t answer;

	if (io_in8(PORT_COMMAND) == NO_DEVICE)
		return false;
	if (!put(PORT_COMMAND, COMMAND_DISABLE) || !put(PORT_COMMAND, COMMAND_DISABLE_MOUSE))
		return false;
	flush();
	if (!set_mode())
		return false;
	/* A keyboard that isn't there may be plugged in later: then it scans by itself. */
	if (put(PORT_DATA, KEYBOARD_SCAN) && get(&answer) && answer != KEYBOARD_ACK)
		flush();
	flush();
	return true;
}

__init void keyboard_start(void)
{
	struct arch_user_device *keyboard = &arch_user_devices[USER_DEVICE_KEYBOARD];

	if (!keyboard->irq_line)
		return;
	if (controller_start()) {
		keyboard->port = PORT_DATA;
		keyboard->ports = PORTS;
	} else {
		keyboard->irq_line = 0;
	}
}
