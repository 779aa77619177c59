/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/timer.c: time and the tick. Time is the time-stamp counter, the tick is the local APIC's
 * timer. Both rates are measured at once: ticks of a known number of APIC counts, timed by the counter
 * and by channel 2 of the PIT, whose rate is known; the CPU halts meanwhile. Of a short and a long tick
 * only the difference counts, which takes out the time that an interrupt needs to arrive.
 */
#include "arch.h"

#include <amber/stretch.h>

#include "apic.h"
#include "io.h"
#include "trap_frame.h"
#include "x86.h"

#define PIT_HZ           1193182ull
#define PIT_CHANNEL2     0x42
#define PIT_COMMAND      0x43
#define PIT_RELOAD       0xb4 /* channel 2, both bytes, mode 2: counts down, over and over */
#define PIT_LATCH        0x80 /* channel 2: hold the count for reading */
#define PIT_GATE_PORT    0x61
#define PIT_GATE         0x01 /* channel 2 counts */
#define PIT_SPEAKER      0x02

#define COUNTS_SHORT     20000 /* of the APIC: 0.3 ms at QEMU's 62.5 MHz */
#define COUNTS_LONG      80000 /* 1.3 ms; 53 ms at 1.5 MHz, below one round of the PIT */
#define ROUNDS           5
#define MICROSECONDS     1000000ull

static uint64_t tsc_to_us __ro_after_init; /* microseconds per 2^32 ticks of the counter; 0 = not known yet */
static uint64_t wait_instructions __ro_after_init;
static uint32_t tick_counts __ro_after_init; /* of a local APIC's timer for one tick */

/* Calibration only: set by the interrupt. */
static volatile bool calibration_done;

struct sample {
	uint64_t tsc, pit; /* what one round took */
};

static __init void pit_start(void)
{
	io_out8(PIT_GATE_PORT, (uint8_t)((io_in8(PIT_GATE_PORT) & ~PIT_SPEAKER) | PIT_GATE));
	io_out8(PIT_COMMAND, PIT_RELOAD);
	io_out8(PIT_CHANNEL2, 0); /* 65536 */
	io_out8(PIT_CHANNEL2, 0);
}

static __init uint16_t pit_read(void)
{
	uint8_t low;

	io_out8(PIT_COMMAND, PIT_LATCH);
	low = io_in8(PIT_CHANNEL2);
	return (uint16_t)(io_in8(PIT_CHANNEL2) << 8 | low);
}

/* One tick of `counts` APIC counts. Interrupts are masked before and behind it. The counter is read outside the PIT: a
 * delay between the two, like a late interrupt, can only make `tsc` too large. */
static __init struct sample measure(uint32_t counts)
{
	uint64_t tsc = arch_instructions();
	uint16_t pit = pit_read();

	calibration_done = false;
	if (intc_write(APIC_TIMER_INITIAL, counts))
		return (struct sample){ 0, 0 };
	while (!calibration_done) {
		arch_wait_for_interrupt();
		(void)arch_irq_save();
	}
	pit = (uint16_t)(pit - pit_read());
	return (struct sample){ .tsc = arch_instructions() - tsc, .pit = pit };
}

/* The rates, in ticks of the counter. On a busy host single rounds are off by any amount (the PIT even wraps), but
 * always to the same side: the smallest value is the best. */
struct rates {
	uint64_t tsc_hz;
	uint64_t brief, full; /* ticks for COUNTS_SHORT and COUNTS_LONG */
};

static __init enum error calibrate(struct rates *rates)
{
	*rates = (struct rates){ UINT64_MAX, UINT64_MAX, UINT64_MAX };
	if (intc_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16) || intc_write(APIC_LVT_TIMER, VECTOR_CALIBRATE))
		return ERR_HARDWARE;
	pit_start();
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct sample brief = measure(COUNTS_SHORT), full = measure(COUNTS_LONG);

		if (!brief.tsc || !full.tsc || !full.pit)
			return ERR_HARDWARE;
		rates->brief = MIN(rates->brief, brief.tsc);
		rates->full = MIN(rates->full, full.tsc);
		rates->tsc_hz = MIN(rates->tsc_hz, full.tsc * PIT_HZ / full.pit);
	}
	return OK;
}

/* APIC counts for one tick of ours. */
static __init uint64_t counts_per_tick(const struct rates *rates)
{
	bool has_both = rates->full > rates->brief; /* else even the best rounds were late */
	uint64_t counts = has_both ? COUNTS_LONG - COUNTS_SHORT : COUNTS_LONG;

	return counts * rates->tsc_hz / (has_both ? rates->full - rates->brief : rates->full) / TIMER_HZ;
}

void timer_calibration_tick(void)
{
	calibration_done = true;
}

__init enum error arch_timer_init(void)
{
	uint64_t start = arch_instructions(), irq_state = arch_irq_save();
	struct rates rates;
	enum error error;

	LEFT_OUT_BEGIN("calibration");
	error = calibrate(&rates);
	LEFT_OUT_END("calibration");
	wait_instructions = arch_instructions() - start;
	arch_irq_restore(irq_state);
	if (error)
		return error;
	tsc_to_us = (MICROSECONDS << 32) / rates.tsc_hz;
	tick_counts = (uint32_t)counts_per_tick(&rates);
	return arch_timer_start();
}

enum error arch_timer_start(void)
{
	if (!tick_counts || intc_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16) ||
	    intc_write(APIC_LVT_TIMER, APIC_PERIODIC | VECTOR_TIMER) || intc_write(APIC_TIMER_INITIAL, tick_counts))
		return ERR_HARDWARE;
	return OK;
}

uint64_t arch_time_us(void)
{
	return (uint64_t)((unsigned __int128)(arch_instructions() - entry_instructions) * tsc_to_us >> 32);
}

void arch_clock_describe(uint64_t *base, uint64_t *scale, uint64_t *shift)
{
	*base = entry_instructions;
	*scale = tsc_to_us;
	*shift = 32;
}

uint64_t arch_entry_instructions(void)
{
	return entry_instructions;
}

uint64_t arch_hardware_wait_instructions(void)
{
	return wait_instructions;
}
