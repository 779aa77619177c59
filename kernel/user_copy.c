/* SPDX-License-Identifier: MIT */
/*
 * kernel/user_copy.c: copies between the kernel and the current thread's space: the range is checked here, an address that isn't
 * mapped, or not writable, by fix-up addresses. System calls: big lock held, so nobody unmaps meanwhile.
 */
#include "space.h"

#include <amber/panic.h>

#define BYTES_MAX 4096

static bool is_user_range(uint64_t user, uint64_t bytes)
{
	return user >= USER_START && user <= USER_END && bytes <= USER_END - user;
}

enum error user_copy_in(void *to, uint64_t user, uint64_t bytes)
{
	bool is_done;

	if (!bytes)
		return OK;
	ASSERT(bytes <= BYTES_MAX);
	if (!is_user_range(user, bytes))
		return ERR_NOT_MAPPED;
	arch_user_access_begin();
	is_done = arch_copy_from_user(to, user, bytes);
	arch_user_access_end();
	return is_done ? OK : ERR_NOT_MAPPED;
}

enum error user_copy_out(uint64_t user, const void *from, uint64_t bytes)
{
	bool is_done;

	if (!bytes)
		return OK;
	ASSERT(bytes <= BYTES_MAX);
	if (!is_user_range(user, bytes))
		return ERR_NOT_MAPPED;
	arch_user_access_begin();
	is_done = arch_copy_to_user(user, from, bytes);
	arch_user_access_end();
	return is_done ? OK : ERR_NOT_MAPPED;
}
