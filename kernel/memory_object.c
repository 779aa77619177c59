/* SPDX-License-Identifier: MIT */
/*
 * kernel/memory_object.c: memory objects: cleared frames that handles stand for and regions map, and those that stand for
 * devices' registers. The frames live as long as the object, which each mapping keeps alive. Big lock held.
 */
#include "space.h"

#include "frame.h"
#include "phys.h"
#include "sched.h"
#include "user_frames.h"

#define FILLS_AT_ONCE    2  /* each frame is cleared; now and then a new block of frames is needed */
#define FREES_AT_ONCE    32
#define FRAMES_PER_INDEX (PAGE_SIZE / sizeof(uint64_t))

static struct memory *device_memory[USER_DEVICES];

static enum error add_index(struct memory *memory, unsigned number)
{
	paddr_t frame;

	if (phys_alloc(1, &frame))
		return ERR_NO_MEMORY;
	memory->frames[number] = phys_to_virt(frame);
	return OK;
}

static enum error fill_some(struct memory *memory)
{
	for (unsigned i = 0; i < FILLS_AT_ONCE && memory->filled < memory->pages; i++) {
		uint32_t page = memory->filled, number = page / FRAMES_PER_INDEX;
		enum error error = memory->frames[number] ? OK : add_index(memory, number);

		if (!error)
			error = user_frame_alloc(&memory->frames[number][page % FRAMES_PER_INDEX]);
		if (error)
			return error;
		memory->filled++;
	}
	return OK;
}

enum error memory_new(uint32_t pages, struct memory **result)
{
	struct memory *memory = object_new(OBJECT_MEMORY);
	enum error error;

	if (!memory)
		return ERR_NO_MEMORY;
	list_init(&memory->regions);
	memory->pages = pages;
	for (;;) {
		error = fill_some(memory);
		if (error)
			break;
		if (memory->filled == pages) {
			*result = memory;
			return OK;
		}
		sched_preemption_point();
		if (thread_current()->is_killed) {
			error = ERR_GONE;
			break;
		}
	}
	memory_discard(memory);
	return error;
}

void memory_discard(struct memory *memory)
{
	object_hold(&memory->object);
	object_let_go(&memory->object);
}

struct memory *memory_of_device(enum user_device device)
{
	struct memory *memory = device_memory[device];

	if (memory)
		return memory;
	if (!arch_user_devices[device].page && !arch_user_devices[device].ports)
		return NULL;
	memory = object_new(OBJECT_MEMORY);
	if (!memory)
		return NULL;
	if (add_index(memory, 0)) {
		object_discard(&memory->object);
		return NULL;
	}
	list_init(&memory->regions);
	memory->is_device = true;
	memory->device = device;
	memory->pages = 1;
	memory->frames[0][0] = arch_user_devices[device].page;
	object_hold(&memory->object); /* it stays: there is one such device, and programs come and go */
	device_memory[device] = memory;
	return memory;
}

/* No region is left: each holds a reference. */
bool memory_destroy_step(struct object *object)
{
	struct memory *memory = (struct memory *)object;

	for (unsigned i = 0; i < FREES_AT_ONCE && memory->filled; i++) {
		memory->filled--;
		user_frame_free(memory_frame(memory, memory->filled));
	}
	if (memory->filled)
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(memory->frames) && memory->frames[i]; i++)
		phys_free((vaddr_t)memory->frames[i] - DIRECT_MAP_BASE, 1);
	return true;
}
