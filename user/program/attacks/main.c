/* SPDX-License-Identifier: MIT */
/*
 * attacks: every system call with every wrong kind of each of its arguments, all others being right (init=attacks; in the
 * supervisor's place it has rights for a few calls more). What is right and wrong comes from include/amber/syscalls.def. Each attack
 * must return the documented error, leave handles, spaces and the argument registers as they were, and not hurt the program.
 * init="attacks NAME": one call's only; init="attacks module": a boot module has the programs bad-magic and bad-machine. Behind its attacks each call is made with right arguments only: that must not fail for an
 * argument's sake, else the attacks would prove little. Exit code 1: some went wrong.
 */
#include "provoke.h"

#define NEVER_USED 1000 /* a handle's number */

static const uint64_t kernel_addresses[] = {
	0x0000800000000000ull,  /* x86_64: the first that is not canonical */
	0x0001000000000000ull,  0x4000000000000000ull, 0xffff000000000000ull, 0xffff800000000000ull, 0xffff800000200000ull,
	0xffffff8000000000ull,  0xffffffff80000000ull, 0xffffffff80200000ull, 0xfffffffffffff000ull,
};

static unsigned attacks, failures;

/* --- one attack --------------------------------------------------------------------------------------------------------- */

#define STATE_WORDS (3 * OBJECT_TYPES + 2 * 4)

/* All that can be asked: what the handles are, how many, what is mapped. */
static void take_state(uint64_t state[STATE_WORDS])
{
	memset(state, 0, STATE_WORDS * sizeof(state[0]));
	for (unsigned type = OBJECT_NONE + 1; type < OBJECT_TYPES; type++, state += 3)
		if (sys_handle_info(scene.right[type], &state[0], &state[1], &state[2]))
			state[0] = state[1] = state[2] = 0;
	state += 3;
	need(sys_space_info(HANDLE_SPACE, &state[0], &state[1], &state[2], &state[3]), "space_info");
	need(sys_space_info(scene.right[OBJECT_SPACE], &state[4], &state[5], &state[6], &state[7]), "space_info");
}

void went_wrong(uint64_t call, const char *name, uint64_t value, const char *what, enum error expected, uint64_t got)
{
	failures++;
	printf("not ok: call %zu %s: %s = 0x%zx: %s: %u, not %u", (size_t)call, call < CALLS ? call_names[call] : "", name,
	       (size_t)value, what, (unsigned)got, (unsigned)expected);
}

/* Makes the call; name and value say what is wrong about it. */
static void attack_with(uint64_t call, const uint64_t a[ARGUMENTS_MAX], const char *name, uint64_t value, enum error expected)
{
	uint64_t before[STATE_WORDS], after[STATE_WORDS], registers[ARGUMENTS_MAX], error;

	attacks++;
	memcpy(registers, a, sizeof(registers));
	take_state(before);
	error = noted_call(call, registers);
	take_state(after);
	if (error != expected)
		went_wrong(call, name, value, "error", expected, error);
	for (unsigned i = 1; i < ARGUMENTS_MAX; i++)
		if (registers[i] != a[i])
			went_wrong(call, name, value, "a result was set, in argument", 0, i);
	if (memcmp(before, after, sizeof(before)))
		went_wrong(call, name, value, "something changed", OK, error);
}

/* Argument i is wrong. */
static void attack(uint64_t call, unsigned i, uint64_t value, enum error expected)
{
	uint64_t a[ARGUMENTS_MAX];

	right_arguments(call, a);
	a[i] = value;
	attack_with(call, a, call_arguments[call][i].name, value, expected);
}

/* Argument i and the one behind it are wrong together. */
static void attack_two(uint64_t call, unsigned i, uint64_t value, uint64_t next, enum error expected)
{
	uint64_t a[ARGUMENTS_MAX];

	right_arguments(call, a);
	a[i] = value;
	a[i + 1] = next;
	attack_with(call, a, call_arguments[call][i].name, value, expected);
}

