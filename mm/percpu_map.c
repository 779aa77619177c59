/* SPDX-License-Identifier: MIT */
/*
 * mm/percpu_map.c: the gate root with its window, and each CPU's gate stack, dry-run root, shadows and state.
 * All of it is arena memory with types of its own. Init only, under the boot tables.
 */
#include "percpu_map.h"

#include <amber/panic.h>
#include <amber/string.h>

#include "dry_run.h"
#include "frame_run.h"
#include "gate.h"
#include "gate_parts.h"
#include "kernel_map.h"
#include "pagetable.h"

#define FRAMES_PER_BLOCK (BLOCK_SIZE / PAGE_SIZE)

struct percpu __ro_core percpu[MAX_CPUS];
struct cpu_state cpu_states[MAX_CPUS];
bool __ro_core cpus_are_settled;
static unsigned __ro_core online;
uint32_t __ro_core cpus_online_mask;

unsigned cpus_online(void)
{
	return online;
}

void cpus_settle(void)
{
	online = 0;
	for (unsigned i = 0; i < MAX_CPUS; i++)
		online += percpu[i].is_online;
	for (unsigned i = 0; i < MAX_CPUS; i++)
		cpus_online_mask |= (uint32_t)percpu[i].is_online << i;
	__atomic_store_n(&cpus_are_settled, true, __ATOMIC_RELEASE);
}

/* Tables below the gate root are of a type that gate_set_entries refuses once the gate is live, and the window's
 * writable leaves are counted nowhere: they are the one exception to the rule about frames. */
static pte_t *__init gate_entry(paddr_t root, vaddr_t addr, int leaf_level)
{
	paddr_t table = root;

	for (int level = 4; level > leaf_level; level--) {
		pte_t *entry = (pte_t *)gate_window(table) + pagetable_index(addr, level);

		if (!pte_is_present(*entry))
			*entry = pte_encode_table(kernel_map_arena_frame(FRAME_GATE_TABLE, level - 1));
		table = pte_addr(*entry, level);
	}
	return (pte_t *)gate_window(table) + pagetable_index(addr, leaf_level);
}

void __init percpu_map_under(paddr_t root, vaddr_t addr, paddr_t frame, uint64_t bytes, unsigned perms, int leaf_level)
{
	uint64_t step = leaf_level == 2 ? BLOCK_SIZE : PAGE_SIZE;
	pte_t *entry = NULL;

	for (; bytes; addr += step, frame += step, bytes -= step) {
		/* The next entry of the same table, or the first one of the next table. */
		entry = entry && pagetable_index(addr, leaf_level) != 0 ? entry + 1 : gate_entry(root, addr, leaf_level);
		*entry = pte_encode(frame, perms, leaf_level);
	}
}

void __init percpu_map_gate(vaddr_t addr, paddr_t frame, uint64_t bytes, unsigned perms, int leaf_level)
{
	percpu_map_under(gate_root_frame, addr, frame, bytes, perms, leaf_level);
}

/* How many frames from this one on are RAM, or are not? At most `count`. */
static uint64_t __init same_run(const struct frame *frame, uint64_t count)
{
	uint64_t i = 0;

	while (i < count && is_mapped_ram(frame[i].type) == is_mapped_ram(frame->type))
		i += frame_run_length(&frame[i], count - i);
	return i;
}

static void __init map_window_block(paddr_t block)
{
	const struct frame *frame = frame_at(block);
	uint64_t run;

	for (uint64_t i = 0; i < FRAMES_PER_BLOCK; i += run) {
		paddr_t start = block + i * PAGE_SIZE;

		run = same_run(&frame[i], FRAMES_PER_BLOCK - i);
		if (is_mapped_ram(frame[i].type))
			percpu_map_gate(WINDOW_BASE + start, start, run * PAGE_SIZE, PERM_R | PERM_W,
			                run == FRAMES_PER_BLOCK ? 2 : 1);
	}
}

static void __init map_window(void)
{
	paddr_t start = frame_table.first << PAGE_SHIFT;
	uint64_t bytes = frame_table.count << PAGE_SHIFT;

	for (paddr_t block = start; block < start + bytes; block += BLOCK_SIZE)
		map_window_block(block);
}

void __init percpu_map_gate_root(void)
{
	gate_root_frame = kernel_map_arena_frame(FRAME_GATE_TABLE, 4);
	memcpy(gate_window(gate_root_frame), phys_to_virt(kernel_root_frame), PAGE_SIZE);
	map_window();
}

/* Two frames in a row: the lower one is not used and holds a pattern, for the gate stack has no guard page. */
static paddr_t __init make_gate_stack(void)
{
	paddr_t below = kernel_map_arena_frame(FRAME_GATE_STACK, 0);
	paddr_t stack = kernel_map_arena_frame(FRAME_GATE_STACK, 0);
	uint64_t *words = gate_window(below);

	ASSERT(stack == below + PAGE_SIZE);
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(uint64_t); i++)
		words[i] = GATE_STACK_PATTERN;
	return stack;
}

void __init percpu_map_build(struct percpu *cpu, unsigned id)
{
	cpu->id = id;
	cpu->hardware_id = arch_cpu_hardware_id(id);
	cpu->self = cpu;
	cpu->state = &cpu_states[id];
	cpu->gate_stack = make_gate_stack();
	cpu->gate_guard = phys_to_virt(cpu->gate_stack - sizeof(uint64_t));
	cpu->gate_sp = WINDOW_BASE + cpu->gate_stack + PAGE_SIZE;
	cpu->dry_root_frame = kernel_map_arena_frame(FRAME_DRY_TABLE, 4);
	memcpy(gate_window(cpu->dry_root_frame), phys_to_virt(kernel_root_frame), PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(cpu->dry_tables); i++)
		cpu->dry_tables[i] = kernel_map_arena_frame(FRAME_DRY_TABLE, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(cpu->dry_shadows); i++)
		cpu->dry_shadows[i] = kernel_map_arena_frame(FRAME_SHADOW, 0);
	cpu->dry_state = kernel_map_arena_frame(FRAME_STATE, 0);
	cpu->kernel_root = arch_root_value(kernel_root_frame, ROOT_KERNEL);
	cpu->gate_root = arch_root_value(gate_root_frame, ROOT_GATE);
	cpu->dry_root = arch_root_value(cpu->dry_root_frame, ROOT_DRY);
}
