/* SPDX-License-Identifier: MIT */
/*
 * mm/kernel_map.c: from the memory map to the kernel's own page tables. Runs once, under the boot tables, which
 * map everything writable; the tables are built by the same gate functions, with the same checks, as later.
 * Relies on: interrupts masked; the image in whole 2 MiB blocks of its own, so that no block is ever split.
 */
#include "kernel_map.h"

#include <amber/broken.h>
#include <amber/log.h>
#include <amber/panic.h>
#include <amber/string.h>

#include "arena.h"
#include "arena_plan.h"
#include "frame_run.h"
#include "gate.h"
#include "gate_parts.h"
#include "pagetable.h"
#include "percpu_map.h"
#include "ring.h"

paddr_t __ro_core kernel_root_frame, gate_root_frame, bringup_root_frame, violation_ring_frame;
struct memory_map __ro_after_init memory_map;

/* Stops with what failed: nothing can be mended this early. */
static void __init must(enum error error, const char *what)
{
	if (error)
		panic("memory: %s: %s", what, error_text(error));
}

static struct frame *__init frame_entry(paddr_t addr)
{
	struct frame *frame = gate_frame(addr);

	if (!frame)
		panic("memory: 0x%zx lies outside the frame table", (size_t)addr);
	return frame;
}

static void __init set_types(paddr_t start, paddr_t end, enum frame_type type)
{
	if (start < end)
		frame_run_set(frame_entry(start), (end - start) >> PAGE_SHIFT, (struct frame){ .type = type });
}

static paddr_t __init image_phys(const char *symbol)
{
	return image_to_phys((vaddr_t)symbol);
}

/* RAM below 1 MiB is never ours: another CPU can be started there in real mode, unpaged. */
#define LOWEST_RAM MIB(1)

static void __init set_range_types(const struct memory_range *range, const struct arena_plan *plan)
{
	paddr_t first = plan->first_frame << PAGE_SHIFT, end = first + (plan->frames << PAGE_SHIFT);
	paddr_t from = MAX(range->start, first), to = MIN(range->end, end);

	if (range->kind != MEMORY_USABLE && range->kind != MEMORY_RESERVED)
		set_types(from, to, FRAME_OFF_LIMITS);
	if (range->kind != MEMORY_USABLE)
		return;
	set_types(from, MIN(to, LOWEST_RAM), FRAME_OFF_LIMITS);
	set_types(MAX(from, LOWEST_RAM), to, FRAME_KERNEL);
}

/* A boot module never changes: it is read-only, like the kernel's constants, also below 1 MiB, where GRUB puts a small one under
 * UEFI. Where it lies in anything but RAM that was kept for it, it stays unmapped. */
static void __init set_module_type(const struct boot_info *boot_info, const struct arena_plan *plan)
{
	paddr_t start = ALIGN_DOWN(boot_info->initrd_start, PAGE_SIZE), end = ALIGN_UP(boot_info->initrd_end, PAGE_SIZE);
	paddr_t first = plan->first_frame << PAGE_SHIFT;
	bool is_apart = start >= image_phys(__image_end) || end <= image_phys(__image_start);
	bool is_in_table = start >= first && end <= first + (plan->frames << PAGE_SHIFT);

	if (is_in_table && is_apart && memory_map_is(&memory_map, start, end, MEMORY_BOOT))
		set_types(start, end, FRAME_RODATA);
}

static void __init fill_frame_table(const struct arena_plan *plan, const struct boot_info *boot_info)
{
	frame_run_set(gate_window(plan->frame_table), plan->frames, (struct frame){ .type = FRAME_RESERVED });
	frame_table = (struct frame_table){ plan->frame_table, plan->first_frame, plan->frames, plan->start, plan->end };
	for (unsigned i = 0; i < memory_map.count; i++) {
		const struct memory_range *range = &memory_map.ranges[i];

		set_range_types(range, plan);
	}
	set_module_type(boot_info, plan);
	set_types(image_phys(__image_start), image_phys(__image_end), FRAME_KERNEL);
	set_types(image_phys(__text_start), image_phys(__text_end), FRAME_TEXT);
	set_types(image_phys(__rodata_start), image_phys(__rodata_end), FRAME_RODATA);
	set_types(image_phys(__init_start), image_phys(__init_text_end), FRAME_INIT_TEXT);
	set_types(plan->ring, plan->frame_table, FRAME_RING);
	set_types(plan->frame_table, plan->free, FRAME_FRAME_TABLE);
	set_types(plan->free, plan->end, FRAME_ARENA);
}

