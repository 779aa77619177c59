/* SPDX-License-Identifier: MIT */
/* tables.c: one who makes page tables of all memory that he can get. Afterwards there is memory for others. */
#include "siege.h"

#include "time.h"

#define FAR(i)     (0x100000000ull + (uint64_t)(i) * (1ull << 30)) /* each in a table of its own, and that in another one */
#define FAR_PLACES 200
#define PAGES      1024 /* a page may be mapped 255 times */
#define PIECE      512

/* False: there is no memory for more. */
static bool map_far(handle_t space, handle_t memory, unsigned round)
{
	for (unsigned i = 0; i < FAR_PLACES; i++)
		if (sys_map(space, memory, FAR(i), (round * FAR_PLACES + i) % PAGES, 1, MAP_READ))
			return i > 0;
	return true;
}

/* All of it goes with its end. */
void tables_inside(uint64_t number)
{
	handle_t space, memory;

	(void)number;
	must(sys_memory_create(PAGES, &memory), "memory");
	for (unsigned round = 0; !sys_space_create(HANDLE_NONE, &space) && map_far(space, memory, round); round++)
		;
}

static bool comes_back(void)
{
	uint64_t begin = time_us();
	handle_t memory;
	enum error error;

	while ((error = sys_memory_create(PIECE, &memory)) != OK && time_us() - begin < PATIENCE)
		must(sys_sleep(SECOND / 100), "sleep"); /* his spaces are taken apart meanwhile */
	return error == OK;
}

/* Then so many MiB must be there. */
void tables(uint64_t megabytes)
{
	struct child child;
	uint64_t code;

	spawn_part("tables-inside", 0, NULL, 0, HANDLE_NONE, &child);
	must(child_wait(&child, &code), "the other one's end");
	expect(code == 0, "how the other one ended");
	for (uint64_t got = 0; got < megabytes; got += PIECE * PAGE_SIZE >> 20)
		expect(comes_back(), "he has kept the memory");
}