/* --- each kind of argument ------------------------------------------------------------------------------------------------- */

static void attack_type(uint64_t call, unsigned i, enum object_type type)
{
	for (unsigned wrong = OBJECT_NONE + 1; wrong < OBJECT_TYPES; wrong++)
		if (wrong != type && scene.right[wrong])
			attack(call, i, scene.right[wrong], ERR_TYPE);
}

static void attack_rights(uint64_t call, unsigned i, uint32_t needed)
{
	uint64_t right = right_argument(call, i);
	uint32_t all = right ? rights_of(right) : 0;

	for (uint32_t bit = 1; bit <= RIGHTS_ALL; bit <<= 1) {
		handle_t weak;

		if (!right || !(needed & bit))
			continue;
		weak = copy_of(right, all & ~bit);
		attack(call, i, weak, ERR_RIGHTS);
		(void)sys_handle_close(weak);
	}
}

static void attack_handle(uint64_t call, unsigned i, const struct call_argument *argument)
{
	uint64_t right = right_argument(call, i);
	uint64_t wrong[] = { NEVER_USED, scene.stale[argument->type ? argument->type : OBJECT_MEMORY], right + HANDLES_MAX, right | 1ull << 32,
			     right | 1ull << 63, HANDLES_MAX, 1ull << 32, 1ull << 63, UINT64_MAX };

	for (unsigned k = 0; k < ARRAY_SIZE(wrong); k++)
		attack(call, i, wrong[k] ? wrong[k] : NEVER_USED, ERR_HANDLE);
	if (!argument->is_optional)
		attack(call, i, HANDLE_NONE, ERR_HANDLE);
	if (argument->type != OBJECT_NONE)
		attack_type(call, i, argument->type);
	attack_rights(call, i, argument->rights);
}

static void attack_number(uint64_t call, unsigned i, const struct call_argument *argument)
{
	uint64_t wrong[] = { argument->low - 1, argument->high + 1, argument->low | 1ull << 32, argument->high | 1ull << 32, 1ull << 32,
			     1ull << 63, argument->low | 1ull << 63, UINT64_MAX };

	for (unsigned k = 0; k < ARRAY_SIZE(wrong); k++)
		if (wrong[k] < argument->low || wrong[k] > argument->high)
			attack(call, i, wrong[k], ERR_RANGE);
}

static void attack_page(uint64_t call, unsigned i)
{
	uint64_t right = right_argument(call, i);
	static const uint64_t outside[] = { 0, 1, PAGE_SIZE, USER_START - PAGE_SIZE, USER_START - 1, USER_END, USER_END + PAGE_SIZE, UINT64_MAX };

	for (unsigned bit = 1; bit < PAGE_SIZE; bit <<= 1)
		attack(call, i, right | bit, ERR_INVALID);
	for (unsigned k = 0; k < ARRAY_SIZE(outside); k++)
		attack(call, i, outside[k], ERR_RANGE);
	for (unsigned k = 0; k < ARRAY_SIZE(kernel_addresses); k++)
		attack(call, i, kernel_addresses[k], ERR_RANGE);
}

/* address … pages: up to the end of the user half and beyond. */
static void attack_pages(uint64_t call, unsigned at, unsigned pages)
{
	for (uint64_t left = 1; left < 512; left <<= 1) {
		uint64_t a[ARGUMENTS_MAX];

		right_arguments(call, a);
		a[at] = USER_END - left * PAGE_SIZE;
		a[pages] = left + 1;
		attack_with(call, a, "beyond the end: pages", left + 1, ERR_RANGE);
		a[pages] = call_arguments[call][pages].high;
		attack_with(call, a, "beyond the end: pages", a[pages], ERR_RANGE);
	}
}

static void attack_range(uint64_t call)
{
	unsigned at = ARGUMENTS_MAX;

	for (unsigned i = 0; i < call_argument_counts[call]; i++) {
		if (call_arguments[call][i].kind == kind_page)
			at = i;
		else if (at < ARGUMENTS_MAX && strcmp(call_arguments[call][i].name, "pages") == 0)
			attack_pages(call, at, i);
	}
}

