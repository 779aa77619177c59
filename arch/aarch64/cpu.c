/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/cpu.c: what this CPU offers, its per-CPU base, its vectors, and the first load of the
 * kernel's own tables. Runs while starting, but for arch_root_load and arch_halt (any context).
 */
#include "cpu.h"

#include "trap_frame.h"

const char arch_name[] = "aarch64";
const uint16_t arch_elf_machine = 183; /* EM_AARCH64 */
/* A zeroing store begins at most one such block below its address; a larger block is refused at boot. */
const uint64_t arch_zero_block_bytes = 64;

paddr_t __ro_after_init arch_image_phys;
bool __ro_after_init boot_tables_live = true;
uint32_t __ro_after_init pmu_kind;
bool __ro_after_init cpu_has_pan;
/* The first is optional. */
static const char *const features[] = { "PAN", "WXN", NULL };

static unsigned field(uint64_t reg, unsigned lowest_bit)
{
	return (reg >> lowest_bit) & 15;
}

static bool has_pan(void)
{
	return field(READ_REGISTER(id_aa64mmfr1_el1), 20) != 0;
}

/* Runs before the first atomic instruction: must not use any. */
const char *arch_cpu_missing(const struct boot_info *boot_info)
{
	uint64_t zero_block = READ_REGISTER(dczid_el0);

	if (field(READ_REGISTER(id_aa64isar0_el1), 20) < 2)
		return "LSE (Armv8.1)";
	if (field(READ_REGISTER(id_aa64mmfr0_el1), 28) == 15)
		return "4 KiB pages";
	if ((4u << (zero_block & 15)) > arch_zero_block_bytes)
		return "zeroing blocks of at most 64 bytes";
	if (boot_info->devices.gic_version == 3) /* its tables are memory that it writes by itself */
		return "GICv2 (QEMU: -M virt,gic-version=2)";
	return NULL;
}

const char *const *arch_cpu_features(void)
{
	return has_pan() ? features : features + 1;
}

void arch_percpu_install(struct percpu *cpu)
{
	WRITE_REGISTER(tpidr_el1, cpu);
}

/* The mistake: the kernel touches user memory wherever a pointer leads it. */
void pan_leave_out(void)
{
	if (!is_broken(BROKEN_PAN) || !has_pan())
		return;
	WRITE_REGISTER(sctlr_el1, READ_REGISTER(sctlr_el1) | SCTLR_SPAN);
	__asm__ volatile("msr pan, #0\n\tisb" ::: "memory");
}

/* Behind the boot tables: the low half translates nothing until a space is loaded, and what is writable is never
 * executable, whatever an entry says (WXN, which may be cached in TLBs, D17.2: so flush). */
static void leave_boot_tables(void)
{
	uint64_t sctlr = READ_REGISTER(sctlr_el1) | (1ull << SCTLR_WXN_BIT);

	user_space_prepare();
	cpu_has_pan = has_pan() && !is_broken(BROKEN_PAN);
	WRITE_REGISTER(ttbr0_el1, user_empty_root);
	WRITE_REGISTER(sctlr_el1, sctlr);
	__asm__ volatile("isb" ::: "memory");
	arch_tlb_invalidate_all();
	pan_leave_out();
	boot_tables_live = false;
}

void arch_root_load(uint64_t root_value)
{
	uint64_t before = arch_root_current();

	WRITE_REGISTER(ttbr1_el1, root_value);
	__asm__ volatile("isb" ::: "memory");
	if (boot_tables_live)
		leave_boot_tables();
	else if (before != root_value && before >> TTBR_ASID_SHIFT == root_value >> TTBR_ASID_SHIFT)
		arch_tlb_invalidate_all(); /* same ASID, other tables */
}

const unsigned arch_trap_stacks = 1;

void arch_traps_prepare(struct percpu *cpu, const vaddr_t stack_tops[ARCH_TRAP_STACKS])
{
	cpu->emergency_sp = stack_tops[0];
}

void arch_traps_install(struct percpu *cpu)
{
	(void)cpu;
	WRITE_REGISTER(vbar_el1, trap_vectors);
	/* From here on a SError that was pending or comes later is reported. */
	__asm__ volatile("isb\n\tmsr daifclr, #4" ::: "memory");
}

void arch_halt(void)
{
	for (;;)
		__asm__ volatile("msr daifset, #15\n\twfi" ::: "memory");
}

/* INST_RETIRED is offered where it counts exactly (QEMU: under -icount only). */
bool arch_clock_counts_instructions(void)
{
	return pmu_kind != PMU_NONE && (READ_REGISTER(pmceid0_el0) & (1u << PMU_EVENT_INST_RETIRED));
}

void arch_write_protect_off(void)
{
#ifdef AMBER_BREAK
	/* The hardware may clear AP[2] of a leaf with DBM by itself. */
	WRITE_REGISTER(tcr_el1, READ_REGISTER(tcr_el1) | (1ull << TCR_HA_BIT) | (1ull << TCR_HD_BIT));
	__asm__ volatile("isb" ::: "memory");
	arch_tlb_invalidate_all();
#endif
}
