/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/uart.c: the serial port, a PL011 (Arm DDI 0183), polled. Works from the first line of C on:
 * at QEMU virt's address until the device tree named another. Any context, no lock.
 */
#include "uart.h"

#include "devices.h"

#define UART_DATA       0x00
#define UART_FLAGS      0x18
#define UART_LINE       0x2c
#define UART_CONTROL    0x30
#define UART_IRQ_MASK   0x38

#define FLAG_BUSY       (1u << 3)
#define FLAG_FULL       (1u << 5)
#define LINE_8N1_FIFO   ((3u << 5) | (1u << 4))
#define CONTROL_ON      ((1u << 0) | (1u << 8) | (1u << 9)) /* UART, transmitter, receiver */

void __init uart_start(void)
{
	vaddr_t uart = device_base(DEVICE_UART);

	/* The baud rate stays as the firmware set it; writing LINE takes it over. */
	device_write(uart, UART_IRQ_MASK, 0);
	device_write(uart, UART_LINE, LINE_8N1_FIFO);
	device_write(uart, UART_CONTROL, CONTROL_ON);
}

static void put(vaddr_t uart, char c)
{
	while (device_read(uart, UART_FLAGS) & FLAG_FULL)
		arch_cpu_relax();
	device_write(uart, UART_DATA, (uint8_t)c);
}

void arch_uart_write(const char *text, size_t bytes)
{
	vaddr_t uart = device_base(DEVICE_UART);

	if (!uart)
		return;
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n')
			put(uart, '\r');
		put(uart, text[i]);
	}
	while (device_read(uart, UART_FLAGS) & FLAG_BUSY)
		arch_cpu_relax();
}
