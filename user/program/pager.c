/* SPDX-License-Identifier: MIT */
/*
 * pager.c: memory made when it is touched, as an example: the program `paged` runs in a space whose pager this is, so its faults
 * come here as messages. A page that is read is filled and mapped read-only; the first write to it makes it writable; any other
 * fault is its end.
 */
#include "paged.h"

#include "ipc.h"
#include "memory.h"
#include "program.h"
#include "thread.h"

#define PATIENCE_US 60000000 /* without a fault for so long: something is wrong */

static handle_t memory; /* what it may touch, page by page */
static struct child child;

/* The contents, written through a mapping of our own. */
static void fill_pages(void)
{
	void *start;

	must(memory_make(PAGED_PAGES, &start, &memory), "memory");
	for (unsigned i = 0; i < PAGED_PAGES; i++)
		*(uint64_t *)((uint8_t *)start + i * PAGE_SIZE) = PAGED_VALUE(i);
	must(sys_unmap(HANDLE_SPACE, (uintptr_t)start, PAGED_PAGES), "unmap");
}

/* The answer to a fault: FAULT_RESUME, once the page is there, or FAULT_KILL. */
static unsigned answer(unsigned fault, uint64_t addr, uint64_t pc)
{
	uint64_t number = (addr - PAGED_START) / PAGE_SIZE, page = ALIGN_DOWN(addr, PAGE_SIZE);

	if (addr < PAGED_START || number >= PAGED_PAGES) {
		printf("0x%zx: no such page; the program ends (at 0x%zx)", (size_t)addr, (size_t)pc);
		return FAULT_KILL;
	}
	if (fault == FAULT_READ) {
		printf("page %u is read: mapped read-only", (unsigned)number);
		must(sys_map(child.space, memory, page, number, 1, MAP_READ), "map");
		return FAULT_RESUME;
	}
	if (fault == FAULT_WRITE) {
		printf("page %u is written: made writable", (unsigned)number);
		must(sys_protect(child.space, page, 1, MAP_READ | MAP_WRITE), "protect");
		return FAULT_RESUME;
	}
	printf("page %u is executed; the program ends", (unsigned)number);
	return FAULT_KILL;
}

/* Until a fault that kills; returns how many there were. */
static unsigned serve(handle_t faults)
{
	struct message message;
	unsigned count = 1, verdict;

	must(ipc_receive(faults, &message, PATIENCE_US), "the first fault");
	for (;; count++) {
		if (!(message.info & MESSAGE_FROM_KERNEL))
			fail("a message that is no fault", ERR_INVALID);
		verdict = answer(MESSAGE_LABEL(message.info), message.words[0], message.words[1]);
		message.info = MESSAGE_INFO(verdict, 0, 0);
		if (verdict == FAULT_KILL)
			break;
		must(ipc_reply_recv(faults, &message, PATIENCE_US), "the next fault");
	}
	must(ipc_reply(HANDLE_NONE, &message), "reply");
	return count;
}

int main(int count, char **words)
{
	static const char *const program[] = { "paged", NULL };
	handle_t faults;
	uint64_t code;

	(void)words;
	if (count != 1) {
		printf("usage pager");
		return 2;
	}
	fill_pages();
	must(sys_endpoint_create(&faults), "endpoint");
	must(spawn(&(struct spawn){ .words = program, .pager = faults }, &child), "paged");
	count = (int)serve(faults);
	must(child_wait(&child, &code), "waiting for its end");
	printf("%d faults answered; it has ended with code 0x%zx", count, (size_t)code);
	return code == (EXIT_KILLED | EXIT_REASON_FAULT) && count == 2 * (int)PAGED_PAGES + 1 ? 0 : 1;
}
