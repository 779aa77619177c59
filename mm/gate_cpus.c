/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_cpus.c: the gate's functions that reach other CPUs: starting one (only until the set is settled), sending it an
 * interrupt, and the two halves of a shootdown. The shootdown's numbers are class core: whoever can forge an answer can keep a
 * stale writable translation alive. Inside the gate; none of these takes the lock.
 */
#include "gate_parts.h"

#include "shootdown.h"

struct shootdown_numbers __ro_core shootdown_numbers;

static bool is_cpu(uint64_t id)
{
	return id < MAX_CPUS && percpu[id].self && id != this_cpu()->id;
}

/* a: CPU, b: step. */
GATE_DO(cpu_start)
{
	(void)c, (void)d, (void)e;
	if (cpus_are_settled || !is_cpu(a))
		return gate_refuse(ERR_DENIED);
	return arch_gate_cpu_start(&percpu[a], b);
}

/* a: CPU, b: enum cpu_interrupt. */
GATE_DO(interrupt)
{
	(void)c, (void)d, (void)e;
	if (!is_cpu(a) || !percpu[a].is_online || b >= CPU_INTERRUPT_COUNT)
		return gate_refuse(ERR_INVALID);
	return arch_gate_interrupt(&percpu[a], (enum cpu_interrupt)b);
}

/* a: which CPUs, a bit for each. A new number for each that is another one and online, and an interrupt to it. */
GATE_DO(shoot)
{
	struct shootdown_numbers *numbers = gate_window(gate_image_to_phys(&shootdown_numbers));

	(void)b, (void)c, (void)d, (void)e;
	for (unsigned id = 0; id < MAX_CPUS; id++) {
		if (!(a >> id & 1) || !is_cpu(id) || !percpu[id].is_online)
			continue;
		__atomic_add_fetch(&numbers->wanted[id], 1, __ATOMIC_SEQ_CST);
		arch_gate_interrupt(&percpu[id], CPU_INTERRUPT_SHOOTDOWN);
	}
	return OK;
}

/* This CPU holds no translation that is older than the number: the way into the gate dropped them all (x86_64: CR3; there
 * is no other machine whose CPUs have to be asked). */
GATE_DO(shoot_answer)
{
	struct shootdown_numbers *numbers = gate_window(gate_image_to_phys(&shootdown_numbers));

	(void)a, (void)b, (void)c, (void)d, (void)e;
	numbers->answered[this_cpu()->id] = __atomic_load_n(&numbers->wanted[this_cpu()->id], __ATOMIC_SEQ_CST);
	return OK;
}
