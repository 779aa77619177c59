/* SPDX-License-Identifier: MIT */
/* errors.c: which errors each call has returned, beside those that syscalls.def lists. Main thread. */
#include "scene.h"

static uint32_t seen[CALLS];

void note(uint64_t call, uint64_t error)
{
	if (call >= CALLS || error == OK)
		return;
	if (error >= 32 || !(call_errors[call] >> error & 1))
		went_wrong(call, "", 0, "an error that isn't listed", OK, error);
	else
		seen[call] |= 1u << error;
}

uint64_t noted_call(uint64_t call, uint64_t a[ARGUMENTS_MAX])
{
	uint64_t error = any_call(call, a);

	note(call, error);
	return error;
}

/* One line for each listed error that hasn't come. */
void report_errors(void)
{
	for (unsigned call = 0; call < CALLS; call++)
		for (unsigned error = 1; error < 32; error++)
			if ((call_errors[call] & ~seen[call]) >> error & 1)
				printf("never seen: %s: %u", call_names[call], error);
}
