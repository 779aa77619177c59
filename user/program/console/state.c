/* SPDX-License-Identifier: MIT */
/* user/program/console/state.c: finding the state that the driver before this one has left; it may have died of it. */
#include "state.h"

#include "memory.h"
#include "supervisor.h"

#define DEATHS_MAX 2

_Static_assert(sizeof(struct state) <= CONSOLE_MEMORY_PAGES * PAGE_SIZE, "CONSOLE_MEMORY_PAGES is too small");

enum error state_open(struct state **found)
{
	struct state *state;
	void *memory;
	enum error error = memory_map(HANDLE_CONSOLE_MEMORY, CONSOLE_MEMORY_PAGES, MAP_READ | MAP_WRITE, &memory);

	if (error) /* whoever has started it doesn't care */
		error = memory_make(CONSOLE_MEMORY_PAGES, &memory, NULL);
	if (error)
		return error;
	state = memory;
	/* First of all: a flag with any other value than 0 and 1 must not be read as one. */
	if (!state_is_sane(state) || (state->is_busy && ++state->deaths >= DEATHS_MAX)) {
		memset(state, 0, sizeof(*state));
		printf("what the one before has left is of no use: typed text and history are gone");
	}
	state->is_busy = false;
	*found = state;
	return OK;
}
