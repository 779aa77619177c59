/* SPDX-License-Identifier: MIT */
/* valid.c: situations in which a call should succeed, for `fuzz`: objects of the right type, handles with the right rights, pages that
 * are mapped, callers that wait for an answer. What is made on the way is not counted. Any thread of a worker. */
#include "fuzz.h"

#include "ipc.h"

#include <amber/system.h>

#define PATIENCE_US 20000

extern const uint8_t user_thread_first[]; /* crt0.S */

/* --- what each kind of argument is, if the call has no function of its own -------------------------------------------- */

static uint64_t valid_info(void)
{
	unsigned handles = random_below(4) ? 0 : 1 + random_below(MESSAGE_HANDLES_MAX);
	struct message_page *page = message_page();

	for (unsigned i = 0; i < handles; i++) {
		page->handles[i] = known_handle(OBJECT_NONE, RIGHT_GRANT);
		page->rights[i] = rights_of(page->handles[i]);
	}
	return MESSAGE_INFO(random_below(4), random_below(4) ? random_below(5) : random_below(MESSAGE_WORDS_MAX + 1), handles);
}

static uint64_t valid_argument(const struct call_argument *argument)
{
	static const uint64_t perms[] = { MAP_READ, MAP_READ | MAP_WRITE, MAP_READ | MAP_EXECUTE };

	switch (argument->kind) {
	case kind_handle:
		return argument->is_optional ? HANDLE_NONE : known_handle(argument->type, argument->rights);
	case kind_number:
		return argument->low + random_below(MIN(argument->high - argument->low, 15ull) + 1);
	case kind_page:
		return new_place();
	case kind_pointer:
		return (uintptr_t)text;
	case kind_perms:
		return perms[random_below(ARRAY_SIZE(perms))];
	case kind_info:
		return valid_info();
	case kind_timeout:
		return PATIENCE_US;
	case kind_rights:
	case kind_word:
		return 0;
	}
	return 0;
}

/* --- calls that need more than that -------------------------------------------------------------------------------------- */

typedef void prepare(uint64_t a[ARGUMENTS_MAX]);

static void to_a_server(uint64_t a[ARGUMENTS_MAX])
{
	a[0] = GIVEN_SERVED;
}

static void from_a_partner(uint64_t a[ARGUMENTS_MAX])
{
	a[0] = GIVEN_ASKED;
}

/* Somebody waits for this thread's answer. Not all that send do. */
static bool be_called(void)
{
	struct message message;

	for (unsigned i = 0; i < 4; i++) {
		if (ipc_receive(GIVEN_ASKED, &message, PATIENCE_US))
			return false;
		for (unsigned k = 0; k < MESSAGE_HANDLES(message.info); k++)
			remember(message_page()->handles[k]);
		if (message.info & MESSAGE_IS_CALL)
			return true;
	}
	return false;
}

static void be_called_first(uint64_t a[ARGUMENTS_MAX])
{
	(void)a;
	(void)be_called();
}

static void be_called_and_wait(uint64_t a[ARGUMENTS_MAX])
{
	a[0] = GIVEN_ASKED;
	(void)be_called();
}

static void answer_one(uint64_t a[ARGUMENTS_MAX])
{
	handle_t kept;

	if (!be_called() || random_below(2) || sys_reply_keep(&kept))
		return;
	remember(kept);
	a[0] = kept;
}

static void signal_first(uint64_t a[ARGUMENTS_MAX])
{
	uint64_t bits = random_word() | 1;

	a[0] = known_handle(OBJECT_NOTIFICATION, RIGHT_SEND | RIGHT_RECEIVE);
	may_fail(sys_signal(a[0], bits));
}

static void short_sleep(uint64_t a[ARGUMENTS_MAX])
{
	a[0] = random_below(300);
}

/* In its own space a thread that works, elsewhere one that faults at once. */
static void a_new_thread(uint64_t a[ARGUMENTS_MAX])
{
	bool is_own = random_below(4) != 0;
	uint64_t top = is_own ? new_stack() : new_place();
	uint64_t *start = (uint64_t *)(void *)scratch;

	if (is_own)
		a[0] = HANDLE_SPACE;
	start[0] = (uintptr_t)few_calls;
	start[1] = random_word();
	a[1] = (uintptr_t)user_thread_first;
	a[2] = a[3] = top;
	a[4] = (uintptr_t)start;
	a[5] = 2 * sizeof(uint64_t);
}

static void a_stopped_thread(uint64_t a[ARGUMENTS_MAX])
{
	a[0] = new_handle(OBJECT_THREAD);
}

/* It may run. */
static void a_thread(uint64_t a[ARGUMENTS_MAX])
{
	a[0] = new_handle(OBJECT_THREAD);
	if (random_below(2))
		may_fail(sys_thread_start(a[0]));
}

static void settings(uint64_t a[ARGUMENTS_MAX])
{
	a[1] = random_below(PRIORITY_HIGHEST_USER + 1);
	a[2] = random_below(255) | 1; /* CPU 0 is always there */
}

static void with_a_pager(uint64_t a[ARGUMENTS_MAX])
{
	a[0] = random_below(2) ? GIVEN_SERVED : HANDLE_NONE;
}

