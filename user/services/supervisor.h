/* SPDX-License-Identifier: MIT */
/*
 * supervisor.h: what the programs that the supervisor starts find in their table of handles, and what the shell asks it.
 * user/program/supervisor.c.
 */
#ifndef AMBER_USER_SUPERVISOR_H
#define AMBER_USER_SUPERVISOR_H

#include "thread.h"

/* console: HANDLE_UART, HANDLE_UART_IRQ, HANDLE_SYSTEM (send, receive), HANDLE_KEYBOARD and HANDLE_KEYBOARD_IRQ at their usual
 * numbers, and the endpoint where its clients call (receive). A handle without rights stands where the machine has no such thing. */
#define HANDLE_CONSOLE_ENDPOINT HANDLE_GIVEN
#define HANDLE_CONSOLE_MEMORY   (HANDLE_KEYBOARD_IRQ + 1) /* memory (read, write, map): what is to outlive it; all 0 at first */
#define CONSOLE_MEMORY_PAGES    5
/* sh: HANDLE_LAB (lab=on only) and HANDLE_SYSTEM (read, send, control) at their usual numbers, and: */
#define HANDLE_CONSOLE    4 /* endpoint, send and grant: the console driver, see console.h */
#define HANDLE_SUPERVISOR 5 /* endpoint, send: calls with these labels */

/* The next command of run=. The answer: word 0 = 1 + its bytes, 0 = that was all; the text, cut to SUPERVISOR_TEXT_MAX bytes, from
 * word 1 on. Who asks again behind a restart gets the one behind. */
#define SUPERVISOR_NEXT     1
#define SUPERVISOR_TEXT_MAX 256

#endif
