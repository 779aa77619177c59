/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/user_mode.c: the registers that user mode needs, on each CPU before the seal; a thread's first frame; ports for
 * drivers. Any context but for user_mode_init.
 */
#include "arch.h"
#include <amber/broken.h>
#include <amber/string.h>

#include "io.h"
#include "trap_frame.h"
#include "x86.h"

#define RFLAGS_FIXED 2u
#define RFLAGS_DF    0x400u
#define RFLAGS_NT    0x4000u

#define DR7_NONE     0x400ull /* SDM vol. 3, 17.2.4: the bit that reads as one */

#define COM1_PORT  0x3f8
#define COM1_PORTS 0xff

bool x86_has_smap __ro_after_init;
unsigned arch_asids __ro_after_init;
const bool arch_root_has_kernel_half = true;
struct arch_user_device arch_user_devices[USER_DEVICES] __ro_core = {
	[USER_DEVICE_UART] = { .port = COM1_PORT, .ports = COM1_PORTS },
};

static void cr4_write(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

/* Doors to ring 0 that firmware or a loader may have left behind: `sysenter` (closed by a null selector, SDM vol. 2B, SYSENTER),
 * call gates in a local descriptor table, and breakpoints, which would hit before an entry's swapgs. */
static void doors_close(void)
{
	msr_write(MSR_SYSENTER_CS, 0);
	__asm__ volatile("lldt %w0" : : "r"(0));
	__asm__ volatile("movq %0, %%dr7" : : "r"(DR7_NONE));
}

/* `syscall` goes to syscall_entry with these flags cleared (SDM vol. 3, 5.8.8). No floating point, MMX or SSE in user mode:
 * nobody saves their registers (CR0.EM; CR4.OSFXSR is 0). */
void user_mode_init(void)
{
	uint64_t cr4 = cr4_read();

	doors_close();
	msr_write(MSR_STAR, (uint64_t)SELECTOR_CODE << 32 | (uint64_t)(SELECTOR_USER_DATA - 8) << 48);
	msr_write(MSR_LSTAR, (uintptr_t)syscall_entry);
	msr_write(MSR_FMASK, RFLAGS_IF | RFLAGS_TF | RFLAGS_AC | RFLAGS_DF | RFLAGS_NT);
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
	__asm__ volatile("movq %0, %%cr0" : : "r"(cr0_read() | CR0_EM) : "memory");
	if (this_cpu()->id == 0)
		x86_has_smap = cr4 & CR4_SMAP;
	if (is_broken(BROKEN_SMEP))
		cr4_write(cr4_read() & ~CR4_SMEP);
	if (is_broken(BROKEN_SMAP))
		cr4_write(cr4_read() & ~CR4_SMAP);
}

void arch_user_frame_init(struct trap_frame *frame, vaddr_t pc, vaddr_t sp, uint64_t argument)
{
	memset(frame, 0, sizeof(*frame));
	frame->rdi = argument;
	frame->rip = pc;
	frame->rsp = sp;
	frame->cs = SELECTOR_USER_CODE;
	frame->ss = SELECTOR_USER_DATA;
	frame->rflags = RFLAGS_IF | RFLAGS_FIXED;
}

void arch_code_written(const void *start, size_t bytes)
{
	(void)start, (void)bytes; /* caches of instructions follow stores by themselves: SDM vol. 3, 11.6 */
}

uint32_t arch_port_read(uint16_t port, unsigned bytes)
{
	return bytes == 1 ? io_in8(port) : bytes == 2 ? io_in16(port) : io_in32(port);
}

void arch_port_write(uint16_t port, unsigned bytes, uint32_t value)
{
	if (bytes == 1)
		io_out8(port, (uint8_t)value);
	else if (bytes == 2)
		io_out16(port, (uint16_t)value);
	else
		io_out32(port, value);
}
