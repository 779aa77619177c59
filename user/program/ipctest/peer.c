/* SPDX-License-Identifier: MIT */
/* peer.c: ipctest: the other side, in a space of its own: it says what reached it, and does as it is told. */
#include "ipctest.h"

#define INBOX  HANDLE_GIVEN
#define OUTBOX (HANDLE_GIVEN + 1)

static handle_t first_handle, notification;
static enum error heard;

static uint64_t report_of(handle_t handle)
{
	uint64_t type, rights, badge;
	enum error error = sys_handle_info(handle, &type, &rights, &badge);

	return error ? 0 : REPORT(type, rights, badge);
}

static void look(struct message *message)
{
	const struct message_page *page = message_page();
	unsigned handles = MESSAGE_HANDLES(message->info), right = 0;

	for (unsigned i = MESSAGE_REGISTER_WORDS; i < MESSAGE_WORDS(message->info); i++)
		right += page->words[i] == i * 0x9e3779b97f4a7c15ull;
	for (unsigned i = 0; i < MESSAGE_REGISTER_WORDS; i++)
		message->words[i] = i < handles ? report_of(page->handles[i]) : 0;
	first_handle = handles ? page->handles[0] : first_handle;
	if (handles < MESSAGE_HANDLES_MAX)
		message->words[3] = right;
	message->info = MESSAGE_INFO(0, 4, 0);
}

static void answer(struct message *message)
{
	uint64_t bits;

	switch (MESSAGE_LABEL(message->info)) {
	case PEER_LOOK:
		look(message);
		return;
	case PEER_SIGNAL:
		message->words[0] = sys_signal(first_handle, 4);
		break;
	case PEER_RETURN:
		message_page()->handles[0] = notification;
		message_page()->rights[0] = RIGHT_SEND;
		message->info = MESSAGE_INFO(0, 0, 1);
		return;
	case PEER_HOLD:
		must(sys_wait(first_handle, PATIENCE_US, &bits), "wait");
		break;
	default:
		message->words[0] = heard;
	}
	message->info = MESSAGE_INFO(0, 1, 0);
}

/* Waits in the queue until somebody receives it. */
static void greet(void)
{
	struct message message = { .info = MESSAGE_INFO(0, 1, 1), .words = { GREETING } };

	message_page()->handles[0] = notification;
	message_page()->rights[0] = RIGHT_SEND;
	must(ipc_send(OUTBOX, &message, PATIENCE_US), "the greeting");
}

int run_peer(void)
{
	struct message message;

	must(sys_notification_create(&notification), "notification");
	greet();
	for (;;) {
		must(ipc_receive(INBOX, &message, PATIENCE_US), "receive");
		if (MESSAGE_LABEL(message.info) == PEER_END)
			return 0;
		answer(&message);
		heard = ipc_reply(HANDLE_NONE, &message);
	}
}
