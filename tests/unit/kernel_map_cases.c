/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/kernel_map_cases.c: the tables that the kernel builds for itself, on many machines: every frame of RAM once in
 * the direct map with the right permissions, the window whole and in the gate root only, writable counts, W^X. What must be
 * there is worked out from the memory map and the image, without the frame table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena_plan.h"
#include "cases.h"
#include "fake_kernel.h"
#include "fake_machine.h"
#include "frame.h"
#include "gate.h"
#include "kernel_map.h"
#include "phys.h"
#include "ring.h"
#include "table_walk.h"

#define SEEDS 60

static struct memory_map said; /* what the boot protocol said, in canonical form, with the image marked */

static void add(struct memory_map *map, paddr_t start, paddr_t end, enum memory_kind kind)
{
	assert_int_equal(memory_map_add(map, start, end - start, kind), OK);
}

static bool in_image(paddr_t frame, const char *start, const char *end)
{
	return frame >= arch_image_phys + (start - __image_start) && frame < arch_image_phys + (end - __image_start);
}

static bool is_ram(paddr_t frame)
{
	return in_image(frame, __image_start, __image_end) ||
	       (frame >= MIB(1) && memory_map_is(&said, frame, frame + PAGE_SIZE, MEMORY_USABLE));
}

/* 0: not mapped at all in the direct map. */
static unsigned wanted_direct(paddr_t frame)
{
	if (!is_ram(frame))
		return 0;
	if (in_image(frame, __text_start, __text_end) || in_image(frame, __rodata_start, __rodata_end) ||
	    in_image(frame, __init_start, __init_text_end) || (frame >= frame_table.arena_start && frame < frame_table.arena_end))
		return PERM_R;
	return PERM_R | PERM_W;
}

static unsigned wanted_image(paddr_t frame)
{
	if (in_image(frame, __text_start, __text_end) || in_image(frame, __init_start, __init_text_end))
		return PERM_R | PERM_X;
	return in_image(frame, __rodata_start, __rodata_end) ? PERM_R : PERM_R | PERM_W;
}

static uint64_t direct_pages, image_pages, device_pages, window_pages, gate_device_pages, wrong_pages;

static void count_page(vaddr_t va, paddr_t frame, unsigned perms)
{
	if (va >= DIRECT_MAP_BASE && va < DIRECT_MAP_BASE + FAKE_RAM_BYTES) {
		direct_pages++;
		wrong_pages += va - DIRECT_MAP_BASE != frame || perms != wanted_direct(frame);
	} else if (va >= WINDOW_BASE && va < WINDOW_BASE + FAKE_RAM_BYTES) {
		window_pages++;
		wrong_pages += va - WINDOW_BASE != frame || perms != (PERM_R | PERM_W) || !is_ram(frame);
	} else if (va >= IMAGE_BASE && va < (vaddr_t)__image_end) {
		image_pages++;
		wrong_pages += va - IMAGE_BASE + arch_image_phys != frame || perms != wanted_image(frame);
	} else if (va >= DEVICE_BASE && va < DEVICE_BASE + MIB(16)) {
		device_pages++;
		wrong_pages += is_ram(frame) || perms != (PERM_R | PERM_W | PERM_DEVICE);
	} else if (va >= GATE_DEVICE_BASE && va < GATE_DEVICE_BASE + MIB(16)) {
		gate_device_pages++;
		wrong_pages += is_ram(frame) || perms != (PERM_R | PERM_W | PERM_DEVICE);
	} else {
		wrong_pages++;
	}
}

static void count_leaf(void *context, const struct walk_leaf *leaf)
{
	(void)context;
	for (uint64_t i = 0; i < leaf->pages; i++)
		count_page(leaf->va + i * PAGE_SIZE, leaf->frame + i * PAGE_SIZE, leaf->perms);
}

static void note_table(void *context, paddr_t table, int level)
{
	uint8_t *linked = context;

	(void)level;
	linked[(table - frame_table.arena_start) >> PAGE_SHIFT]++;
}

static uint64_t pages_of_ram(void)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < said.count; i++)
		for (paddr_t frame = said.ranges[i].start; frame < said.ranges[i].end; frame += PAGE_SIZE)
			pages += is_ram(frame);
	return pages;
}

static void walk_root(paddr_t root)
{
	struct walk walk = { count_leaf, NULL, NULL };

	direct_pages = image_pages = device_pages = window_pages = gate_device_pages = wrong_pages = 0;
	table_walk(root, &walk);
	assert_int_equal(wrong_pages, 0);
	assert_int_equal(direct_pages, pages_of_ram());
	assert_int_equal(image_pages, (__image_end - __image_start) / PAGE_SIZE);
}

/* Every table that is linked is linked once; every frame that says it is a table below the root is linked. */
static void check_tables_are_linked(void)
{
	uint64_t frames = (frame_table.arena_end - frame_table.arena_start) >> PAGE_SHIFT;
	uint8_t *linked = calloc(frames, 1);
	struct walk walk = { count_leaf, note_table, linked };

	table_walk(kernel_root_frame, &walk);
	for (uint64_t i = 0; i < frames; i++) {
		enum frame_type type = frame_type_at(frame_table.arena_start + i * PAGE_SIZE);

		assert_int_equal(linked[i], type == FRAME_TABLE || type == FRAME_ROOT);
		assert_true(type >= FRAME_ARENA);
	}
	free(linked);
}

