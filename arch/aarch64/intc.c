/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/intc.c: the interrupt controller, a GICv2 (Arm IHI 0048): everything masked but each CPU's
 * virtual timer and what CPUs send each other. Started by an initcall, then called with interrupts masked.
 */
#include "intc.h"

#include <amber/log.h>
#include <amber/upcalls.h>

#include "devices.h"
#include "timer.h"

/* Distributor */
#define GICD_CTLR        0x000
#define GICD_TYPER       0x004
#define GICD_ISENABLER   0x100
#define GICD_ICENABLER   0x180
#define GICD_ICPENDR     0x280
#define GICD_IPRIORITYR  0x400
#define GICD_ITARGETSR   0x800
#define GICD_SGIR        0xf00
#define GICD_PIDR2       0xfe8
/* CPU interface */
#define GICC_CTLR        0x00
#define GICC_PMR         0x04
#define GICC_IAR         0x0c
#define GICC_EOIR        0x10

#define GIC_NUMBER_MASK  0x3ff
#define GIC_SPURIOUS     1020 /* and up: nothing to handle */
#define GIC_SOFTWARE     16   /* below: sent by CPUs */
#define GIC_SHARED       32   /* from here on lines of devices */
#define GIC_PRIORITY     0x80

static unsigned __ro_after_init line_count;
static uint8_t __ro_after_init target_masks[MAX_CPUS]; /* how to reach each CPU */

static void set_bit(unsigned registers, unsigned number)
{
	device_write(device_base(DEVICE_GIC_DISTRIBUTOR), registers + number / 32 * 4, 1u << (number % 32));
}

enum error __init arch_intc_init(void)
{
	vaddr_t distributor = device_base(DEVICE_GIC_DISTRIBUTOR), cpu = device_base(DEVICE_GIC_CPU);
	unsigned timer = device_timer_irq();

	if (!distributor || !cpu)
		return ERR_NOT_MAPPED;
	if (((device_read(distributor, GICD_PIDR2) >> 4) & 15) != 2) {
		log_error("intc", "the interrupt controller is no GICv2");
		return ERR_HARDWARE;
	}
	line_count = 32 * ((device_read(distributor, GICD_TYPER) & 31) + 1);
	if (timer >= 32)
		return ERR_RANGE; /* not private to a CPU: no timer */
	device_write(distributor, GICD_CTLR, 0);
	for (unsigned i = 1; i < line_count / 32; i++) {
		device_write(distributor, GICD_ICENABLER + i * 4, UINT32_MAX);
		device_write(distributor, GICD_ICPENDR + i * 4, UINT32_MAX);
	}
	intc_start(0);
	device_write(distributor, GICD_CTLR, 1);
	return OK;
}

/* The first 32 lines are private to each CPU: software interrupts and the timer (IHI 0048, 3.1.2). */
void intc_start(unsigned id)
{
	vaddr_t distributor = device_base(DEVICE_GIC_DISTRIBUTOR), cpu = device_base(DEVICE_GIC_CPU);
	unsigned timer = device_timer_irq();

	device_write(distributor, GICD_ICENABLER, UINT32_MAX);
	device_write(distributor, GICD_ICPENDR, UINT32_MAX);
	*(volatile uint8_t *)(distributor + GICD_IPRIORITYR + timer) = GIC_PRIORITY;
	for (unsigned i = 0; i < CPU_INTERRUPT_COUNT; i++) {
		*(volatile uint8_t *)(distributor + GICD_IPRIORITYR + i) = GIC_PRIORITY;
		set_bit(GICD_ISENABLER, i);
	}
	set_bit(GICD_ISENABLER, timer);
	/* The private lines' targets say which CPU of the controller's this one is. */
	target_masks[id] = (uint8_t)device_read(distributor, GICD_ITARGETSR);
	device_write(cpu, GICC_PMR, 0xff);
	device_write(cpu, GICC_CTLR, 1);
}

/* Lines that devices share between CPUs; they go to the first CPU. QEMU's and most devices' are level-triggered, which is how
 * the controller begins: a line that is still raised fires at once. */
enum error arch_irq_line_enable(unsigned line)
{
	vaddr_t distributor = device_base(DEVICE_GIC_DISTRIBUTOR);

	if (line < GIC_SHARED || line >= line_count)
		return ERR_RANGE;
	*(volatile uint8_t *)(distributor + GICD_IPRIORITYR + line) = GIC_PRIORITY;
	*(volatile uint8_t *)(distributor + GICD_ITARGETSR + line) = target_masks[0];
	set_bit(GICD_ISENABLER, line);
	return OK;
}

void arch_irq_line_disable(unsigned line)
{
	if (line >= GIC_SHARED && line < line_count)
		set_bit(GICD_ICENABLER, line);
}

void intc_send(unsigned id, enum cpu_interrupt what)
{
	__asm__ volatile("dsb ishst" ::: "memory"); /* what it is about is seen before it arrives */
	device_write(device_base(DEVICE_GIC_DISTRIBUTOR), GICD_SGIR, (uint32_t)target_masks[id] << 16 | what);
}

void intc_dispatch(struct trap_frame *frame)
{
	vaddr_t cpu = device_base(DEVICE_GIC_CPU);
	uint32_t taken = device_read(cpu, GICC_IAR);
	unsigned number = taken & GIC_NUMBER_MASK;
	bool is_timer = number == device_timer_irq();

	if (number >= GIC_SPURIOUS)
		return;
	if (number < GIC_SOFTWARE) {
		device_write(cpu, GICC_EOIR, taken);
		irq_from_cpu((enum cpu_interrupt)number);
		return;
	}
	/* Quiet the source, then end the interrupt *before* it is handled: the handler may switch threads. */
	if (is_timer)
		timer_rearm();
	else
		set_bit(GICD_ICENABLER, number);
	device_write(cpu, GICC_EOIR, taken);
	irq_handle(frame, is_timer, number);
}
