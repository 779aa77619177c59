/* SPDX-License-Identifier: MIT */
/* schedtest.h: what the files of the program schedtest share. */
#ifndef AMBER_SCHEDTEST_H
#define AMBER_SCHEDTEST_H

#include "program.h"
#include "thread.h"

struct info {
	uint64_t state, priority, cpu, exit_code, runs;
};

void check(bool good, const char *what);
void gives(enum error error, enum error wanted, const char *what);
struct info info_of(handle_t thread);
void nap(uint64_t milliseconds);
/* With several CPUs anything may take long: QEMU's thread for one of them may not run. */
#define eventually(condition) ({                                      \
	bool holds_ = (condition);                                    \
	for (unsigned naps_ = 0; !holds_ && naps_ < 3000; naps_++) {  \
		nap(10);                                              \
		holds_ = (condition);                                 \
	}                                                             \
	holds_;                                                       \
})
void spin(void *counter);
void end(struct thread *thread); /* killed, and waited for */

void test_times(uint64_t late_us); /* so much too late is good enough */
void test_partners(void);
void test_unimportant_server(void);
void test_waking_the_more_important(void);
void test_pinned_partners(void); /* two CPUs at least */
void test_receiver_left_behind(void);
void test_replies(void);
void test_kills(void);

#endif
