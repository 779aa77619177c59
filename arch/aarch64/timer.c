/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/timer.c: time from the virtual counter, and the tick from the virtual timer (Arm ARM, D11).
 * The counter's frequency is known without calibration. arch_time_us in any context; the rest: see timer.h.
 */
#include "timer.h"

#define TIMER_ENABLE 1 /* CNTV_CTL_EL0; IMASK = 0 */

uint64_t __ro_after_init entry_time;

/* The isb keeps the read from being done early (D11.2.2). */
static uint64_t counter(void)
{
	__asm__ volatile("isb" ::: "memory");
	return READ_REGISTER(cntvct_el0);
}

static uint64_t tick_length(void)
{
	return READ_REGISTER(cntfrq_el0) / TIMER_HZ;
}

void timer_rearm(void)
{
	uint64_t next = READ_REGISTER(cntv_cval_el0) + tick_length(), now = counter();

	/* Ticks that were missed (the machine stood still) are dropped. */
	if (next <= now)
		next = now + tick_length();
	WRITE_REGISTER(cntv_cval_el0, next);
	__asm__ volatile("isb" ::: "memory");
}

enum error __init arch_timer_init(void)
{
	return arch_timer_start();
}

enum error arch_timer_start(void)
{
	if (!tick_length())
		return ERR_HARDWARE; /* the firmware didn't set CNTFRQ */
	WRITE_REGISTER(cntv_cval_el0, counter() + tick_length());
	WRITE_REGISTER(cntv_ctl_el0, TIMER_ENABLE);
	__asm__ volatile("isb" ::: "memory");
	return OK;
}

uint64_t arch_time_us(void)
{
	uint64_t frequency = READ_REGISTER(cntfrq_el0), passed = counter() - entry_time;

	if (!frequency)
		return 0;
	return passed / frequency * 1000000 + passed % frequency * 1000000 / frequency;
}

void arch_clock_describe(uint64_t *base, uint64_t *scale, uint64_t *shift)
{
	uint64_t frequency = READ_REGISTER(cntfrq_el0);

	*base = entry_time;
	*scale = frequency ? (uint64_t)(((unsigned __int128)1000000 << 40) / frequency) : 0;
	*shift = 40;
}

/* The counter starts at 0 at entry. */
uint64_t arch_entry_instructions(void)
{
	return 0;
}

/* Nothing is calibrated here. */
uint64_t arch_hardware_wait_instructions(void)
{
	return 0;
}
