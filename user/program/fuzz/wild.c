/* SPDX-License-Identifier: MIT */
/* wild.c: arguments of all kinds for `fuzz`: handles that it has, had or never had, numbers at and beyond their limits, addresses in
 * and around its memory. Any thread of a worker. */
#include "fuzz.h"

#define HOME_PAGES 256

static handle_t wild_handle(enum object_type type)
{
	if (type == OBJECT_NONE || random_below(4) == 0)
		type = random_below(OBJECT_TYPES);
	switch (random_below(16)) {
	case 0:
		return random_below(48); /* its own space and thread among them */
	case 1:
		return random_word();
	case 2:
		return world.known[type][random_below(KNOWN)] + HANDLES_MAX;
	default:
		return world.known[type][random_below(KNOWN)];
	}
}

static uint64_t wild_number(const struct call_argument *argument)
{
	uint64_t span = argument->high - argument->low;

	switch (random_below(8)) {
	case 0: /* what is large takes long */
		return span > 4096 && random_below(16) ? argument->low + random_below(4096) : argument->high;
	case 1:
		return argument->high + 1;
	case 2:
		return argument->low - 1;
	case 3:
		return random_word() >> random_below(64);
	default:
		return argument->low + random_below(MIN(span, 15ull) + 1);
	}
}

static uint64_t wild_address(void)
{
	static const uint64_t odd[] = { 0, 1, USER_START - PAGE_SIZE, USER_START, USER_END - PAGE_SIZE, USER_END, VDSO_DATA_ADDRESS,
					VDSO_CODE_ADDRESS, 0x800000000000ull, 0xffff800000000000ull, 0xffffffff80200000ull,
					0xfffffffffffff000ull, 0x400000 };

	switch (random_below(8)) {
	case 0:
		return odd[random_below(ARRAY_SIZE(odd))];
	case 1:
		return HOME + random_below(HOME_PAGES * PAGE_SIZE);
	case 2:
	case 3:
		return world.mappings[random_below(MAPPINGS)].address + random_below(4) * PAGE_SIZE;
	default:
		return HOME + random_below(HOME_PAGES) * PAGE_SIZE;
	}
}

static uint64_t wild_info(void)
{
	if (random_below(16) == 0)
		return random_word();
	return MESSAGE_INFO(random_below(4), random_below(4) ? random_below(5) : random_below(66), random_below(3) ? 0 : random_below(6));
}

static uint64_t wild_timeout(void)
{
	if (!world.is_child && random_below(1000) == 0)
		return TIMEOUT_FOREVER;
	return random_below(8) ? TIMEOUT_NOW : random_below(1000);
}

uint64_t wild_argument(const struct call_argument *argument)
{
	switch (argument->kind) {
	case kind_handle:
		return wild_handle(argument->type);
	case kind_number:
		return wild_number(argument);
	case kind_page:
		return wild_address();
	case kind_pointer:
		return random_below(3) ? (uintptr_t)scratch + random_below(PAGE_SIZE) : wild_address();
	case kind_rights:
		return random_below(8) ? random_below(RIGHTS_ALL + 1) | RIGHT_GRANT : random_word();
	case kind_perms:
		return random_below(8) ? random_below(8) : random_word();
	case kind_info:
		return wild_info();
	case kind_timeout:
		return wild_timeout();
	default:
		return random_below(2) ? wild_address() : random_word() >> random_below(64);
	}
}

/* Handles to send, as many as may be asked for: mostly some that can be sent. */
void fill_message_page(void)
{
	struct message_page *page = message_page();

	for (unsigned i = 0; i < MESSAGE_HANDLES_MAX; i++) {
		bool is_valid = random_below(4) != 0;

		page->handles[i] = wild_handle(random_below(2) ? OBJECT_NOTIFICATION : OBJECT_NONE);
		page->rights[i] = is_valid ? rights_of(page->handles[i]) : random_below(RIGHTS_ALL + 1) | RIGHT_GRANT;
	}
}
