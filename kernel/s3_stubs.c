/* SPDX-License-Identifier: MIT */
/* kernel/s3_stubs.c: stands in for what is not merged yet; goes away. */
#include "syscall.h"

#include "irq_object.h"
#include "lab_device.h"

#define NOT_YET(name) \
	enum error sys_##name(struct trap_frame *frame) \
	{ \
		(void)frame; \
		return ERR_UNSUPPORTED; \
	}
NOT_YET(space_create)
NOT_YET(space_give)
NOT_YET(space_load)
NOT_YET(space_info)
NOT_YET(memory_create)
NOT_YET(map)
NOT_YET(unmap)
NOT_YET(protect)
NOT_YET(map_seal)
NOT_YET(handle_duplicate)
NOT_YET(handle_close)
NOT_YET(handle_revoke)
NOT_YET(handle_info)
NOT_YET(irq_bind)
NOT_YET(irq_acknowledge)
NOT_YET(device_read)
NOT_YET(device_write)
NOT_YET(log_write)
NOT_YET(lab_write)
NOT_YET(lab_read)
#define NEVER(name) \
	bool name(struct object *object) \
	{ \
		(void)object; \
		return true; \
	}
NEVER(space_destroy_step)
NEVER(memory_destroy_step)
NEVER(irq_destroy_step)
NEVER(lab_destroy_step)

bool space_end_step(struct space *space)
{
	(void)space;
	return true;
}

enum error handle_prepare(struct handle_table *table, unsigned count)
{
	(void)table, (void)count;
	return ERR_UNSUPPORTED;
}

struct handle *handle_insert(struct handle_table *table, struct object *object, uint32_t rights, uint64_t badge, struct handle *parent)
{
	(void)table, (void)object, (void)rights, (void)badge, (void)parent;
	return NULL;
}

void handle_close(struct handle *handle)
{
	(void)handle;
}

enum error user_copy_in(void *to, uint64_t user, uint64_t bytes)
{
	(void)to, (void)user, (void)bytes;
	return ERR_UNSUPPORTED;
}

enum error space_new(struct endpoint *pager, uint64_t pager_badge, struct space **space)
{
	(void)pager, (void)pager_badge, (void)space;
	return ERR_UNSUPPORTED;
}
