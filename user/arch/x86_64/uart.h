/* SPDX-License-Identifier: MIT */
/*
 * uart.h: the registers of a 16550 (COM1), for the program `uart`. They are ports, so each access is a system call that the
 * handle allows.
 */
#ifndef AMBER_USER_UART_H
#define AMBER_USER_UART_H

#include "program.h"

#define UART_DATA        0
#define UART_INTERRUPTS  1
#define UART_MODEM       4
#define UART_LINE_STATUS 5

#define INTERRUPT_RECEIVED 0x01
#define MODEM_ON           0x0b /* DTR, RTS, and OUT2: on a PC that connects the interrupt */
#define MODEM_OFF          0x03
#define HAS_BYTE           0x01
#define HAS_ROOM           0x20

static inline uint64_t uart_read(uint64_t offset)
{
	uint64_t value = 0;
	enum error error = sys_device_read(HANDLE_UART, offset, 1, &value);

	if (error)
		fail("device_read", error);
	return value;
}

static inline void uart_write(uint64_t offset, uint64_t value)
{
	enum error error = sys_device_write(HANDLE_UART, offset, 1, value);

	if (error)
		fail("device_write", error);
}

static inline enum error uart_open(void)
{
	return OK;
}

static inline void uart_interrupt(bool on)
{
	uart_write(UART_MODEM, on ? MODEM_ON : MODEM_OFF);
	uart_write(UART_INTERRUPTS, on ? INTERRUPT_RECEIVED : 0);
}

/* False: nothing has come. */
static inline bool uart_get(char *c)
{
	if (!(uart_read(UART_LINE_STATUS) & HAS_BYTE))
		return false;
	*c = (char)uart_read(UART_DATA);
	return true;
}

static inline void uart_put(char c)
{
	while (!(uart_read(UART_LINE_STATUS) & HAS_ROOM))
		(void)sys_yield();
	uart_write(UART_DATA, (uint8_t)c);
}

#endif
