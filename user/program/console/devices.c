/* SPDX-License-Identifier: MIT */
/*
 * user/program/console/devices.c: what is typed comes from two devices, either of which may be missing. Their interrupt lines are
 * masked by the kernel when they fire, until they are acknowledged. What is left then fires no more on some devices: whoever stops
 * early comes again by itself.
 */
#include "server.h"

#include "uart.h"

#define DRAIN_MAX       256 /* bytes from one device before clients have their turn */
#define PORT_DATA       0   /* of the PS/2 controller */
#define PORT_STATUS     4
#define STATUS_HAS_BYTE 0x01
#define STATUS_IS_MOUSE 0x20

static struct terminal_input *terminal;
static struct keyboard_input *keyboard;
static handle_t events;

/* What a driver before this one has left in them interrupts no more on some devices (a PL011 whose interrupt was cleared): those that
 * there are have their first turn at once. */
void devices_start(handle_t notification, struct state *state)
{
	uint64_t found = 0;

	terminal = &state->terminal;
	keyboard = &state->keyboard;
	events = notification;
	if (!uart_open() && !sys_irq_bind(HANDLE_UART_IRQ, notification, EVENT_UART)) {
		uart_interrupt(true);
		found |= EVENT_UART;
	}
	if (!sys_irq_bind(HANDLE_KEYBOARD_IRQ, notification, EVENT_KEYBOARD))
		found |= EVENT_KEYBOARD;
	if (found)
		(void)sys_signal(notification, found);
}

static void drain_uart(key_function take)
{
	unsigned i;
	char byte;

	for (i = 0; i < DRAIN_MAX && uart_get(&byte); i++)
		take(key_from_terminal(terminal, (uint8_t)byte));
	if (i == DRAIN_MAX)
		(void)sys_signal(events, EVENT_UART);
	(void)!sys_irq_acknowledge(HANDLE_UART_IRQ);
}

static bool keyboard_get(uint8_t *code)
{
	uint64_t status, byte;

	for (;;) {
		if (sys_device_read(HANDLE_KEYBOARD, PORT_STATUS, 1, &status) || !(status & STATUS_HAS_BYTE))
			return false;
		if (sys_device_read(HANDLE_KEYBOARD, PORT_DATA, 1, &byte))
			return false;
		*code = (uint8_t)byte;
		if (!(status & STATUS_IS_MOUSE))
			return true;
	}
}

static void drain_keyboard(key_function take)
{
	unsigned i;
	uint8_t code;

	for (i = 0; i < DRAIN_MAX && keyboard_get(&code); i++)
		take(key_from_keyboard(keyboard, code));
	if (i == DRAIN_MAX)
		(void)sys_signal(events, EVENT_KEYBOARD);
	(void)!sys_irq_acknowledge(HANDLE_KEYBOARD_IRQ);
}

void devices_drain(uint64_t bits, key_function take)
{
	if (bits & EVENT_UART)
		drain_uart(take);
	if (bits & EVENT_KEYBOARD)
		drain_keyboard(take);
}
