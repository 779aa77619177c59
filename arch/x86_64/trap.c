/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/trap.c: says in machine-neutral words what a trap means and hands it on: faults to
 * mm/fault.c, interrupts to kernel/irq.c. Interrupts are masked; called by trap.S only.
 */
#include "arch.h"
#include <amber/log.h>
#include <amber/upcalls.h>

#include "io.h"
#include "trap_frame.h"
#include "x86.h"

/* Page-fault error code, Intel SDM vol. 3, 4.7 */
#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_FETCH   16u

#define DR6_CLEAR 0xffff0ff0ull

const size_t arch_frame_bytes = sizeof(struct trap_frame);

/* Intel SDM vol. 3, table 6-1; AMD APM vol. 2, table 8-1 for 28 to 30 */
static const char *const names[VECTOR_EXCEPTIONS] = {
	[0] = "divide error",
	[1] = "debug exception",
	[2] = "non-maskable interrupt",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bound range exceeded",
	[6] = "undefined instruction",
	[7] = "no floating-point unit",
	[8] = "double fault",
	[9] = "coprocessor segment overrun",
	[10] = "invalid TSS",
	[11] = "segment not present",
	[12] = "stack-segment fault",
	[13] = "general protection fault",
	[14] = "page fault",
	[16] = "floating-point error",
	[17] = "alignment check",
	[18] = "machine check",
	[19] = "SIMD floating-point error",
	[20] = "virtualization exception",
	[21] = "control protection exception",
	[28] = "hypervisor injection exception",
	[29] = "VMM communication exception",
	[30] = "security exception",
};

void trap_describe(struct fault *fault, unsigned vector, uint64_t error, uint64_t cr2, vaddr_t rsp)
{
	const char *name = vector < VECTOR_EXCEPTIONS ? names[vector] : NULL;

	*fault = (struct fault){ .name = name ? name : "reserved exception", .code = error };
	if (vector == VECTOR_PAGE_FAULT) {
		fault->is_memory = true;
		fault->addr = cr2;
		fault->is_write = error & PF_WRITE;
		fault->is_exec = error & PF_FETCH;
		fault->is_present = error & PF_PRESENT;
	} else if (vector == VECTOR_DOUBLE_FAULT && cr2 == (rsp & ~15ull) - 8) {
		/* CR2 is the first slot of a frame pushed at that RSP: the stack could not be written. What failed
		 * first is most likely a push, and its store begins 8 bytes below RSP. */
		fault->is_memory = true;
		fault->is_write = true;
		fault->is_stack = true;
		fault->addr = rsp - 8;
	}
}

static void trap_fault(struct trap_frame *frame)
{
	uint64_t cr2 = cr2_read();
	struct fault fault;

	if (frame->vector == VECTOR_DEBUG) /* the CPU never clears it by itself: SDM vol. 3, 17.2.3 */
		__asm__ volatile("movq %0, %%dr6" : : "r"(DR6_CLEAR));
	trap_describe(&fault, (unsigned)frame->vector, frame->error, cr2, frame->rsp);
	fault_handle(frame, &fault);
}

static void trap_interrupt(struct trap_frame *frame)
{
	unsigned vector = (unsigned)frame->vector;
	bool is_device = vector == VECTOR_UART || vector == VECTOR_KEYBOARD;
	unsigned number = is_device ? arch_user_devices[vector - VECTOR_UART].irq_line : vector;

	/* Spurious ones have no end-of-interrupt (SDM vol. 3, 10.9); the 8259s are masked, so theirs are spurious. */
	if (vector == VECTOR_SPURIOUS || (vector >= VECTOR_PIC && vector < VECTOR_PIC_END))
		return;
	if (vector == VECTOR_CALIBRATE) {
		timer_calibration_tick();
		intc_end_of_interrupt();
		return;
	}
	if (is_device) /* by level: masked before the end of interrupt, else it comes again at once */
		arch_irq_line_disable(number);
	/* Before the handler: it may switch to another thread. */
	intc_end_of_interrupt();
	if (vector == VECTOR_CPU) {
		irq_from_cpu(CPU_INTERRUPT_WAKE);
		return;
	}
	irq_handle(frame, vector == VECTOR_TIMER, number);
}

void trap_handle(struct trap_frame *frame)
{
	if (frame->vector < VECTOR_EXCEPTIONS)
		trap_fault(frame);
	else
		trap_interrupt(frame);
}

/* From user mode; behind it user_resume. Double faults and machine checks are the kernel's trouble, wherever they come from. */
struct trap_frame *trap_handle_user(struct trap_frame *frame)
{
	uint64_t cr2 = cr2_read();
	struct fault fault;

	if (frame->vector >= VECTOR_EXCEPTIONS) {
		trap_interrupt(frame);
		return user_interrupted(frame);
	}
	if (frame->vector == VECTOR_DEBUG)
		__asm__ volatile("movq %0, %%dr6" : : "r"(DR6_CLEAR));
	trap_describe(&fault, (unsigned)frame->vector, frame->error, cr2, frame->rsp);
	if (frame->vector == VECTOR_DOUBLE_FAULT || frame->vector == VECTOR_MACHINE_CHECK)
		panic_fault(frame, &fault, "while in user mode");
	return user_fault(frame, &fault);
}

vaddr_t arch_frame_pc(const struct trap_frame *frame)
{
	return frame->rip;
}

vaddr_t arch_frame_sp(const struct trap_frame *frame)
{
	return frame->rsp;
}

vaddr_t arch_frame_fp(const struct trap_frame *frame)
{
	return frame->rbp;
}

void arch_frame_set_pc(struct trap_frame *frame, vaddr_t pc)
{
	frame->rip = pc;
}

bool arch_frame_irqs_enabled(const struct trap_frame *frame)
{
	return frame->rflags & RFLAGS_IF;
}

void arch_frame_print(const struct trap_frame *frame)
{
	log_error("regs", "rax %016lx rbx %016lx rcx %016lx rdx %016lx", frame->rax, frame->rbx, frame->rcx, frame->rdx);
	log_error("regs", "rsi %016lx rdi %016lx rbp %016lx rsp %016lx", frame->rsi, frame->rdi, frame->rbp, frame->rsp);
	log_error("regs", "r8  %016lx r9  %016lx r10 %016lx r11 %016lx", frame->r8, frame->r9, frame->r10, frame->r11);
	log_error("regs", "r12 %016lx r13 %016lx r14 %016lx r15 %016lx", frame->r12, frame->r13, frame->r14, frame->r15);
	log_error("regs", "rip %016lx flags %lx cs %lx ss %lx vector %lu error %lx", frame->rip, frame->rflags, frame->cs,
	          frame->ss, frame->vector, frame->error);
	log_error("regs", "cr0 %lx cr2 %lx cr3 %lx cr4 %lx, %lu NMIs", cr0_read(), cr2_read(), arch_root_current(),
	          cr4_read(), trap_nmi_count);
}
