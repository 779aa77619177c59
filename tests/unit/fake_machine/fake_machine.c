/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_machine/fake_machine.c: see fake_machine.h. The gate is a function call that opens the window; it aborts
 * if it is entered twice or with interrupts enabled.
 */
#define _GNU_SOURCE
#include "fake_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <amber/gate_ops.h>
#include <amber/log.h>
#include <amber/upcalls.h>

#include "fake_kernel.h"
#include "gate.h"
#include "kernel_map.h"
#include "phys.h"
#include "shootdown.h"

extern char __host_data_start[], __host_data_end[], __host_bss_start[], __host_bss_end[]; /* image.ld */

struct percpu *fake_this_cpu;
bool fake_irqs_enabled = true;
uint64_t fake_root;
paddr_t arch_image_phys;
struct arch_device arch_devices[4];
unsigned arch_device_count;
const char arch_name[] = "fake";
bool fake_broadcasts = true;
unsigned fake_interrupts[MAX_CPUS][CPU_INTERRUPT_COUNT], fake_starts[MAX_CPUS], fake_polls;
void (*fake_on_relax)(void);
paddr_t fake_bringup_root;

static int ram_file;
static uint8_t *pristine_image, *pristine_data, *pristine_bss;
static bool in_gate;
static uint64_t random_state = 1;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fake machine: %s\n", what);
	abort();
}

/* Byte by byte: statics have the address sanitizer's red zones between them, and its memcpy would complain. */
__attribute__((no_sanitize("address"))) static void copy(volatile uint8_t *to, const uint8_t *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = from[i];
}

static uint8_t *copy_of(const char *start, const char *end)
{
	uint8_t *to = malloc(end - start + 1);

	must(to, "no memory");
	copy(to, (const uint8_t *)start, end - start);
	return to;
}

static void map_ram(uint64_t addr, paddr_t from, uint64_t bytes)
{
	void *at = mmap((void *)addr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, ram_file, from);

	must(at == (void *)addr, "RAM can't be mapped where it must be");
}

static void set_window(int protection)
{
	must(mprotect((void *)WINDOW_BASE, FAKE_RAM_BYTES, protection) == 0, "mprotect");
}

static void first_start(void)
{
	ram_file = memfd_create("ram", 0);
	must(ram_file >= 0, "memfd_create");
	fake_events_install();
	pristine_image = copy_of(__image_start, __image_end);
	pristine_bss = malloc(__host_bss_end - __host_bss_start);
	pristine_data = copy_of(__host_data_start, __host_data_end);
	must(pristine_bss, "no memory");
	copy(pristine_bss, (const uint8_t *)__host_bss_start, __host_bss_end - __host_bss_start);
}

void fake_machine_start(paddr_t image_phys)
{
	if (!ram_file)
		first_start();
	copy((uint8_t *)__host_data_start, pristine_data, __host_data_end - __host_data_start);
	copy((uint8_t *)__host_bss_start, pristine_bss, __host_bss_end - __host_bss_start);
	must(ftruncate(ram_file, 0) == 0 && ftruncate(ram_file, FAKE_RAM_BYTES) == 0, "ftruncate");
	map_ram(DIRECT_MAP_BASE, 0, FAKE_RAM_BYTES);
	map_ram(WINDOW_BASE, 0, FAKE_RAM_BYTES);
	map_ram(IMAGE_BASE, image_phys, __image_end - __image_start);
	copy((uint8_t *)IMAGE_BASE, pristine_image, __image_end - __image_start);
	arch_image_phys = image_phys;
}

static void boot(const struct memory_map *memory, unsigned cpus)
{
	static struct boot_info boot_info;

	boot_info.memory = *memory;
	kernel_map_build(&boot_info, cpus);
	kernel_map_go_live();
	phys_init();
}

void fake_boot(const struct memory_map *memory, paddr_t image_phys)
{
	fake_machine_start(image_phys);
	boot(memory, 1);
}

bool fake_boot_panics(const struct memory_map *memory, paddr_t image_phys)
{
	return fake_boot_panics_cpus(memory, image_phys, 1);
}

bool fake_boot_panics_cpus(const struct memory_map *memory, paddr_t image_phys, unsigned cpus)
{
	fake_machine_start(image_phys); /* not inside PANICS, which keeps its state in statics */
	return PANICS(boot(memory, cpus));
}

void fake_boot_small(void)
{
	fake_boot_small_cpus(1);
}

void fake_boot_small_cpus(unsigned cpus)
{
	struct memory_map memory = { 0 };

	must(memory_map_add(&memory, FAKE_SMALL_START, FAKE_SMALL_BYTES, MEMORY_USABLE) == OK, "memory map");
	fake_machine_start(FAKE_SMALL_IMAGE);
	boot(&memory, cpus);
	for (unsigned id = 0; id < cpus; id++)
		percpu[id].is_online = true;
}

void fake_window_open(void)
{
	set_window(PROT_READ | PROT_WRITE);
	in_gate = true;
}

void fake_window_close(void)
{
	in_gate = false;
	set_window(PROT_NONE);
}

uint64_t arch_gate_call(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	uint64_t irq_state = arch_irq_save(), result;
	uint64_t *top = (uint64_t *)this_cpu()->gate_sp;

	must(!in_gate, "the gate is entered inside the gate");
	must(op < GATE_OP_COUNT && gate_functions[op], "no such gate function");
	fake_note(FAKE_GATE_ENTER, op);
	fake_window_open();
	top[-1] = (uint64_t)&top;
	top[-2] = fake_root;
	if (fake_is_recording)
		set_window(PROT_READ);
	result = gate_functions[op](a, b, c, d, e);
	must(!fake_irqs_enabled, "interrupts are enabled inside the gate");
	fake_window_close();
	fake_note(FAKE_GATE_LEAVE, op);
	arch_irq_restore(irq_state);
	return result;
}

