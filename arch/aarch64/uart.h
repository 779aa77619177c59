/* SPDX-License-Identifier: MIT */
/* arch/aarch64/uart.h: called by entry.S before the first line of generic code. */
#ifndef AMBER_AARCH64_UART_H
#define AMBER_AARCH64_UART_H

#include "arch.h"

void uart_start(void);

#endif
