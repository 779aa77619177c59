/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/vdso.S: uint64_t vdso_time_us(void), for user mode: the kernel copies it to a page of its own (kernel/vdso.c),
 * so it may refer to nothing but struct vdso_data (abi.h), which lies one page below its first byte. The same as arch_time_us.
 */
	.section .rodata
	.balign 4
	.globl arch_vdso_start, arch_vdso_end
	.type arch_vdso_start, %object
	.type arch_vdso_end, %object
arch_vdso_start:
	adr x2, arch_vdso_start
	sub x2, x2, #4096
	isb                     /* the counter is not read early (Arm ARM, D11.2.2) */
	mrs x1, cntvct_el0
	ldp x3, x4, [x2, #8]    /* counter_base, scale */
	ldr x5, [x2, #24]       /* shift: 1 to 63 */
	sub x1, x1, x3
	mul x0, x1, x4
	umulh x1, x1, x4
	neg x6, x5
	lsr x0, x0, x5
	lsl x1, x1, x6          /* by 64 - shift */
	orr x0, x0, x1
	ret
arch_vdso_end:
	.size arch_vdso_start, . - arch_vdso_start