static void check_frame_types(void)
{
	for (paddr_t frame = frame_table.first << PAGE_SHIFT; frame < (frame_table.first + frame_table.count) << PAGE_SHIFT;
	     frame += PAGE_SIZE) {
		enum frame_type type = frame_type_at(frame);

		if (!is_ram(frame))
			assert_true(type == FRAME_RESERVED || type == FRAME_OFF_LIMITS);
		else
			assert_int_equal(type == FRAME_KERNEL, wanted_direct(frame) == (PERM_R | PERM_W));
	}
	for (unsigned i = 0; i < said.count; i++) /* all RAM is in the table */
		if (said.ranges[i].kind == MEMORY_USABLE || said.ranges[i].kind == MEMORY_BOOT) {
			assert_non_null(frame_at(said.ranges[i].start));
			assert_non_null(frame_at(said.ranges[i].end - 1));
		}
}

static void check_percpu(void)
{
	const uint64_t *guard = phys_to_virt(percpu[0].gate_stack - PAGE_SIZE);

	for (unsigned i = 0; i < 512; i++)
		assert_true(guard[i] == GATE_STACK_PATTERN);
	assert_true(frame_type_at(percpu[0].gate_stack) == FRAME_GATE_STACK && frame_type_at(percpu[0].gate_stack - 1) == FRAME_GATE_STACK);
	assert_true(percpu[0].gate_sp == WINDOW_BASE + percpu[0].gate_stack + PAGE_SIZE);
	assert_true(arch_root_frame(percpu[0].gate_root) == gate_root_frame);
	assert_true(arch_root_frame(percpu[0].kernel_root) == kernel_root_frame);
	assert_true(arch_root_frame(percpu[0].dry_root) == percpu[0].dry_root_frame);
	assert_int_equal(((const struct violation_ring *)phys_to_virt(violation_ring_frame))->magic, RING_MAGIC);
	assert_true(violation_ring_frame == frame_table.arena_start);
}

static void note_what_is_said(const struct memory_map *map, paddr_t image)
{
	said = *map;
	assert_int_equal(memory_map_reserve(&said, image, image + (__image_end - __image_start), MEMORY_BOOT), OK);
	assert_int_equal(memory_map_finish(&said), OK);
}

static void check_everything(uint64_t devices, uint64_t gate_devices)
{
	const char *wrong = tables_broken_rule();

	assert_null(wrong);
	wrong = tables_wrong_count();
	if (wrong)
		fail_msg("%s", wrong);
	walk_root(kernel_root_frame);
	assert_int_equal(window_pages, 0);
	assert_int_equal(gate_device_pages, 0);
	assert_int_equal(device_pages, devices);
	walk_root(percpu[0].dry_root_frame);
	assert_int_equal(window_pages, 0);
	assert_int_equal(gate_device_pages, 0);
	walk_root(gate_root_frame);
	assert_int_equal(window_pages, pages_of_ram());
	assert_int_equal(gate_device_pages, gate_devices);
	check_tables_are_linked();
	check_frame_types();
	check_percpu();
}

/* kernel_map_build ends with the gate closed and phys_init done, or panics. */
static void boot_and_check(const struct memory_map *map, paddr_t image)
{
	fake_boot(map, image);
	note_what_is_said(map, image);
	check_everything(0, 0);
}

static void test_a_pc_with_128_mib(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0, 0x9fc00, MEMORY_USABLE);
	add(&map, 0x9fc00, 0xa0000, MEMORY_RESERVED);
	add(&map, 0xf0000, MIB(1), MEMORY_RESERVED);
	add(&map, MIB(1), 0x7fe0000, MEMORY_USABLE);
	add(&map, 0x7fe0000, MIB(128), MEMORY_ACPI);
	add(&map, 0xfeffc000, 0xff000000, MEMORY_RESERVED);
	boot_and_check(&map, MIB(2));
	assert_true(frame_table.arena_start == ARENA_OFFSET);
	boot_and_check(&map, MIB(16));
	boot_and_check(&map, MIB(32)); /* the image where the arena would be */
	assert_true(frame_table.arena_start == MIB(36));
}

static void test_a_board_with_128_mib(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0x40000000, 0x48000000, MEMORY_USABLE);
	add(&map, 0x48000000 - MIB(2), 0x48000000 - MIB(1), MEMORY_BOOT);
	boot_and_check(&map, 0x40000000);
	boot_and_check(&map, 0x40200000);
	boot_and_check(&map, 0x42000000);
}

static void test_16_mib(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0, 0x9f000, MEMORY_USABLE);
	add(&map, MIB(1), MIB(16), MEMORY_USABLE);
	boot_and_check(&map, MIB(2));
	boot_and_check(&map, MIB(10));
}

