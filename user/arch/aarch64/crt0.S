/* SPDX-License-Identifier: MIT */
/*
 * crt0.S: where a program's threads begin. The kernel has set the stack up and put the address of the thread's message page
 * into x0; all other registers are 0. A stack frame without a caller ends backtraces, and keeps sp below the stack's top,
 * which message_page() relies on.
 */
	.text
	.globl user_first_instruction, user_thread_first
	.type user_first_instruction, %function
user_first_instruction:
	stp xzr, xzr, [sp, #-16]!
	mov x29, sp
	bl user_main
	brk #0
	.size user_first_instruction, . - user_first_instruction

	.type user_thread_first, %function
user_thread_first:
	stp xzr, xzr, [sp, #-16]!
	mov x29, sp
	bl user_thread_main
	brk #0
	.size user_thread_first, . - user_thread_first
