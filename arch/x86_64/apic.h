/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/apic.h: the local APIC's registers that Amber uses (Intel SDM vol. 3, 10.4.1, 10.5 and 10.6). The interrupt
 * command register starts CPUs in real mode, unpaged: only intc_gate_send writes it, with what smp.c asks for.
 */
#ifndef AMBER_X86_APIC_H
#define AMBER_X86_APIC_H

#define APIC_BYTES         4096
#define APIC_TPR           0x080
#define APIC_EOI           0x0b0
#define APIC_SPURIOUS      0x0f0
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_THERMAL   0x330
#define APIC_LVT_COUNTERS  0x340
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_DIVIDE  0x3e0
#define APIC_ICR_LOW       0x300
#define APIC_ICR_HIGH      0x310

/* Behind its page: no register, but a request to io_apic.c. */
#define IO_APIC_REQUEST    0x1000
#define IO_APIC_START      0 /* while starting: all lines masked */
#define IO_APIC_MASK       1 /* + 2 * enum user_device */
#define IO_APIC_UNMASK     2 /* the same */

#define APIC_ENABLE        0x100u   /* in APIC_SPURIOUS */
#define APIC_MASKED        0x10000u /* in an LVT */
#define APIC_PERIODIC      0x20000u
#define APIC_NMI           0x400u
#define APIC_DELIVERY      0x700u
#define APIC_INIT          0x500u  /* in APIC_ICR_LOW */
#define APIC_START_UP      0x600u
#define APIC_PENDING       0x1000u
#define APIC_ASSERT        0x4000u
#define APIC_DIVIDE_BY_16  0x3u

#define APIC_BASE_ENABLED  (1ull << 11) /* in IA32_APIC_BASE */
#define APIC_BASE_X2APIC   (1ull << 10)

#endif
