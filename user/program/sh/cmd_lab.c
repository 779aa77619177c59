/* SPDX-License-Identifier: MIT */
/*
 * cmd_lab.c: lab (with lab=on only): loads and stores by the kernel, wherever: a bug to order. The store is made by a thread of its
 * own, so that a policy that kills whoever wrote doesn't take the shell.
 */
#include "sh.h"

struct store {
	uint64_t address, value, bytes;
	uint64_t before; /* what was there */
	bool is_known;   /* … if it could be read */
	enum error error;
};

static void store(void *argument)
{
	struct store *store = argument;

	store->error = sys_lab_write(HANDLE_LAB, store->address, store->value, store->bytes, 0);
}

/* Addresses of the user half are none of the kernel's. */
static void say_error(uint64_t address, enum error error)
{
	say("lab: 0x%zx: %s\n", (size_t)address, error_text(error == ERR_RANGE ? ERR_NOT_MAPPED : error));
}

static void say_result(const struct store *store, uint64_t exit_code)
{
	uint64_t mask = store->bytes == 8 ? UINT64_MAX : (1ull << 8 * store->bytes) - 1, value;
	char text[48];

	if (exit_code) {
		exit_code_text(exit_code, text, sizeof(text));
		say("lab: 0x%zx: the thread that wrote has ended: %s\n", (size_t)store->address, text);
	} else if (store->error) {
		say_error(store->address, store->error);
	} else if (!sys_lab_read(HANDLE_LAB, store->address, store->bytes, &value) && value != (store->value & mask)) {
		say("lab: 0x%zx: not written, still 0x%zx\n", (size_t)store->address, (size_t)value);
	} else if (store->is_known && store->before == (store->value & mask)) { /* dropped or not: nobody can tell */
		say("lab: 0x%zx: 0x%zx, as before\n", (size_t)store->address, (size_t)store->before);
	} else {
		say("lab: 0x%zx: written\n", (size_t)store->address);
	}
}

static void lab_write(uint64_t address, uint64_t value, uint64_t bytes)
{
	static struct store order; /* not on the stack: the thread has its own */
	struct thread thread;
	uint64_t exit_code;
	enum error error;

	order = (struct store){ .address = address, .value = value, .bytes = bytes };
	order.is_known = !sys_lab_read(HANDLE_LAB, address, bytes, &order.before);
	error = thread_run(store, &order, &thread);
	if (!error)
		error = thread_join(&thread, &exit_code);
	if (error)
		say("lab: a thread for it: %s\n", error_text(error));
	else
		say_result(&order, exit_code);
}

static void lab_read(uint64_t address, uint64_t bytes)
{
	uint64_t value;
	enum error error = sys_lab_read(HANDLE_LAB, address, bytes, &value);

	if (error)
		say_error(address, error);
	else
		say("0x%zx: 0x%zx\n", (size_t)address, (size_t)value);
}

/* 8 if it isn't given. False: no width. */
static bool width(const char *word, uint64_t *bytes)
{
	*bytes = 8;
	return !word || (parse_number(word, bytes) && (*bytes == 1 || *bytes == 2 || *bytes == 4 || *bytes == 8));
}

static bool lab(int count, char **words)
{
	bool writes = count >= 2 && !strcmp(words[1], "write"), reads = count >= 2 && !strcmp(words[1], "read");
	uint64_t address, value, bytes;

	if (!(writes && (count == 4 || count == 5)) && !(reads && (count == 3 || count == 4)))
		return false;
	if (!width(words[writes ? 4 : 3], &bytes))
		return false;
	if (!address_of("lab", words[2], &address))
		return true;
	if (reads) {
		lab_read(address, bytes);
		return true;
	}
	if (!number_of("lab", words[3], &value))
		return true;
	if (bytes < 8 && value >> 8 * bytes)
		say("lab: %s: more than %zu byte%s\n", words[3], (size_t)bytes, PLURAL(bytes));
	else
		lab_write(address, value, bytes);
	return true;
}
COMMAND_IF(lab, "read SYMBOL|ADDR [1|2|4|8] | write SYMBOL|ADDR VALUE [1|2|4|8]",
           "the kernel itself loads or stores: a bug to order", lab, true);
