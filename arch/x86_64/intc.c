/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/intc.c: the interrupt controllers. The 8259 pair is masked for good. The local APIC's page is
 * mapped in the gate root only: every access is a gate call that ends in arch_gate_device, which takes
 * the registers below and no other.
 */
#include "arch.h"
#include <amber/gate_ops.h>

#include "apic.h"
#include "io.h"
#include "trap_frame.h"
#include "x86.h"

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1
#define PIC_INIT     0x11 /* ICW1: edge, cascade, ICW4 follows */
#define PIC_8086     0x01 /* ICW4 */

/* Where the gate root maps the registers: class core, because the gate stores through it. */
static volatile uint8_t *registers __ro_core;
/* Set when the local APIC has been switched on: before that there is nobody to send an end of interrupt to. */
static bool is_on __ro_after_init;

__init void intc_mask_pic(void)
{
	/* Away from the CPU's exceptions first: firmware leaves IRQ 0 at vector 8. Then masked. */
	io_out8(PIC1_COMMAND, PIC_INIT);
	io_out8(PIC2_COMMAND, PIC_INIT);
	io_out8(PIC1_DATA, VECTOR_PIC);
	io_out8(PIC2_DATA, VECTOR_PIC + 8);
	io_out8(PIC1_DATA, 4);
	io_out8(PIC2_DATA, 2);
	io_out8(PIC1_DATA, PIC_8086);
	io_out8(PIC2_DATA, PIC_8086);
	io_out8(PIC1_DATA, 0xff);
	io_out8(PIC2_DATA, 0xff);
}

__init void intc_mapped(vaddr_t local_apic)
{
	registers = (volatile uint8_t *)(uintptr_t)local_apic;
}

static bool is_allowed(uint64_t reg, uint64_t value)
{
	switch (reg) {
	case APIC_TPR:
	case APIC_EOI:
	case APIC_SPURIOUS:
	case APIC_TIMER_INITIAL:
	case APIC_TIMER_DIVIDE:
		return value <= UINT32_MAX;
	case APIC_LVT_TIMER:
	case APIC_LVT_THERMAL:
	case APIC_LVT_COUNTERS:
	case APIC_LVT_LINT0:
	case APIC_LVT_LINT1:
	case APIC_LVT_ERROR:
		/* No SMI and no INIT: they leave the kernel's hands. */
		return value <= UINT32_MAX && ((value & APIC_DELIVERY) == 0 || (value & APIC_DELIVERY) == APIC_NMI);
	default:
		return false;
	}
}

enum error arch_gate_device(uint64_t reg, uint64_t value)
{
	if (reg == IO_APIC_REQUEST)
		return io_apic_gate(value);
	if (!registers || !is_allowed(reg, value))
		return ERR_INVALID;
	*(volatile uint32_t *)(registers + reg) = (uint32_t)value;
	return OK;
}

enum error intc_write(uint32_t reg, uint32_t value)
{
	return (enum error)arch_gate_call(GATE_DEVICE, reg, value, 0, 0, 0);
}

void intc_end_of_interrupt(void)
{
	if (is_on)
		(void)intc_write(APIC_EOI, 0);
}

enum error intc_gate_send(uint32_t hardware_id, uint32_t command)
{
	volatile uint32_t *low, *high;

	if (!registers)
		return ERR_HARDWARE;
	low = (volatile uint32_t *)(registers + APIC_ICR_LOW);
	high = (volatile uint32_t *)(registers + APIC_ICR_HIGH);
	while (*low & APIC_PENDING) /* the one before is still on its way */
		arch_cpu_relax();
	*high = hardware_id << 24;
	*low = command;
	return OK;
}

enum error intc_start(void)
{
	static const struct {
		uint32_t reg, value;
	} setup[] = {
		{ APIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS },
		{ APIC_LVT_TIMER, APIC_MASKED },
		{ APIC_LVT_THERMAL, APIC_MASKED },
		{ APIC_LVT_COUNTERS, APIC_MASKED },
		{ APIC_LVT_LINT0, APIC_MASKED },
		{ APIC_LVT_LINT1, APIC_NMI }, /* the board's NMI button goes on working */
		{ APIC_LVT_ERROR, APIC_MASKED },
		{ APIC_TPR, 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(setup); i++) {
		enum error error = intc_write(setup[i].reg, setup[i].value);

		if (error)
			return error;
	}
	return OK;
}

__init enum error arch_intc_init(void)
{
	enum error error = intc_start();

	is_on = !error;
	if (!error) {
		io_apic_start();
		keyboard_start();
	}
	return error;
}
