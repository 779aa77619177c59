/* SPDX-License-Identifier: MIT */
/*
 * kernel/space.h: spaces (address space, handles, threads), memory objects, and the regions that map one in the other. Big lock
 * held.
 */
#ifndef AMBER_SPACE_H
#define AMBER_SPACE_H

#include "address_space.h"
#include "handle.h"
#include "object.h"
#include "thread.h"

#define PROGRAM_NAME_MAX 32

struct space {
	struct object object;
	struct address_space memory;
	struct handle_table handles;
	struct link threads;          /* struct thread.of_space */
	uint32_t thread_count;
	bool had_threads, is_ended;   /* ended: its last thread has; only its struct is left */
	struct endpoint *pager;       /* NULL: a fault kills */
	uint64_t pager_badge;
	struct link regions;          /* struct region.of_space, by address */
	uint64_t mapped_pages;
	uint64_t exit_code;           /* of its last thread */
	struct thread *waiter;        /* a kernel thread that waits for its end: thread_wait_for_space */
	char name[PROGRAM_NAME_MAX];
};

/* Frames of a memory object: pages of 512 addresses. */
struct memory {
	struct object object;
	bool is_device;               /* its one page is arch_user_uart's */
	uint32_t pages;
	uint32_t filled;              /* frames that there are: all of them once it is made */
	uint64_t *frames[64];         /* frames[i][j]: page 512 i + j */
	struct link regions;          /* struct region.of_memory */
};

/* A run of pages of one memory object in one space. */
struct region {
	struct link of_space, of_memory, of_handle;
	struct space *space;
	struct memory *memory;        /* held by a reference */
	struct handle *handle;        /* made with it; NULL once that was closed */
	vaddr_t start;
	uint32_t offset_pages, pages;
	uint8_t rights;               /* MAP_… that the handle allowed */
	bool is_sealed;               /* all of it; sealing a part splits the region */
};

enum error space_new(struct endpoint *pager, uint64_t pager_badge, struct space **space) __must_check;
bool space_destroy_step(struct object *object);
/* Its last thread is gone (or its last handle): handles closed, regions unmapped, tables freed; true = done. Bounded step. */
bool space_end_step(struct space *space) __must_check;

enum error memory_new(uint32_t pages, struct memory **memory) __must_check; /* with preemption points if it is large */
struct memory *memory_of_device(void);  /* the serial line's: made once, at boot */
bool memory_destroy_step(struct object *object);
paddr_t memory_frame(const struct memory *memory, uint32_t page);

/* The user half of map, unmap, protect, map_seal; the arguments are in range, page aligned and within the user half. */
enum error space_map(struct space *space, struct handle *memory, vaddr_t addr, uint32_t offset_pages, uint32_t pages,
                     uint32_t perms) __must_check;
enum error space_unmap(struct space *space, vaddr_t addr, uint32_t pages) __must_check;
enum error space_protect(struct space *space, vaddr_t addr, uint32_t pages, uint32_t perms) __must_check;
enum error space_seal(struct space *space, vaddr_t addr, uint32_t pages) __must_check;
/* Unmaps some pages of the region (at most 64) and frees it with the last; true = it is gone. Revoking, and a space's end. */
bool region_remove_step(struct region *region) __must_check;

/* Copies to or from the current thread's space; the range is checked. ERR_NOT_MAPPED: not all of it is accessible. */
enum error user_copy_in(void *to, uint64_t user, uint64_t bytes) __must_check;
enum error user_copy_out(uint64_t user, const void *from, uint64_t bytes) __must_check;

#endif
