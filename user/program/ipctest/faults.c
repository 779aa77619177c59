/* SPDX-License-Identifier: MIT */
/* faults.c: ipctest: a pager's answers, and pagers that don't answer. The program that faults is this one once more. */
#include "ipctest.h"

#define NOWHERE ((volatile uint64_t *)0x5000000000)
#define BADGE   9
#define WENT_ON 7 /* exit code */
#define DIED    (EXIT_KILLED | EXIT_REASON_FAULT)

/* Where a pager may let it go on: the other space has the same code at the same place. */
static __noreturn void go_on(void)
{
	exit(WENT_ON);
}

int run_faulter(void)
{
	return (int)*NOWHERE;
}

struct scene {
	handle_t endpoint; /* the pager's */
	struct child child;
};

static void make(struct scene *scene)
{
	static const char *const words[] = { "ipctest", "fault", NULL };
	handle_t pager;

	must(sys_endpoint_create(&scene->endpoint), "endpoint");
	pager = copy_of(scene->endpoint, RIGHT_SEND, BADGE);
	must(spawn_stopped(&(struct spawn){ .words = words, .pager = pager }, &scene->child), "spawn");
	must(sys_handle_close(pager), "close");
}

static void take_fault(struct scene *scene, struct message *message)
{
	make(scene);
	must(sys_thread_start(scene->child.thread), "start");
	must(ipc_receive(scene->endpoint, message, PATIENCE_US), "the fault");
}

static void ends_with(struct scene *scene, uint64_t wanted, const char *what)
{
	uint64_t code;

	must(child_wait(&scene->child, &code), "its end");
	check(code == wanted, what);
	if (scene->endpoint)
		must(sys_handle_close(scene->endpoint), "close");
}

/* reply_recv without a time-out: that takes the fast path. */
static void wrong_answers(const struct scene *scene)
{
	static const uint64_t outside[] = { 0, USER_START - 1, USER_END, 1ull << 47, 0xffff800000000000ull, UINT64_MAX };
	struct message message = { MESSAGE_INFO(FAULT_KILL + 1, 0, 0), { 0 }, 0 };

	gives(ipc_reply(HANDLE_NONE, &message), ERR_INVALID, "a pager's answer that there isn't");
	for (unsigned i = 0; i < ARRAY_SIZE(outside); i++) {
		message = (struct message){ MESSAGE_INFO(FAULT_RESUME, 1, 0), { outside[i] }, 0 };
		gives(ipc_reply(HANDLE_NONE, &message), ERR_RANGE, "to go on outside of the user half");
		gives(ipc_reply_recv(scene->endpoint, &message, TIMEOUT_FOREVER), ERR_RANGE, "the same by reply_recv");
	}
}

static void answers(void)
{
	const struct message resume = { MESSAGE_INFO(FAULT_RESUME, 1, 0), { (uintptr_t)go_on }, 0 };
	struct message message;
	struct scene scene;
	handle_t reply;

	take_fault(&scene, &message);
	check(message.info == (MESSAGE_INFO(FAULT_READ, 4, 0) | MESSAGE_FROM_KERNEL | MESSAGE_IS_CALL) && message.badge == BADGE &&
	      message.words[0] == (uintptr_t)NOWHERE, "a fault comes from the kernel, with the badge of its pager's handle");
	wrong_answers(&scene);
	gives(ipc_reply(HANDLE_NONE, &resume), OK, "to go on elsewhere");
	ends_with(&scene, WENT_ON, "it does");
	take_fault(&scene, &message);
	must(sys_reply_keep(&reply), "keep");
	gives(ipc_reply(reply, &resume), OK, "the same, by an answer that was kept");
	ends_with(&scene, WENT_ON, "it does");
	take_fault(&scene, &message);
	message.info = MESSAGE_INFO(FAULT_KILL, 0, 0);
	gives(ipc_reply(HANDLE_NONE, &message), OK, "to end it");
	ends_with(&scene, DIED, "it ends");
}

static void receive_and_die(void *argument)
{
	struct message message;

	must(ipc_receive(*(handle_t *)argument, &message, PATIENCE_US), "the fault");
}

static void no_answers(void)
{
	struct message message;
	struct thread thread;
	struct scene scene;
	handle_t reply;
	uint64_t code;

	make(&scene);
	must(thread_run(receive_and_die, &scene.endpoint, &thread), "thread");
	must(sys_thread_start(scene.child.thread), "start");
	must(thread_join(&thread, &code), "join");
	ends_with(&scene, DIED, "the pager dies before it has answered: the one who faulted ends");
	take_fault(&scene, &message);
	gives(ipc_receive(scene.endpoint, &message, TIMEOUT_NOW), ERR_TIMEOUT, "the pager receives again instead");
	ends_with(&scene, DIED, "the one who faulted ends");
	take_fault(&scene, &message);
	must(sys_reply_keep(&reply), "keep");
	must(sys_handle_close(reply), "close");
	ends_with(&scene, DIED, "the kept answer is closed: the one who faulted ends");
	make(&scene);
	must(sys_thread_start(scene.child.thread), "start");
	until_sending(scene.child.thread);
	must(sys_handle_close(scene.endpoint), "close");
	scene.endpoint = HANDLE_NONE;
	ends_with(&scene, DIED, "nobody can receive the fault any more: the one who faulted ends");
	make(&scene);
	must(sys_handle_close(scene.endpoint), "close");
	scene.endpoint = HANDLE_NONE;
	must(sys_thread_start(scene.child.thread), "start");
	ends_with(&scene, DIED, "it faults when the pager is gone: it ends");
}

void test_faults(void)
{
	answers();
	no_answers();
}
