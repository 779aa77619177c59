/* SPDX-License-Identifier: MIT */
/*
 * crt0.S: where a program's threads begin. The kernel has set the stack up and put the address of the thread's message page
 * into rdi; all other registers are 0.
 */
	.text
	.globl user_first_instruction, user_thread_first
	.type user_first_instruction, @function
user_first_instruction:
	xorl %ebp, %ebp
	call user_main
	ud2
	.size user_first_instruction, . - user_first_instruction

	.type user_thread_first, @function
user_thread_first:
	xorl %ebp, %ebp
	call user_thread_main
	ud2
	.size user_thread_first, . - user_thread_first
