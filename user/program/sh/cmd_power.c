/* SPDX-License-Identifier: MIT */
/* cmd_power.c: clock, mem, reboot, poweroff. */
#include "sh.h"
#include "time.h"

static bool clock(int count, char **words)
{
	uint64_t us = time_us();

	(void)words;
	if (count == 1)
		say("%zu.%06zu s since the kernel's first instruction\n", (size_t)us / 1000000, (size_t)us % 1000000);
	return count == 1;
}
COMMAND(clock, "", "the time since the start", clock);

static const char *const object_texts[OBJECT_TYPES] = {
	[OBJECT_THREAD] = "thread", [OBJECT_SPACE] = "space", [OBJECT_ENDPOINT] = "endpoint", [OBJECT_NOTIFICATION] = "notification",
	[OBJECT_MEMORY] = "memory object", [OBJECT_IRQ] = "irq", [OBJECT_REPLY] = "kept answer", [OBJECT_LAB] = "lab device",
	[OBJECT_SYSTEM] = "system",
};

static void say_objects(const struct system_counts *counts)
{
	unsigned column = 8;
	char text[40];

	say("objects:");
	for (unsigned type = OBJECT_NONE + 1; type < OBJECT_TYPES; type++) {
		format(text, sizeof(text), "%zu %s%s%s", (size_t)counts->objects[type], object_texts[type],
		       PLURAL(counts->objects[type]), type == OBJECT_TYPES - 1 ? "" : ",");
		say_item(&column, text);
	}
	say("\n");
}

static bool mem(int count, char **words)
{
	struct system_counts counts;
	enum error error;

	(void)words;
	if (count != 1)
		return false;
	error = record_read(SYSTEM_COUNTS, &counts, sizeof(counts));
	if (error) {
		say("mem: %s\n", error_text(error));
		return true;
	}
	say("memory: %zu KiB, %zu KiB free; %zu CPU%s\n", (size_t)counts.memory_kib, (size_t)counts.free_frames * 4, (size_t)counts.cpus,
	    PLURAL(counts.cpus));
	say("frames: %zu free, %zu of programs\n", (size_t)counts.free_frames, (size_t)counts.user_frames);
	say("arena: %zu of %zu frames used, %zu of them tables of spaces\n", (size_t)counts.arena_frames_used,
	    (size_t)counts.arena_frames, (size_t)counts.space_tables);
	say("pages: %zu of pools, %zu of handles\n", (size_t)counts.pool_pages, (size_t)counts.handle_pages);
	say_objects(&counts);
	return true;
}
COMMAND(mem, "", "how much memory and how many objects there are", mem);

static void order(const char *command, enum system_order order)
{
	enum error error;

	if (failed_program())
		say("%s: this boot has failed, since '%s' has\n", command, failed_program());
	error = sys_system_control(HANDLE_SYSTEM, order, 0);
	if (error)
		say("%s: %s\n", command, error_text(error));
}

static bool reboot(int count, char **words)
{
	(void)words;
	if (count == 1 && is_in_run)
		say("reboot: not inside run=\n");
	else if (count == 1)
		order("reboot", SYSTEM_REBOOT);
	return count == 1;
}
COMMAND(reboot, "", "start the machine again", reboot);

static bool poweroff(int count, char **words)
{
	(void)words;
	if (count == 1)
		order("poweroff", SYSTEM_POWER_OFF);
	return count == 1;
}
COMMAND(poweroff, "", "switch the machine off", poweroff);
