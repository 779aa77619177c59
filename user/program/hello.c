/* SPDX-License-Identifier: MIT */
/* hello.c: the smallest program: prints its words and the time. `init="hello [CODE]"`: a number is its exit code. */
#include "program.h"
#include "time.h"

int main(int count, char **words)
{
	uint64_t code = 0;

	printf("hello, world; my words are:");
	for (int i = 0; i < count; i++)
		printf("  %d '%s'", i, words[i]);
	printf("it is %zu us since the kernel's first instruction", (size_t)time_us());
	if (count > 1 && parse_number(words[1], &code) && code <= UINT32_MAX)
		return (int)code;
	return 0;
}
