/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/syscall.S: the ways in from user mode, by the `syscall` instruction or a trap (trap.S), and the one way out.
 * The ABI is in arch.h: r14 is lost, so that the user's stack pointer has a place while there is no other. Interrupts are
 * masked (FMASK).
 */
#include <amber/percpu.h>
#include "trap_frame.h"
#include "trap_save.h"

	.text
/* On this CPU's entry stack, or that of the vector: rax, vector, error code and the hardware's five words move to the top of
 * the thread's kernel stack. */
	.globl trap_from_user
	.type trap_from_user, @function
trap_from_user:
	swapgs
	movq %gs:PERCPU_STATE, %rax
	movq STATE_KERNEL_SP(%rax), %rax
	word = 56
	.rept 8
	pushq word(%rsp)
	popq (word - 64)(%rax)
	word = word - 8
	.endr
	leaq -64(%rax), %rsp
	PUSH_REGISTERS
	cld
	CLEAR_AC
	xorl %ebp, %ebp
	movq %rsp, %rdi
	call trap_handle_user
	jmp user_resume
	.size trap_from_user, . - trap_from_user

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
	PUSH_REGISTERS
	movq %rsp, %rdi
	xorl %ebp, %ebp /* the end of a backtrace */
	call syscall_handle
	/* on into user_resume */
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
	POP_REGISTERS
	jne 1f
	movq %r14, %rsp
	swapgs
	.globl user_sysretq, user_iretq /* trap.S: may these two fault, the GS base is user mode's already */
user_sysretq:
	sysretq
1:	addq $16, %rsp
	swapgs
user_iretq:
	iretq
	.size user_resume, . - user_resume
	.section .note.GNU-stack, "", @progbits
