/* SPDX-License-Identifier: MIT */
/* ipctest.h: what the files of `ipctest` share. */
#ifndef AMBER_USER_IPCTEST_H
#define AMBER_USER_IPCTEST_H

#include "ipc.h"
#include "program.h"
#include "thread.h"

#define PATIENCE_US 60000000

void check(bool good, const char *what);
void gives(enum error error, enum error wanted, const char *what);
void until_sending(handle_t thread); /* it waits in the queue, with a message or with a fault */
handle_t copy_of(handle_t handle, uint32_t rights, uint64_t badge);

/* peer.c: `ipctest peer`, in a space of its own: it finds the endpoint where it receives at HANDLE_GIVEN, the one where it sends
 * its greeting behind it. */
enum request {
	PEER_LOOK,   /* the answer's words: REPORT of each handle that came; word 3: how many words of the page were right */
	PEER_SIGNAL, /* signals the first handle that the last PEER_LOOK brought; word 0: the error */
	PEER_RETURN, /* the answer brings a notification, with the right to send */
	PEER_HOLD,   /* answers when the first handle that the last PEER_LOOK brought is signalled */
	PEER_HEARD,  /* word 0: what the last answer but this one gave */
	PEER_END,
};
#define PEER_BADGE            42
#define REPORT(type, rights, badge) ((uint64_t)(type) | (uint64_t)(rights) << 8 | (uint64_t)(badge) << 16)
#define GREETING              0x6e11
int run_peer(void);

/* faults.c */
void test_faults(void);
int run_faulter(void);

#endif
