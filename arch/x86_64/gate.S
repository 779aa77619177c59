/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/gate.S: the one door to sealed memory. Masks interrupts, loads the gate root,
 * then the gate stack, calls one function by number, and goes back: stack first, then root. Everything
 * that must survive is in registers that C code preserves, so nothing is read back from writable memory:
 *   rbx = flags before (only IF is used)   rbp = root before   r12 = stack pointer before
 * Root before stack on the way in, stack before root on the way out: RSP is mapped at every instruction.
 */
#include <amber/gate_ops.h>
#include <amber/percpu.h>

#define FLAGS_IF 0x200

	.text
	.balign 16
	.globl arch_gate_call
	.type arch_gate_call, @function
/* rdi = operation, rsi rdx rcx r8 r9 = its arguments */
arch_gate_call:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushfq
	popq %rbx
	cli
	movq %cr3, %rbp
	movq %rsp, %r12
	movq %gs:PERCPU_GATE_ROOT, %rax
	movq %rax, %cr3
	movq %gs:PERCPU_GATE_SP, %rsp
	pushq %r12 /* for C code inside: the caller's stack and root, at the fixed top of the gate stack */
	pushq %rbp
	cmpq $GATE_OP_COUNT, %rdi
	jae 2f
	movq %rdi, %rax
	movq %rsi, %rdi
	movq %rdx, %rsi
	movq %rcx, %rdx
	movq %r8, %rcx
	movq %r9, %r8
	call *gate_functions(,%rax,8)
	movq %r12, %rsp
	movq %rbp, %cr3
	/* sti instead of popfq: the flags went through ordinary memory, nothing else of them may come back. */
	testl $FLAGS_IF, %ebx
	jz 1f
	sti
1:	popq %r12
	popq %rbp
	popq %rbx
	ret
2:	ud2
	.size arch_gate_call, . - arch_gate_call
	.section .note.GNU-stack, "", @progbits
