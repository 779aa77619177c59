/* SPDX-License-Identifier: MIT */
/*
 * ipc.h: messages. All inline: a struct message whose address goes nowhere else stays in registers. Words from the fifth on and
 * handles are in message_page(). After an error the message means nothing.
 */
#ifndef AMBER_USER_IPC_H
#define AMBER_USER_IPC_H

#include "program.h"

struct message {
	uint64_t info; /* MESSAGE_INFO(label, words, handles) */
	uint64_t words[MESSAGE_REGISTER_WORDS];
	uint64_t badge; /* received: of the handle that it was sent with */
};

/* Sends it and waits for the answer, which takes its place. */
static inline __must_check enum error ipc_call(handle_t endpoint, struct message *message, uint64_t timeout)
{
	uint64_t *w = message->words;

	return sys_call(endpoint, message->info, w[0], w[1], w[2], w[3], timeout, &message->info, &w[0], &w[1], &w[2], &w[3],
	                &message->badge);
}

/* Answers the last call with it, and waits for the next message, which takes its place. */
static inline __must_check enum error ipc_reply_recv(handle_t endpoint, struct message *message, uint64_t timeout)
{
	uint64_t *w = message->words;

	return sys_reply_recv(endpoint, message->info, w[0], w[1], w[2], w[3], timeout, &message->info, &w[0], &w[1], &w[2], &w[3],
	                      &message->badge);
}

static inline __must_check enum error ipc_send(handle_t endpoint, const struct message *message, uint64_t timeout)
{
	const uint64_t *w = message->words;

	return sys_send(endpoint, message->info, w[0], w[1], w[2], w[3], timeout);
}

static inline __must_check enum error ipc_receive(handle_t endpoint, struct message *message, uint64_t timeout)
{
	uint64_t *w = message->words;

	return sys_receive(endpoint, timeout, &message->info, &w[0], &w[1], &w[2], &w[3], &message->badge);
}

/* reply: from reply_keep; HANDLE_NONE answers the last call. */
static inline __must_check enum error ipc_reply(handle_t reply, const struct message *message)
{
	const uint64_t *w = message->words;

	return sys_reply(reply, message->info, w[0], w[1], w[2], w[3]);
}

#endif