static void attack_pointer(uint64_t call, unsigned i)
{
	uintptr_t behind = (uintptr_t)scene.text + PAGE_SIZE;
	const uint64_t wrong[] = { 0, 1, USER_START - SOUND_LENGTH, USER_START - 1, behind, FREE, USER_END - 1, USER_END, UINT64_MAX,
				   UINT64_MAX - SOUND_LENGTH + 1 };

	for (unsigned k = 0; k < ARRAY_SIZE(wrong); k++)
		attack(call, i, wrong[k], ERR_NOT_MAPPED);
	for (unsigned k = 0; k < ARRAY_SIZE(kernel_addresses); k++)
		attack(call, i, kernel_addresses[k], ERR_NOT_MAPPED);
	for (uint64_t inside = 1; inside < 64; inside++) {
		attack_two(call, i, behind - inside, inside + 1, ERR_NOT_MAPPED);
		attack_two(call, i, behind - inside, 64, ERR_NOT_MAPPED);
		attack_two(call, i, USER_END - inside, 64, ERR_NOT_MAPPED);
	}
}

static void attack_set(uint64_t call, unsigned i, const struct call_argument *argument)
{
	uint64_t right = right_argument(call, i), known = argument->kind == kind_rights ? RIGHTS_ALL : MAP_READ | MAP_WRITE | MAP_EXECUTE;
	uint32_t all = rights_of(scene.any);

	for (uint64_t bit = 1; bit; bit <<= 1) {
		if (!(known & bit))
			attack(call, i, right | bit, ERR_INVALID);
		else if (argument->kind == kind_rights && !(all & bit))
			attack(call, i, right | bit, ERR_RIGHTS);
	}
	attack(call, i, UINT64_MAX, ERR_INVALID);
	if (argument->kind == kind_rights)
		return;
	attack(call, i, MAP_READ | MAP_WRITE | MAP_EXECUTE, ERR_INVALID);
	attack(call, i, MAP_WRITE | MAP_EXECUTE, ERR_INVALID);
	attack(call, i, MAP_WRITE, ERR_INVALID);
	attack(call, i, MAP_EXECUTE, ERR_INVALID);
	attack(call, i, 0, ERR_INVALID);
}

static void attack_info(uint64_t call, unsigned i)
{
	for (uint64_t bit = 1; bit; bit <<= 1)
		if (!(MESSAGE_INFO_MASK & bit))
			attack(call, i, bit, ERR_INVALID);
	attack(call, i, UINT64_MAX, ERR_INVALID);
	for (unsigned words = MESSAGE_WORDS_MAX + 1; words < 128; words++)
		attack(call, i, MESSAGE_INFO(0, words, 0), ERR_RANGE);
	for (unsigned handles = MESSAGE_HANDLES_MAX + 1; handles < 8; handles++)
		attack(call, i, MESSAGE_INFO(0, 0, handles), ERR_RANGE);
	attack(call, i, MESSAGE_INFO(0, 127, 7), ERR_RANGE);
}

/* What syscalls.def says in words. */
static void attack_word(uint64_t call, unsigned i, const struct call_argument *argument)
{
	bool is_stack = strcmp(argument->name, "stack") == 0;
	static const uint64_t outside[] = { 0, USER_START - 16, USER_END + 16, UINT64_MAX };

	if (call != SYS_thread_create)
		return;
	for (unsigned k = 0; k < ARRAY_SIZE(outside); k++)
		attack(call, i, outside[k], ERR_RANGE);
	for (unsigned k = 0; k < ARRAY_SIZE(kernel_addresses); k++)
		attack(call, i, kernel_addresses[k], ERR_RANGE);
	if (!is_stack)
		attack(call, i, USER_END, ERR_RANGE);
	for (unsigned bit = 1; bit < 16 && is_stack; bit <<= 1)
		attack(call, i, SOUND_WORD | bit, ERR_INVALID);
}

