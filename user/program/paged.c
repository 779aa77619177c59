/* SPDX-License-Identifier: MIT */
/*
 * paged.c: what `pager` runs: it uses memory that nobody has mapped. Each first touch is a fault; the pager maps a page, and the
 * instruction is run again, without a word to this program. The last touch is one that no pager would allow.
 */
#include "paged.h"

#include "program.h"

/* Volatile: each of these is one access. */
static volatile uint64_t *page(unsigned number)
{
	return (volatile uint64_t *)(PAGED_START + number * PAGE_SIZE);
}

int main(int count, char **words)
{
	(void)count, (void)words;
	for (unsigned i = 0; i < PAGED_PAGES; i++)
		if (*page(i) != PAGED_VALUE(i))
			return 1;
	for (unsigned i = 0; i < PAGED_PAGES; i++)
		page(i)[1] = *page(i) + 1;
	for (unsigned i = 0; i < PAGED_PAGES; i++)
		if (page(i)[1] != PAGED_VALUE(i) + 1)
			return 2;
	printf("%u pages read and written", PAGED_PAGES);
	return (int)*page(PAGED_PAGES); /* the pager knows no such page */
}
