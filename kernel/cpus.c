/* SPDX-License-Identifier: MIT */
/*
 * kernel/cpus.c: starting the other CPUs, their first C function, their idle loop, and stopping them. Not init code: a CPU
 * that comes up late must find it.
 */
#include "cpus.h"

#include <amber/log.h>
#include <amber/options.h>
#include <amber/panic.h>
#include <amber/upcalls.h>

#include <arch.h>

#include "big_lock.h"
#include "device_init.h"
#include "percpu_map.h"
#include "sched.h"
#include "shootdown.h"
#include "stack.h"
#include "thread.h"

#define ARRIVAL_US     10000000 /* from the start signal to the first sign of life; QEMU on a busy host may take a second */
#define STOP_SPINS     1000000

unsigned cpus_wanted(void)
{
	return MIN(arch_cpus_startable, options.smp);
}

void cpu_stop(void)
{
	this_cpu()->state->is_stopped = true;
	arch_halt();
}

void cpu_poll(void)
{
	tlb_shootdown_poll();
	if (panic_is_under_way() && panic_cpu() != this_cpu()->id)
		cpu_stop();
}

/* Guarded stacks for traps, for handling writes to sealed memory, and to start on. */
bool cpu_make_stacks(struct percpu *cpu)
{
	vaddr_t traps[ARCH_TRAP_STACKS] = { 0 };

	for (unsigned i = 0; i < arch_trap_stacks; i++)
		if (stack_alloc(&traps[i]))
			return false;
	if (stack_alloc(&cpu->story_sp) || stack_alloc(&cpu->idle_sp))
		return false;
	arch_traps_prepare(cpu, traps);
	return true;
}

static bool wait_for(const bool *sign)
{
	uint64_t begin = arch_time_us();

	while (!__atomic_load_n(sign, __ATOMIC_ACQUIRE)) {
		if (arch_time_us() - begin > ARRIVAL_US)
			return false;
		cpu_poll();
		arch_cpu_relax();
	}
	return true;
}

static void start(struct percpu *cpu)
{
	if (!cpu_make_stacks(cpu)) {
		log_warn("cpus", "no room for the stacks of CPU %u; going on without it", cpu->id);
		return;
	}
	if (arch_cpu_start(cpu) || !wait_for(&cpu->state->has_arrived)) {
		log_warn("cpus", "CPU %u (hardware id 0x%x) does not come up; going on without it", cpu->id, cpu->hardware_id);
		return;
	}
	__atomic_store_n(&cpu->is_online, true, __ATOMIC_RELEASE);
	if (!wait_for(&cpu->state->is_ready))
		panic("CPU %u has come up and stopped again", cpu->id);
}

static void say_who_stays_off(void)
{
	unsigned usable = MIN(arch_cpus_listed, (unsigned)MAX_CPUS);

	if (arch_cpus_startable < usable)
		log_warn("cpus", "%u of %u CPUs can't be started: they are not listed well enough", usable - arch_cpus_startable, usable);
	if (arch_cpus_listed > MAX_CPUS)
		log_warn("cpus", "the machine has %u CPUs; at most %u are used, the others stay off", arch_cpus_listed, MAX_CPUS);
	if (options.smp < usable)
		log_warn("cpus", "smp=%u: %u of %u CPUs %s off", options.smp, usable - options.smp, usable,
		         usable - options.smp == 1 ? "stays" : "stay");
}

static void __noreturn idle(void *argument)
{
	(void)argument;
	for (;;) {
		thread_yield();
		thread_wait();
	}
}

/* This thread runs when its CPU has nothing else. */
static void become_idle(void)
{
	arch_irq_save();
	big_lock_take();
	thread_current()->is_idle = thread_current()->is_essential = true;
	run_queues[this_cpu()->id].idle = thread_current();
	big_lock_drop();
}

static void first_idle(void *argument)
{
	become_idle();
	arch_irq_enable();
	idle(argument);
}

void cpus_start(void)
{
	struct thread *idle_thread;

	if (thread_start_on(0, "idle", first_idle, NULL, &idle_thread))
		panic("no room for the idle thread");
	thread_yield(); /* it becomes this CPU's idle thread, and is in no queue from then on */
	say_who_stays_off();
	percpu[0].is_online = true;
	if (cpus_wanted() > 1 && !device_init_has_timer())
		log_warn("cpus", "there is no timer: the other CPUs stay off");
	else
		for (unsigned id = 1; id < cpus_wanted(); id++)
			start(&percpu[id]);
	cpus_settle();
	if (cpus_online() > 1)
		log_info("cpus", "%u CPUs are up", cpus_online());
}

/* On the idle stack, interrupts masked, the kernel root loaded. */
void cpu_main(struct percpu *cpu)
{
	/* Touches nothing but this word until the first CPU has seen it: that may have gone on without us, and sealed. */
	__atomic_store_n(&cpu->state->has_arrived, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&cpu->is_online, __ATOMIC_ACQUIRE))
		arch_cpu_relax();
	arch_cpu_init(cpu);
	__atomic_store_n(&cpu->state->is_ready, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&cpus_are_settled, __ATOMIC_ACQUIRE))
		arch_cpu_relax();
	thread_init("idle", cpu->idle_sp);
	become_idle();
	if (arch_timer_start())
		panic("CPU %u has no timer", cpu->id);
	idle(NULL);
}

void on_each_cpu(void (*fn)(void *), void *argument)
{
	for (unsigned id = 0; id < MAX_CPUS; id++) {
		struct thread *thread;

		if (!percpu[id].is_online)
			continue;
		if (id == this_cpu()->id) {
			fn(argument);
			continue;
		}
		if (thread_start_on(id, "each-cpu", fn, argument, &thread))
			panic("no thread for CPU %u", id);
		thread_join(thread);
	}
}

void cpus_stop_others(void)
{
	arch_stop_others();
	for (unsigned spins = 0; spins < STOP_SPINS; spins++) {
		unsigned running = 0;

		for (unsigned id = 0; id < MAX_CPUS; id++)
			running += percpu[id].is_online && &percpu[id] != this_cpu() && !cpu_states[id].is_stopped;
		if (!running)
			return;
		arch_cpu_relax();
	}
}
