/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/cpu.c: what this CPU offers, and its control registers after entry.S. x86_early runs on the
 * boot stack with boot tables live, before any other C code.
 */
#include "arch.h"
#include <amber/layout.h>

#include "io.h"
#include "x86.h"

#define FEATURES_MAX 3

#define CPUID_EXTENDED 0x80000001u
#define CPUID_NX       (1u << 20) /* in edx */

#define LOOP_ROUNDS       4
#define LOOP_INSTRUCTIONS 2 /* of one turn */

const char arch_name[] = "x86_64";
const uint16_t arch_elf_machine = 62; /* EM_X86_64 */
const uint64_t arch_zero_block_bytes = 0;
paddr_t arch_image_phys __ro_after_init = IMAGE_BASE - 0xffffffff80000000ull;

static const char *features[FEATURES_MAX + 1] __ro_after_init;
static bool has_nx __ro_after_init;
static bool counts_instructions __ro_after_init;

static __init void features_find(void)
{
	static const struct {
		uint64_t cr4;
		const char *name;
	} known[FEATURES_MAX] = { { CR4_SMEP, "SMEP" }, { CR4_SMAP, "SMAP" }, { CR4_UMIP, "UMIP" } };
	uint64_t cr4 = cr4_read();
	unsigned count = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (cr4 & known[i].cr4)
			features[count++] = known[i].name;
	has_nx = cpuid_read(CPUID_EXTENDED).edx & CPUID_NX;
}

/* Clock ticks of a loop of `turns` turns with LOOP_INSTRUCTIONS each, plus a constant. */
static __init uint64_t loop_ticks(uint64_t turns)
{
	uint64_t start = arch_instructions();

	__asm__ volatile("1:\tdecq %0\n\tjnz 1b" : "+r"(turns) : : "cc");
	return arch_instructions() - start;
}

static __init bool clock_is_exact(void)
{
	/* Different lengths: a CPU that happens to take one cycle per instruction would have to hit all of them. */
	for (uint64_t turns = 64; turns < 64 + LOOP_ROUNDS; turns++) {
		uint64_t once = loop_ticks(turns), twice = loop_ticks(2 * turns);

		if (twice - once != turns * LOOP_INSTRUCTIONS)
			return false;
	}
	return true;
}

__init void x86_early(void)
{
	descriptors_early();
	uart_early();
	intc_mask_pic();
	features_find();
	counts_instructions = clock_is_exact();
}

const char *arch_cpu_missing(const struct boot_info *boot_info)
{
	(void)boot_info;
	return has_nx ? NULL : "NX";
}

const char *const *arch_cpu_features(void)
{
	return features;
}

bool arch_clock_counts_instructions(void)
{
	return counts_instructions;
}

void arch_percpu_install(struct percpu *cpu)
{
	msr_write(MSR_GS_BASE, (uintptr_t)cpu);
	msr_write(MSR_KERNEL_GS_BASE, 0);
}

void arch_root_load(uint64_t root_value)
{
	/* No entry is global and there is no PCID: the load drops every translation (SDM vol. 3, 4.10.4.1). */
	__asm__ volatile("movq %0, %%cr3" : : "r"(root_value) : "memory");
}

void arch_halt(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt" : : : "memory");
}

void arch_write_protect_off(void)
{
#ifdef AMBER_BREAK
	__asm__ volatile("movq %0, %%cr0" : : "r"(cr0_read() & ~CR0_WP) : "memory");
#endif
}
