/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/user_space.c: what a user half needs besides its tables: an empty one for when no space is loaded, how many
 * ASIDs there are, and the first registers of a thread. Any context.
 */
#include "cpu.h"

#include <amber/layout.h>
#include <amber/string.h>

#include "trap_frame.h"

/* TTBR0 always points to a table: a space's root, or this one. */
static pte_t __ro_core __aligned(PAGE_SIZE) empty_table[PAGE_SIZE / sizeof(pte_t)];
paddr_t __ro_core user_empty_root;
unsigned __ro_after_init arch_asids;
const bool arch_root_has_kernel_half = false;

void user_space_prepare(void)
{
	bool has_16_bits = READ_REGISTER(tcr_el1) & (1ull << TCR_AS_BIT);

	user_empty_root = arch_image_phys + ((vaddr_t)empty_table - IMAGE_BASE);
	arch_asids = (has_16_bits ? UINT16_MAX : UINT8_MAX) - ASID_LAST_OWN;
}

void user_asid_wrong(unsigned asid)
{
	panic("a space with ASID %u is to be loaded", asid);
}

void arch_user_frame_init(struct trap_frame *frame, vaddr_t pc, vaddr_t sp, uint64_t argument)
{
	memset(frame, 0, sizeof(*frame)); /* pstate 0 = user mode, 64 bits, nothing masked */
	frame->x[0] = argument;
	frame->pc = pc;
	frame->sp = sp;
}

/* Arm ARM, B2.4.4: clean the data to where instructions are fetched from, then drop the instruction caches of all CPUs: all of
 * them, for they may be indexed by the virtual address, which is another one. */
void arch_code_written(const void *start, size_t bytes)
{
	size_t line = 4ul << ((READ_REGISTER(ctr_el0) >> 16) & 15);

	for (uintptr_t at = ALIGN_DOWN((uintptr_t)start, line); at < (uintptr_t)start + bytes; at += line)
		__asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" ::: "memory");
}

/* No machine with this kind of CPU has ports. */
uint32_t arch_port_read(uint16_t port, unsigned bytes)
{
	(void)port, (void)bytes;
	return 0;
}

void arch_port_write(uint16_t port, unsigned bytes, uint32_t value)
{
	(void)port, (void)bytes, (void)value;
}
