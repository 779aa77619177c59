/* SPDX-License-Identifier: MIT */
/*
 * probes.S: aarch64's probes for `traps`. Registers x0 to x30; x16 and x17 are always lost. Each may leave any stack
 * pointer and any flags behind.
 */
#include "../probes.h"

#define X(n) (1 << (n))
#define SYS_NULL 0

#define KERNEL_DATA 0xffff800000000000 /* the direct map */
#define KERNEL_TEXT 0xffffffff80200000
#define VDSO_DATA   0x7fffffe000

	/* All registers but x16 and x17, from or to the array at x16. */
	.macro EACH_PAIR what
	\what x0, x1, [x16]
	\what x2, x3, [x16, #16]
	\what x4, x5, [x16, #32]
	\what x6, x7, [x16, #48]
	\what x8, x9, [x16, #64]
	\what x10, x11, [x16, #80]
	\what x12, x13, [x16, #96]
	\what x14, x15, [x16, #112]
	\what x18, x19, [x16, #144]
	\what x20, x21, [x16, #160]
	\what x22, x23, [x16, #176]
	\what x24, x25, [x16, #192]
	\what x26, x27, [x16, #208]
	\what x28, x29, [x16, #224]
	.ifc \what, ldp
	ldr x30, [x16, #240]
	.else
	str x30, [x16, #240]
	.endif
	.endm

	.macro PROBE name, fault, lost=0, addr=0
	.pushsection .rodata.str1.1, "aMS", %progbits, 1
1:	.asciz "\name"
	.popsection
	.pushsection .rodata.probes, "a"
	.quad 1b, 2f, 3f, \fault, \addr, X(16) | X(17) | \lost
	.popsection
2:
	.endm
	.macro NEXT
3:	b probe_done
	.endm
	/* One instruction that is an exception. */
	.macro FORBIDDEN name, instruction:vararg
	PROBE "\name", PROBE_EXCEPTION
	\instruction
	NEXT
	.endm

	.section .rodata.probes, "a"
	.balign 8
	.globl probes
probes:

	.text
	.globl probe_run
	.type probe_run, %function
/* x0 = probe */
probe_run:
	stp x29, x30, [sp, #-96]!
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	ldr x17, [x0, #PROBE_CODE]
	adrp x16, stack_pointer
	mov x1, sp
	str x1, [x16, #:lo12:stack_pointer]
	adrp x16, probe_before
	add x16, x16, #:lo12:probe_before
	EACH_PAIR ldp
	br x17
probe_done:
	adrp x16, stack_pointer
	ldr x17, [x16, #:lo12:stack_pointer]
	mov sp, x17
	adrp x16, probe_after
	add x16, x16, #:lo12:probe_after
	EACH_PAIR stp
	ldp x19, x20, [sp, #16]
	ldp x21, x22, [sp, #32]
	ldp x23, x24, [sp, #48]
	ldp x25, x26, [sp, #64]
	ldp x27, x28, [sp, #80]
	ldp x29, x30, [sp], #96
	ret
	.size probe_run, . - probe_run

	/* Exceptions */
	FORBIDDEN "udf", udf #0
	FORBIDDEN "brk", brk #1
	FORBIDDEN "hlt", hlt #1
	FORBIDDEN "hvc", hvc #0
	FORBIDDEN "smc", smc #0

	/* Privileged */
	FORBIDDEN "eret", eret
	FORBIDDEN "masking interrupts", msr daifset, #2
	FORBIDDEN "choosing the stack pointer", msr spsel, #0
	FORBIDDEN "opening user memory", .inst 0xd500409f /* msr pan, #0 */
	FORBIDDEN "read of sctlr_el1", mrs x0, sctlr_el1
	FORBIDDEN "write of sctlr_el1", msr sctlr_el1, x0
	FORBIDDEN "write of vbar_el1", msr vbar_el1, x0
	FORBIDDEN "write of ttbr0_el1", msr ttbr0_el1, x0
	FORBIDDEN "write of ttbr1_el1", msr ttbr1_el1, x0
	FORBIDDEN "write of tcr_el1", msr tcr_el1, x0
	FORBIDDEN "write of elr_el1", msr elr_el1, x0
	FORBIDDEN "write of spsr_el1", msr spsr_el1, x0
	FORBIDDEN "write of sp_el0", msr sp_el0, x0
	FORBIDDEN "write of tpidr_el1", msr tpidr_el1, x0
	FORBIDDEN "write of tpidrro_el0", msr tpidrro_el0, x0
	FORBIDDEN "read of mpidr_el1", mrs x0, mpidr_el1
	FORBIDDEN "write of mdscr_el1", msr mdscr_el1, x0
	FORBIDDEN "write of dbgbvr0_el1", msr dbgbvr0_el1, x0
	FORBIDDEN "the kernel's timer", msr cntp_ctl_el0, x0
	FORBIDDEN "the virtual timer", msr cntv_ctl_el0, x0
	FORBIDDEN "counters", msr pmcr_el0, x0
	FORBIDDEN "tlbi", tlbi vmalle1
	FORBIDDEN "ic iallu", ic iallu
	FORBIDDEN "dc isw", dc isw, x0
	FORBIDDEN "dc ivac", dc ivac, x0
	FORBIDDEN "dc zva", dc zva, x0
	FORBIDDEN "at", at s1e1r, x0

	/* Registers that nobody saves */
	FORBIDDEN "floating point", .inst 0x1e6e1000 /* fmov d0, #1.0: clang takes it for an error here */
	FORBIDDEN "SIMD", .inst 0x4f00e400 /* movi v0.16b, #0 */

	/* Memory */
	PROBE "null is read", PROBE_READ, X(0), 0
	mov x0, #0
	ldr x0, [x0]
	NEXT
	PROBE "kernel data is read", PROBE_READ, X(0), KERNEL_DATA
	ldr x0, =KERNEL_DATA
	ldr x0, [x0]
	NEXT
	PROBE "kernel data is written", PROBE_WRITE, X(0), KERNEL_DATA
	ldr x0, =KERNEL_DATA
	str x0, [x0]
	NEXT
	/* The image by the direct map, the gate's window and devices, another's devices, a kernel stack. */
	.irp area, 0xffff800040200000, 0xffff808040200000, 0xffff810000000000, 0xffff818000000000, 0xffffc00000007ff8
	PROBE "the kernel's area at \area is read", PROBE_READ, X(0), \area
	ldr x0, =\area
	ldr x0, [x0]
	NEXT
	PROBE "the kernel's area at \area is written", PROBE_WRITE, X(0), \area
	ldr x0, =\area
	str x0, [x0]
	NEXT
	.endr
	PROBE "kernel text is read", PROBE_READ, X(0), KERNEL_TEXT
	ldr x0, =KERNEL_TEXT
	ldrb w0, [x0]
	NEXT
	PROBE "kernel text is executed", PROBE_EXECUTE, X(0), KERNEL_TEXT
	ldr x0, =KERNEL_TEXT
	br x0
	NEXT
	PROBE "data is executed", PROBE_EXECUTE, X(0), stack_pointer
	ldr x0, =stack_pointer
	br x0
	NEXT
	PROBE "code is written", PROBE_WRITE, X(0), probe_run
	ldr x0, =probe_run
	str x0, [x0]
	NEXT
	PROBE "the vDSO is written", PROBE_WRITE, X(0), VDSO_DATA
	ldr x0, =VDSO_DATA
	str x0, [x0]
	NEXT

	/* Stack pointers */
	PROBE "the kernel's memory as stack", PROBE_WRITE, X(0), KERNEL_DATA
	ldr x0, =KERNEL_DATA + 16
	mov sp, x0
	str x0, [sp, #-16]!
	NEXT
	PROBE "a trap without a stack", PROBE_EXCEPTION, X(0)
	mov x0, #0
	mov sp, x0
	udf #0
	NEXT
	PROBE "a system call with the kernel's memory as stack", PROBE_NO_FAULT, X(0) | X(1) | X(8)
	ldr x1, =KERNEL_DATA + 8
	mov sp, x1
	mov x8, #SYS_NULL
	svc #0
	mov x1, sp
	ldr x8, =KERNEL_DATA + 8
	cmp x1, x8
	b.ne unexpected
	cbnz x0, unexpected
	NEXT

	PROBE "all condition flags survive a system call", PROBE_NO_FAULT, X(0) | X(1) | X(8)
	mov x1, #0xf0000000
	msr nzcv, x1
	mov x8, #SYS_NULL
	svc #0
	mrs x0, nzcv
	cmp x0, x1
	b.ne unexpected
	NEXT
	PROBE "a register for threads", PROBE_NO_FAULT, X(0)
	msr tpidr_el0, x1
	mrs x0, tpidr_el0
	cmp x0, x1
	b.ne unexpected
	NEXT
	PROBE "the virtual counter", PROBE_NO_FAULT, X(0)
	mrs x0, cntvct_el0
	NEXT

unexpected:
	udf #1
	.ltorg

	.section .rodata.probes, "a"
	.globl probes_end
probes_end:

	.bss
	.balign 8
	.globl probe_before, probe_after
probe_before:
	.fill PROBE_REGISTERS, 8, 0
probe_after:
	.fill PROBE_REGISTERS, 8, 0
stack_pointer:
	.quad 0
	.section .note.GNU-stack, "", %progbits