/* A cleared arena frame of that type; boot only, later types are fixed. */
paddr_t __init kernel_map_arena_frame(enum frame_type type, int level)
{
	static paddr_t __initdata next;
	paddr_t frame = next ? next : frame_table.arena_start;

	while (frame < frame_table.arena_end && frame_type_at(frame) != FRAME_ARENA)
		frame += PAGE_SIZE;
	if (frame == frame_table.arena_end)
		panic("memory: the table arena is full while starting");
	next = frame + PAGE_SIZE;
	memset(gate_window(frame), 0, PAGE_SIZE);
	*frame_entry(frame) = (struct frame){ .type = type, .level = level };
	return frame;
}

bool __init is_mapped_ram(enum frame_type type)
{
	return type != FRAME_RESERVED && type != FRAME_OFF_LIMITS;
}

/* Permissions of one page in the direct map, by what the frame is. */
static unsigned __init direct_perms(paddr_t frame)
{
	enum frame_type type = frame_type_at(frame);

	return type == FRAME_KERNEL || (is_broken(BROKEN_ARENA) && frame_is_arena(type)) ? PERM_R | PERM_W : PERM_R;
}

/* How many frames from this one on get the same entry in the direct map? */
static uint64_t __init same_entry(paddr_t frame, uint64_t count)
{
	const struct frame *entry = frame_at(frame);
	uint64_t length = 0;

	do {
		length += frame_run_length(&entry[length], count - length);
	} while (length < count && is_mapped_ram(entry[length].type) && is_mapped_ram(entry->type) &&
		 direct_perms(frame + length * PAGE_SIZE) == direct_perms(frame));
	return length;
}

/* One block of the direct map: a 2 MiB leaf if all of it is one kind of RAM without the image, else pages. */
static void __init map_direct_block(paddr_t block, bool force_pages)
{
	uint64_t frames = BLOCK_SIZE / PAGE_SIZE, done = 0, run;

	for (; done < frames; done += run) {
		paddr_t frame = block + done * PAGE_SIZE;
		int level;

		run = same_entry(frame, frames - done);
		level = run == frames && !force_pages ? 2 : 1;
		if (is_mapped_ram(frame_type_at(frame)))
			must(pagetable_map(kernel_root_frame, (vaddr_t)phys_to_virt(frame), frame, run * PAGE_SIZE,
			                   direct_perms(frame), level), "direct map");
	}
}

static void __init map_direct(void)
{
	paddr_t start = frame_table.first << PAGE_SHIFT, end = start + (frame_table.count << PAGE_SHIFT);
	paddr_t image_start = ALIGN_DOWN(arch_image_phys, BLOCK_SIZE), image_end = ALIGN_UP(image_phys_end(), BLOCK_SIZE);

	for (paddr_t block = start; block < end; block += BLOCK_SIZE)
		map_direct_block(block, block >= image_start && block < image_end);
}

static void __init map_image_part(vaddr_t start, vaddr_t end, unsigned perms)
{
	must(pagetable_map(kernel_root_frame, start, image_to_phys(start), end - start, perms, 1), "kernel image");
}

static void __init map_image(void)
{
	vaddr_t end = (vaddr_t)__image_end, last_page = end - PAGE_SIZE;

	map_image_part((vaddr_t)__text_start, (vaddr_t)__text_end, PERM_R | PERM_X);
	map_image_part((vaddr_t)__rodata_start, (vaddr_t)__rodata_end, PERM_R);
	map_image_part((vaddr_t)__init_start, (vaddr_t)__init_text_end, PERM_R | PERM_X);
	map_image_part((vaddr_t)__init_text_end, (vaddr_t)__init_end, PERM_R | PERM_W);
	map_image_part((vaddr_t)__ro_after_init_start, last_page, PERM_R | PERM_W);
	map_image_part(last_page, end, PERM_R | PERM_W | (is_broken(BROKEN_WX) ? PERM_X : 0));
}

static void __init map_devices(void)
{
	vaddr_t next = DEVICE_BASE, gate_next = GATE_DEVICE_BASE;

	for (unsigned i = 0; i < arch_device_count; i++) {
		struct arch_device *device = &arch_devices[i];
		uint64_t bytes = ALIGN_UP(device->bytes, PAGE_SIZE);
		vaddr_t *at = device->gate_only ? &gate_next : &next;

		if (device->gate_only)
			percpu_map_gate(*at, device->start, bytes, PERM_R | PERM_W | PERM_DEVICE, 1);
		else
			must(pagetable_map(kernel_root_frame, *at, device->start, bytes, PERM_R | PERM_W | PERM_DEVICE, 1),
			     device->name);
		device->va = *at;
		*at += bytes + PAGE_SIZE; /* an unmapped page between devices */
	}
}

