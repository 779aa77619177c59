/* SPDX-License-Identifier: MIT */
/* hello.c: the smallest program: prints its words and the time. `init="hello [CODE]"`: a number is its exit code, 32 bits. */
#include "program.h"
#include "time.h"

/* -1 is meant as one, `world` isn't. */
static bool looks_like_number(const char *word)
{
	return word[0] == '-' || (word[0] >= '0' && word[0] <= '9');
}

int main(int count, char **words)
{
	uint64_t code = 0;

	printf("hello, world; my words are:");
	for (int i = 0; i < count; i++)
		printf("  %d '%s'", i, words[i]);
	printf("it is %zu us since the kernel's first instruction", (size_t)time_us());
	if (count > 1 && (!parse_number(words[1], &code) || code > UINT32_MAX) && looks_like_number(words[1])) {
		printf("'%s' is no exit code: 0 to 4294967295", words[1]);
		return 2;
	}
	return (int)code;
}
