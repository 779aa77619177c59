/* SPDX-License-Identifier: MIT */
/*
 * user/template.c: a program to start from: it sets up data of its own, seals it, and reads it. With the word `break` it writes
 * there afterwards, and is killed for it.
 *   NAME [break]
 */
#include <amber/annotate.h>

#include "memory.h"
#include "program.h"

/* Written while the program starts, and never again: it lies on pages of its own (user/user.ld.S). */
static uint64_t __ro_after_init limit;

int main(int count, char **words)
{
	enum error error;

	limit = 42;
	error = seal_ro_after_init();
	if (error)
		fail("seal", error);
	printf("hello from NAME: limit is %zu and sealed", (size_t)limit);

	if (count == 2 && !strcmp(words[1], "break")) {
		printf("now I write to it all the same");
		*(volatile uint64_t *)&limit = 43;
		printf("not reached: the write before this line ends the program");
		return 1;
	}
	return 0;
}