/* The handle at a[i], with some of its rights. No other space gets a handle to a space: two with one to each other that wait for
 * something would never end. */
static void some_rights(uint64_t a[ARGUMENTS_MAX], unsigned i)
{
	a[i + 1] = rights_of(a[i]) & (random_word() | RIGHT_GRANT | RIGHT_READ | RIGHT_SEND);
	a[i + 2] = 0;
}

static void a_copy(uint64_t a[ARGUMENTS_MAX])
{
	some_rights(a, 0);
}

static void a_gift(uint64_t a[ARGUMENTS_MAX])
{
	static const enum object_type types[] = { OBJECT_ENDPOINT, OBJECT_NOTIFICATION, OBJECT_MEMORY, OBJECT_THREAD };

	if (a[0] == HANDLE_SPACE)
		a[0] = new_handle(OBJECT_SPACE);
	a[1] = known_handle(types[random_below(ARRAY_SIZE(types))], RIGHT_GRANT);
	some_rights(a, 1);
}

static void an_empty_space(uint64_t a[ARGUMENTS_MAX])
{
	a[0] = new_handle(OBJECT_SPACE);
	a[2] = 5; /* hello */
}

static void a_child(uint64_t a[ARGUMENTS_MAX])
{
	uint64_t child = world.children[random_below(CHILDREN)];

	a[0] = rights_of(child) & RIGHT_CONTROL ? child : new_handle(OBJECT_SPACE);
}

static void pages_to_map(uint64_t a[ARGUMENTS_MAX])
{
	if (random_below(2))
		a[0] = HANDLE_SPACE;
	a[1] = new_handle(OBJECT_MEMORY);
	a[3] = 0;
	a[4] = 1;
}

static void mapped_pages(uint64_t a[ARGUMENTS_MAX])
{
	const struct mapping *mapping = known_mapping();

	if (!mapping)
		return;
	a[0] = mapping->space;
	a[1] = mapping->address;
	a[2] = 1 + random_below(mapping->pages);
}

/* Of memory that is mapped nowhere else. */
static void pages_to_seal(uint64_t a[ARGUMENTS_MAX])
{
	const struct mapping *mapping = new_mapping(random_below(2), 1 + random_below(4));

	if (!mapping)
		return;
	a[0] = mapping->space;
	a[1] = mapping->address;
	a[2] = 1 + random_below(mapping->pages);
}

static void bind_first(uint64_t a[ARGUMENTS_MAX])
{
	handle_t notification = known_handle(OBJECT_NOTIFICATION, RIGHT_SEND);

	may_fail(sys_irq_bind(a[0], notification, 1));
}

/* The serial line's first register: what was received, nothing. */
static void a_register(uint64_t a[ARGUMENTS_MAX])
{
	for (handle_t handle = GIVEN_OTHERS; handle < HANDLE_GIVEN + GIVEN_MAX; handle++) {
		uint64_t type, rights, badge;

		if (!sys_handle_info(handle, &type, &rights, &badge) && type == OBJECT_MEMORY)
			a[0] = handle;
	}
	a[1] = 0;
	a[2] = 1;
}

static void short_text(uint64_t a[ARGUMENTS_MAX])
{
	a[1] = random_below(6);
}

static void one_record(uint64_t a[ARGUMENTS_MAX])
{
	a[1] = random_below(SYSTEM_KINDS);
	a[3] = 0;
	a[4] = (uintptr_t)scratch;
	a[5] = 2048;
}

/* Not a space that works: it would fill the log. */
static void no_trace(uint64_t a[ARGUMENTS_MAX])
{
	a[1] = a[0] == HANDLE_SPACE ? 0 : random_below(2);
}

static prepare *const preparations[CALLS] = {
	[SYS_call] = to_a_server,
	[SYS_reply_recv] = be_called_and_wait,
	[SYS_send] = to_a_server,
	[SYS_receive] = from_a_partner,
	[SYS_reply] = answer_one,
	[SYS_reply_keep] = be_called_first,
	[SYS_wait] = signal_first,
	[SYS_sleep] = short_sleep,
	[SYS_thread_create] = a_new_thread,
	[SYS_thread_start] = a_stopped_thread,
	[SYS_thread_kill] = a_thread,
	[SYS_thread_set] = settings,
	[SYS_thread_watch] = a_stopped_thread,
	[SYS_space_create] = with_a_pager,
	[SYS_space_give] = a_gift,
	[SYS_space_load] = an_empty_space,
	[SYS_space_kill] = a_child,
	[SYS_map] = pages_to_map,
	[SYS_unmap] = mapped_pages,
	[SYS_protect] = mapped_pages,
	[SYS_map_seal] = pages_to_seal,
	[SYS_handle_duplicate] = a_copy,
	[SYS_irq_acknowledge] = bind_first,
	[SYS_device_read] = a_register,
	[SYS_log_write] = short_text,
	[SYS_system_read] = one_record,
	[SYS_space_trace] = no_trace,
};

void valid_arguments(uint64_t call, uint64_t a[ARGUMENTS_MAX])
{
	for (unsigned i = 0; i < call_argument_counts[call]; i++)
		a[i] = valid_argument(&call_arguments[call][i]);
	if (preparations[call])
		preparations[call](a);
}
