/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/vdso.S: uint64_t vdso_time_us(void), for user mode: the kernel copies it to a page of its own (kernel/vdso.c),
 * so it may refer to nothing but struct vdso_data (abi.h), which lies one page below its first byte. The same as arch_time_us.
 */
	.section .rodata
	.globl arch_vdso_start, arch_vdso_end
	.type arch_vdso_start, @object
	.type arch_vdso_end, @object
arch_vdso_start:
	rdtsc
	leaq arch_vdso_start-4096(%rip), %rsi
	shlq $32, %rdx
	orq %rdx, %rax
	subq 8(%rsi), %rax  /* counter_base */
	mulq 16(%rsi)       /* scale; 128 bits in rdx:rax */
	movl 24(%rsi), %ecx /* shift: 1 to 63 */
	shrdq %cl, %rdx, %rax
	ret
arch_vdso_end:
	.size arch_vdso_start, . - arch_vdso_start
