/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/uart.c: the serial line COM1 (16550), polled, 115200 8N1. Works from the first C line on, in
 * any context; the caller orders writers.
 */
#include "arch.h"

#include "io.h"
#include "x86.h"

#define COM1              0x3f8
#define UART_DATA         (COM1 + 0)
#define UART_INTERRUPTS   (COM1 + 1)
#define UART_FIFO         (COM1 + 2)
#define UART_LINE         (COM1 + 3)
#define UART_MODEM        (COM1 + 4)
#define UART_LINE_STATUS  (COM1 + 5)
#define UART_DIVISOR_LOW  (COM1 + 0) /* while LINE_DIVISOR is set */
#define UART_DIVISOR_HIGH (COM1 + 1)

#define LINE_8N1     0x03
#define LINE_DIVISOR 0x80
#define FIFO_CLEAR   0x07 /* on, both directions emptied */
#define MODEM_READY  0x03 /* DTR, RTS; no interrupt output */
#define ROOM         0x20 /* the transmitter takes a byte */
#define ALL_SENT     0x40

#define WAIT_MAX 1000000 /* polls: a dead line must not stop the machine */

static void wait_for(uint8_t bit)
{
	for (unsigned i = 0; i < WAIT_MAX && !(io_in8(UART_LINE_STATUS) & bit); i++)
		arch_cpu_relax();
}

static void put(char c)
{
	wait_for(ROOM);
	io_out8(UART_DATA, (uint8_t)c);
}

__init void uart_early(void)
{
	io_out8(UART_INTERRUPTS, 0);
	io_out8(UART_LINE, LINE_DIVISOR);
	io_out8(UART_DIVISOR_LOW, 1); /* 115200 */
	io_out8(UART_DIVISOR_HIGH, 0);
	io_out8(UART_LINE, LINE_8N1);
	io_out8(UART_FIFO, FIFO_CLEAR);
	io_out8(UART_MODEM, MODEM_READY);
}

void arch_uart_write(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n')
			put('\r');
		put(text[i]);
	}
	wait_for(ALL_SENT);
}