static void attack_argument(uint64_t call, unsigned i)
{
	const struct call_argument *argument = &call_arguments[call][i];

	switch (argument->kind) {
	case kind_handle:
		return attack_handle(call, i, argument);
	case kind_number:
		return attack_number(call, i, argument);
	case kind_page:
		return attack_page(call, i);
	case kind_pointer:
		return attack_pointer(call, i);
	case kind_rights:
	case kind_perms:
		return attack_set(call, i, argument);
	case kind_info:
		return attack_info(call, i);
	case kind_word:
		return attack_word(call, i, argument);
	case kind_timeout:
		if (call == SYS_call)
			attack(call, i, TIMEOUT_NOW, ERR_RANGE);
		return;
	}
}

/* --- all ------------------------------------------------------------------------------------------------------------------ */

/* With nothing wrong: it may fail, but not for an argument's sake. (exit and a byte for the serial line are left out.) */
static void make_sound_call(uint64_t call)
{
	uint64_t a[ARGUMENTS_MAX], error;

	if (call == SYS_exit || call == SYS_device_write || call == SYS_lab_write || call == SYS_lab_read)
		return;
	right_arguments(call, a);
	if (call == SYS_console_write)
		a[2] = 0; /* it would be a line without a time */
	error = noted_call(call, a);
	if (error == ERR_INVALID || error == ERR_RANGE || error == ERR_HANDLE || error == ERR_TYPE || error == ERR_RIGHTS ||
	    error == ERR_NOT_MAPPED)
		went_wrong(call, "nothing wrong", 0, "error", OK, error);
}

/* Its first handle is right: without that nothing else is looked at. (init= programs may not give orders to the kernel.) */
static bool can_be_right(uint64_t call)
{
	const struct call_argument *first = call_arguments[call];
	uint64_t right;

	if (!call_argument_counts[call] || first->kind != kind_handle)
		return true;
	right = right_argument(call, 0);
	return right && (rights_of(right) & first->rights) == first->rights;
}

static void attack_call(uint64_t call)
{
	make_scene();
	for (unsigned i = 0; i < call_argument_counts[call]; i++)
		if (i == 0 || can_be_right(call))
			attack_argument(call, i);
	if (can_be_right(call)) {
		attack_range(call);
		make_sound_call(call);
	}
	end_scene();
}

static void attack_numbers(void)
{
	static const uint64_t wrong[] = { CALLS, CALLS + 1, 64, 127, 128, 255, 256, 4095, 65536, 1ull << 31, 1ull << 32, 1ull << 63, UINT64_MAX };
	uint64_t a[ARGUMENTS_MAX] = { HANDLE_SPACE, 1, 2, 3, 4, 5, 6 };

	make_scene();
	for (unsigned k = 0; k < ARRAY_SIZE(wrong); k++)
		attack_with(wrong[k], a, "number", wrong[k], ERR_UNSUPPORTED);
	for (uint64_t call = 0; call < CALLS; call++) {
		attack_with(call | 1ull << 32, a, "number", call, ERR_UNSUPPORTED);
		attack_with(call | 1ull << 63, a, "number", call, ERR_UNSUPPORTED);
		attack_with(-call - 1, a, "number", call, ERR_UNSUPPORTED);
	}
	end_scene();
}

int main(int count, char **words)
{
	make_text();
	if (count == 1 || !strcmp(words[1], "module"))
		provoke_all(count > 1);
	for (uint64_t call = 0; call < CALLS; call++) {
		unsigned before = attacks;

		if (count > 1 && strcmp(words[1], "module") && strcmp(words[1], call_names[call]) != 0)
			continue;
		attack_call(call);
		printf("%s: %u attacks", call_names[call], attacks - before);
	}
	attack_numbers();
	provoke_no_memory(); /* first: a table that was full keeps its memory */
	provoke_full();
	report_errors();
	printf("%u attacks, %u of them went wrong", attacks, failures);
	return failures ? 1 : 0;
}
