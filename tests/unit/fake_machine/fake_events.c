/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_machine/fake_events.c: records what happens, each store of the gate included. The window is read-only
 * meanwhile; a store faults, its page is opened, the processor's trace flag stops behind the one instruction, and what differs
 * then was stored by it, whatever instruction it was. For x86_64 hosts.
 */
#define _GNU_SOURCE
#include "fake_machine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <amber/layout.h>

#define TRACE_FLAG 0x100

struct fake_event *fake_events;
unsigned fake_event_count;
bool fake_is_recording;

static void (*hook)(const struct fake_event *store);
static struct sigaction other_segv;
static uint64_t *open_page; /* in the window */
static uint64_t before[PAGE_SIZE / sizeof(uint64_t)];

static struct fake_event *append(enum fake_event_kind kind, uint64_t addr, uint64_t old, uint64_t new)
{
	if (fake_event_count == FAKE_EVENTS_MAX) {
		fprintf(stderr, "fake machine: too many events\n");
		abort();
	}
	fake_events[fake_event_count] = (struct fake_event){ kind, addr, old, new };
	return &fake_events[fake_event_count++];
}

void fake_note(enum fake_event_kind kind, uint64_t addr)
{
	if (fake_is_recording)
		append(kind, addr, 0, 0);
}

static void on_segv(int number, siginfo_t *info, void *context)
{
	uint64_t addr = (uint64_t)info->si_addr;

	if (!fake_is_recording || open_page || addr < WINDOW_BASE || addr >= WINDOW_BASE + FAKE_RAM_BYTES) {
		sigaction(number, &other_segv, NULL); /* it happens again, and is reported */
		return;
	}
	open_page = (uint64_t *)(addr & ~PAGE_MASK);
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(uint64_t); i++)
		before[i] = open_page[i];
	mprotect(open_page, PAGE_SIZE, PROT_READ | PROT_WRITE);
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= TRACE_FLAG;
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	unsigned first = fake_event_count;

	(void)number, (void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRACE_FLAG;
	mprotect(open_page, PAGE_SIZE, PROT_READ);
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(uint64_t); i++)
		if (open_page[i] != before[i])
			append(FAKE_STORE, (uint64_t)&open_page[i] - WINDOW_BASE, before[i], open_page[i]);
	open_page = NULL;
	for (unsigned i = first; hook && i < fake_event_count; i++)
		hook(&fake_events[i]);
}

void fake_events_install(void)
{
	fake_events = malloc(FAKE_EVENTS_MAX * sizeof(*fake_events));
	if (!fake_events)
		abort();
}

/* cmocka has handlers of its own while a test runs. */
void fake_record_begin(void (*behind_store)(const struct fake_event *store))
{
	struct sigaction segv = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction trap = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER };

	if (sigaction(SIGSEGV, &segv, &other_segv) || sigaction(SIGTRAP, &trap, NULL))
		abort();
	fake_event_count = 0;
	hook = behind_store;
	fake_is_recording = true;
}

void fake_record_end(void)
{
	fake_is_recording = false;
	sigaction(SIGSEGV, &other_segv, NULL);
}