/* The root's slots are fixed when the tables go live, so every slot gets its table now. */
static void __init make_slots(void)
{
	static const vaddr_t slots[] __initconst = { DIRECT_MAP_BASE, DEVICE_BASE, STACK_BASE, IMAGE_BASE };

	kernel_root_frame = kernel_map_arena_frame(FRAME_ROOT, 4);
	for (unsigned i = 0; i < ARRAY_SIZE(slots); i++) {
		paddr_t table;

		must(arena_table(3, &table), "top-level table");
		must(gate_set_entries(kernel_root_frame, pagetable_index(slots[i], 4), pte_encode_table(table), 0, 1), "top-level slot");
	}
}

/* A block more than the arena: firmware and device tree leave parts of blocks to others. */
static void __init say_too_little(const struct arena_plan *plan, paddr_t image_end)
{
	paddr_t first = plan->first_frame << PAGE_SHIFT, free = ALIGN_UP(image_end, BLOCK_SIZE);
	size_t wanted = free + plan->bytes + BLOCK_SIZE - first;

	panic("memory: too little: %zu KiB free; needs about %zu MiB of RAM, %zu KiB of it in whole 2 MiB blocks from 0x%zx on",
	      (size_t)(memory_map_bytes(&memory_map, MEMORY_USABLE) / 1024), wanted >> 20, (size_t)(plan->bytes / 1024),
	      (size_t)free);
}

static void __init take_memory(const struct boot_info *boot_info, struct arena_plan *plan)
{
	paddr_t image = image_phys(__image_start), image_end = image_phys(__image_end);

	memory_map = boot_info->memory;
	must(memory_map_reserve(&memory_map, image, image_end, MEMORY_BOOT), "the kernel image");
	must(memory_map_finish(&memory_map), "no usable memory");
	if (arena_plan_make(plan, &memory_map, image, image_end, RING_BYTES))
		say_too_little(plan, image_end);
}

/* A root for CPUs that come up: the kernel half, and the pages that they begin in at their physical address. Class core like
 * all tables; it can't be changed any more. */
static void __init map_bringup(void)
{
	paddr_t start;
	uint64_t bytes;

	arch_bringup_range(&start, &bytes);
	if (!bytes)
		return;
	bringup_root_frame = kernel_map_arena_frame(FRAME_GATE_TABLE, 4);
	memcpy(gate_window(bringup_root_frame), phys_to_virt(kernel_root_frame), PAGE_SIZE);
	percpu_map_under(bringup_root_frame, start, start, bytes, PERM_R | PERM_X, 1);
	arch_bringup_prepare(bringup_root_frame);
}

void __init kernel_map_build(const struct boot_info *boot_info, unsigned cpus)
{
	struct arena_plan plan;

	ASSERT(!(arch_image_phys & BLOCK_MASK));
	take_memory(boot_info, &plan);
	fill_frame_table(&plan, boot_info);
	violation_ring_frame = plan.ring;
	*(struct violation_ring *)gate_window(plan.ring) = (struct violation_ring){ .magic = RING_MAGIC };
	make_slots();
	map_direct();
	map_image();
	percpu_map_gate_root();
	map_devices();
	for (unsigned id = 0; id < cpus; id++)
		percpu_map_build(&percpu[id], id);
	if (cpus > 1)
		map_bringup();
	log_more("memory", "%zu MiB of RAM; table arena at 0x%zx, %zu KiB",
	         (size_t)(memory_map_bytes(&memory_map, MEMORY_USABLE) >> 20), (size_t)plan.start,
	         (size_t)((plan.end - plan.start) >> 10));
}

void __init kernel_map_go_live(void)
{
	arch_percpu_install(&percpu[0]);
	arch_root_load(percpu[0].kernel_root);
	gate_is_live = true;
	arch_devices_mapped();
}

static void each_space_root(void (*visit)(void *context, paddr_t root, paddr_t shared), void *context)
{
	const struct frame *frame = phys_to_virt(frame_table.table);

	for (uint64_t i = 0, run; i < frame_table.count; i += run) {
		run = frame_run_length(&frame[i], frame_table.count - i);
		if (frame[i].type != FRAME_SPACE_ROOT && frame[i].type != FRAME_DEAD_ROOT)
			continue;
		run = 1;
		visit(context, (frame_table.first + i) << PAGE_SHIFT, kernel_root_frame);
	}
}

void kernel_map_each_root(void (*visit)(void *context, paddr_t root, paddr_t shared), void *context)
{
	visit(context, kernel_root_frame, 0);
	each_space_root(visit, context);
	for (unsigned i = 0; i < MAX_CPUS; i++)
		if (percpu[i].dry_root_frame)
			visit(context, percpu[i].dry_root_frame, kernel_root_frame);
	if (bringup_root_frame)
		visit(context, bringup_root_frame, kernel_root_frame);
}
