/* SPDX-License-Identifier: MIT */
/* user/lib/start.c: from the first instruction (crt0.S) to main, and the end. */
#include "program.h"

#include "thread.h"

#define WORDS_MAX 32

__noreturn void exit(uint32_t code)
{
	for (;;)
		(void)sys_exit(code);
}

__noreturn void user_main(struct message_page *page)
{
	static char *words[WORDS_MAX + 1];
	char *end = page->arguments + MIN(page->arguments_bytes, MESSAGE_ARGUMENTS_MAX);
	int count = 0;

	for (char *word = page->arguments; word < end && count < WORDS_MAX; word += strlen(word) + 1)
		words[count++] = word;
	exit((uint32_t)main(count, words));
}

bool parse_number(const char *word, uint64_t *number)
{
	unsigned base = word[0] == '0' && word[1] == 'x' ? 16 : 10;
	uint64_t value = 0;

	word += base == 16 ? 2 : 0;
	if (!*word)
		return false;
	for (; *word; word++) {
		unsigned digit = *word >= 'a' ? *word - 'a' + 10u : *word - '0' + 0u;

		if (digit >= base || __builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*number = value;
	return true;
}

uint64_t number_or_usage(const char *word, const char *usage)
{
	uint64_t number;

	if (parse_number(word, &number))
		return number;
	printf("'%s' is no number; usage %s", word, usage);
	exit(2);
}
