/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/syscall.S: the way in by the `syscall` instruction, and the one way out to user mode. The ABI is in arch.h: r14 is
 * lost, so that the user's stack pointer has a place while there is no other. Interrupts are masked (FMASK).
 */
#include <amber/percpu.h>
#include "trap_frame.h"

	.text
	.balign 16
	.globl syscall_entry
	.type syscall_entry, @function
/* rcx = where to go on, r11 = flags. Builds a struct trap_frame at the top of the thread's kernel stack. */
syscall_entry:
	swapgs
	movq %rsp, %r14
	movq %gs:PERCPU_STATE, %rsp
	movq STATE_KERNEL_SP(%rsp), %rsp
	pushq $SELECTOR_USER_DATA
	pushq %r14
	pushq %r11
	pushq $SELECTOR_USER_CODE
	pushq %rcx
	pushq $0
	pushq $VECTOR_SYSCALL
	pushq %rax
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	xorl %ebp, %ebp /* the end of a backtrace */
	call syscall_handle
	.size syscall_entry, . - syscall_entry

	.globl user_resume
	.type user_resume, @function
/* rax = the frame of the thread that runs now. When it is the stack, the old thread's is free for others: the big lock goes.
 * A frame made here goes out as it came: rcx and r11 in their places are the program counter and the flags. sysretq faults in
 * ring 0 if rcx is not canonical (SDM vol. 2B, SYSRET); here it is behind a `syscall` instruction, which lies in the user
 * slot, far below the end of the lower half. */
user_resume:
	movq %rax, %rsp
	movl $0, big_lock_holder(%rip)
	cmpl $VECTOR_SYSCALL, FRAME_VECTOR(%rsp)
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rbp
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rbx
	popq %rax
	jne 1f
	movq %r14, %rsp
	swapgs
	sysretq
1:	addq $16, %rsp
	swapgs
	iretq
	.size user_resume, . - user_resume
	.section .note.GNU-stack, "", @progbits