static void test_holes_and_odd_ends(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0x1000, 0x9f000, MEMORY_USABLE);
	add(&map, MIB(1), 0xed3000, MEMORY_USABLE);
	add(&map, 0xf01000, 0x1205000, MEMORY_USABLE);
	add(&map, 0x1205000, 0x1206000, MEMORY_ACPI);
	add(&map, 0x1206000, 0x6fff000, MEMORY_USABLE);
	add(&map, 0x6123000, 0x6124000, MEMORY_BOOT);
	add(&map, 0x6125000, 0x6126000, MEMORY_RESERVED);
	boot_and_check(&map, MIB(4));
}

static void test_ram_above_4_gib(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, MIB(1), MIB(256), MEMORY_USABLE);
	add(&map, MIB(4096) + PAGE_SIZE, MIB(4096 + 64) - PAGE_SIZE, MEMORY_USABLE);
	boot_and_check(&map, MIB(2));
}

/* What was handed over lies right in front of the arena's usual place, where the frame bitmap would go. */
static void test_no_room_in_front_of_the_arena(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, MIB(1), MIB(128), MEMORY_USABLE);
	add(&map, MIB(24), MIB(32), MEMORY_BOOT);
	boot_and_check(&map, MIB(2));
	add(&map, MIB(34), MIB(40), MEMORY_BOOT);
	boot_and_check(&map, MIB(2));
}

static void test_devices(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0x40000000, 0x44000000, MEMORY_USABLE);
	fake_machine_start(0x40200000);
	arch_devices[0] = (struct arch_device){ "uart", 0x9000000, 0x1000, false, 0 };
	arch_devices[1] = (struct arch_device){ "apic", 0xfee00000, 0x1000, true, 0 };
	arch_devices[2] = (struct arch_device){ "gic", 0x8000000, 0x10800, false, 0 };
	arch_device_count = 3;
	struct boot_info *boot_info = calloc(1, sizeof(*boot_info));
	boot_info->memory = map;
	kernel_map_build(boot_info, 1);
	kernel_map_go_live();
	free(boot_info);
	note_what_is_said(&map, 0x40200000);
	check_everything(1 + 17, 1);
	assert_true(arch_devices[0].va == DEVICE_BASE && arch_devices[2].va == DEVICE_BASE + 2 * PAGE_SIZE);
	assert_true(arch_devices[1].va == GATE_DEVICE_BASE);
}

static void test_too_little_memory(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, MIB(1), MIB(7), MEMORY_USABLE);
	assert_true(fake_boot_panics(&map, MIB(2))); /* the image up to 4.3 MiB, no block behind it */
	assert_non_null(strstr(fake_panic_text, "memory: too little: "));
	map = (struct memory_map){ 0 };
	add(&map, MIB(2), MIB(6), MEMORY_RESERVED);
	assert_true(fake_boot_panics(&map, MIB(2)));
	assert_string_equal(fake_panic_text, "memory: no usable memory: not found");
}

static void random_map(struct memory_map *map, paddr_t *image)
{
	paddr_t start = fake_random_below(2) ? 0 : ALIGN_DOWN(fake_random_below(MIB(512)), PAGE_SIZE);
	uint64_t bytes = MIB(8) + fake_random_below(MIB(fake_random_below(2) ? 24 : 200));

	*map = (struct memory_map){ 0 };
	add(map, start, start + bytes, MEMORY_USABLE);
	*image = ALIGN_UP(start + MIB(2) * fake_random_below(bytes / MIB(4)), BLOCK_SIZE);
	for (unsigned i = fake_random_below(12); i; i--) {
		paddr_t from = start + fake_random_below(bytes);
		paddr_t to = from + 1 + fake_random_below(fake_random_below(2) ? 3 * PAGE_SIZE : MIB(3));

		/* Firmware puts the image into RAM that it left free. */
		if (to > *image && from < *image + (uint64_t)(__image_end - __image_start))
			continue;
		add(map, from, to, 1 + fake_random_below(3));
	}
}

/* Many memories, anything anywhere: it is refused in words, or all holds. */
static void test_random_machines(void **state)
{
	unsigned booted = 0;

	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		struct memory_map map;
		paddr_t image;

		fake_random_seed(seed);
		random_map(&map, &image);
		if (fake_boot_panics(&map, image)) {
			if (!strstr(fake_panic_text, "memory: too little"))
				fail_msg("seed %u: %s", seed, fake_panic_text);
			continue;
		}
		booted++;
		note_what_is_said(&map, image);
		check_everything(0, 0);
	}
	assert_true(booted > SEEDS / 2);
}

int kernel_map_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_pc_with_128_mib),
		cmocka_unit_test(test_a_board_with_128_mib),
		cmocka_unit_test(test_16_mib),
		cmocka_unit_test(test_holes_and_odd_ends),
		cmocka_unit_test(test_ram_above_4_gib),
		cmocka_unit_test(test_no_room_in_front_of_the_arena),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_too_little_memory),
		cmocka_unit_test(test_random_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