enum error arch_gate_device(uint64_t reg, uint64_t value)
{
	(void)value;
	return reg == 0xb0 ? OK : ERR_INVALID;
}

void arch_percpu_install(struct percpu *cpu)
{
	fake_this_cpu = cpu;
}

/* As on the real machine the arena can't be written through the direct map from here on. */
void arch_root_load(uint64_t root_value)
{
	fake_root = root_value;
	must(mprotect(phys_to_virt(frame_table.arena_start), frame_table.arena_end - frame_table.arena_start, PROT_READ) == 0, "mprotect");
}

void arch_devices_mapped(void)
{
	set_window(PROT_NONE);
}

void arch_step_fix_stored(const struct trap_frame *before, uint8_t *page, vaddr_t addr_page)
{
	(void)before, (void)page, (void)addr_page;
}

void arch_tlb_invalidate_page(vaddr_t addr)
{
	fake_note(FAKE_INVALIDATE, addr);
}

void arch_tlb_invalidate_all(void)
{
	fake_note(FAKE_INVALIDATE_ALL, 0);
}

bool arch_tlb_broadcast_page(vaddr_t addr)
{
	arch_tlb_invalidate_page(addr);
	return fake_broadcasts;
}

bool arch_tlb_broadcast_all(void)
{
	arch_tlb_invalidate_all();
	return fake_broadcasts;
}

/* --- user mode's half -------------------------------------------------------------------------------------- */

#ifdef AMBER_X86_PTE_H
const bool arch_root_has_kernel_half = true;
unsigned arch_asids = 0;
#else
const bool arch_root_has_kernel_half = false;
unsigned arch_asids = 5;
#endif
struct arch_user_device arch_user_devices[USER_DEVICES] = { { .page = FAKE_UART } };
paddr_t fake_user_root;
unsigned fake_user_asid, fake_space_loads;

void fake_space_load(paddr_t root, unsigned asid)
{
	must(!in_gate, "a space is loaded inside the gate");
	must(root == 0 || (arch_asids ? asid - 1 < arch_asids : asid == 0), "no such ASID");
	fake_space_loads++;
	fake_user_root = root;
	fake_user_asid = asid;
	if (arch_root_has_kernel_half)
		fake_root = root ? root | 9ull << 48 : this_cpu()->kernel_root;
}

void arch_tlb_invalidate_user_page(unsigned asid, vaddr_t addr)
{
	(void)asid;
	fake_note(FAKE_INVALIDATE_USER, addr);
}

bool arch_tlb_broadcast_user_page(unsigned asid, vaddr_t addr)
{
	fake_note(FAKE_BROADCAST, 0);
	arch_tlb_invalidate_user_page(asid, addr);
	return fake_broadcasts;
}

void arch_tlb_invalidate_user_all(unsigned asid)
{
	fake_note(FAKE_INVALIDATE_USER_ALL, asid);
}

void arch_code_written(const void *start, size_t bytes)
{
	(void)start, (void)bytes;
}

bool arch_tlb_broadcast_user_all(unsigned asid)
{
	fake_note(FAKE_BROADCAST, 0);
	arch_tlb_invalidate_user_all(asid);
	return fake_broadcasts;
}

/* --- other CPUs: they run when the test says so ------------------------------------------------------------ */

void fake_be_cpu(unsigned id)
{
	arch_percpu_install(&percpu[id]);
	fake_root = percpu[id].kernel_root;
}

uint32_t arch_cpu_hardware_id(unsigned id)
{
	return 0x100 + id;
}

void arch_bringup_range(paddr_t *start, uint64_t *bytes)
{
	*start = FAKE_BRINGUP_PAGE;
	*bytes = PAGE_SIZE;
}

void arch_bringup_prepare(paddr_t root)
{
	fake_bringup_root = root;
}

enum error arch_gate_cpu_start(struct percpu *cpu, uint64_t step)
{
	must(in_gate, "a CPU is started outside the gate");
	if (step > 1)
		return ERR_INVALID;
	fake_starts[cpu->id]++;
	return OK;
}

enum error arch_gate_interrupt(struct percpu *cpu, enum cpu_interrupt what)
{
	must(in_gate, "an interrupt is sent outside the gate");
	fake_interrupts[cpu->id][what]++;
	return OK;
}

void arch_interrupt_cpu(struct percpu *cpu, enum cpu_interrupt what)
{
	must(!in_gate, "inside the gate");
	fake_interrupts[cpu->id][what]++;
}

void cpu_poll(void)
{
	fake_polls++;
	tlb_shootdown_poll();
}

void fake_relax(void)
{
	must(!in_gate, "somebody waits inside the gate");
	if (fake_on_relax)
		fake_on_relax();
}

void on_each_cpu(void (*fn)(void *), void *argument)
{
	unsigned self = this_cpu()->id;

	for (unsigned id = 0; id < MAX_CPUS; id++)
		if (percpu[id].is_online) {
			fake_be_cpu(id);
			fn(argument);
		}
	fake_be_cpu(self);
}

void fake_note_sync(void)
{
	fake_note(FAKE_SYNC, 0);
}

void fake_random_seed(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ull | 1;
}

uint64_t fake_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1dull;
}

uint64_t fake_random_below(uint64_t limit)
{
	return (fake_random() >> 11) % limit;
}
