/* SPDX-License-Identifier: MIT */
/* uart.h: the registers of a PL011 (Arm DDI 0183), for the program `uart`: one page of device memory, mapped into its space. */
#ifndef AMBER_USER_UART_H
#define AMBER_USER_UART_H

#include "memory.h"
#include "program.h"

#define UART_DATA         0x00
#define UART_FLAGS        0x18
#define UART_IRQ_MASK     0x38
#define UART_IRQ_CLEAR    0x44

#define FLAG_NOTHING_CAME (1u << 4)
#define FLAG_FULL         (1u << 5)
#define IRQ_RECEIVED      (1u << 4 | 1u << 6) /* enough came, or something did and then nothing for a while */

static volatile uint8_t *uart_registers;

static inline volatile uint32_t *uart_register(unsigned offset)
{
	return (volatile uint32_t *)(uart_registers + offset);
}

static inline enum error uart_open(void)
{
	void *registers = NULL;
	enum error error = memory_map(HANDLE_UART, 1, MAP_READ | MAP_WRITE, &registers);

	uart_registers = registers;
	return error;
}

static inline void uart_interrupt(bool on)
{
	*uart_register(UART_IRQ_MASK) = on ? IRQ_RECEIVED : 0;
}

/* False: nothing has come. */
static inline bool uart_get(char *c)
{
	*uart_register(UART_IRQ_CLEAR) = IRQ_RECEIVED;
	if (*uart_register(UART_FLAGS) & FLAG_NOTHING_CAME)
		return false;
	*c = (char)*uart_register(UART_DATA);
	return true;
}

static inline void uart_put(char c)
{
	while (*uart_register(UART_FLAGS) & FLAG_FULL)
		(void)sys_yield();
	*uart_register(UART_DATA) = (uint8_t)c;
}

#endif
