/* SPDX-License-Identifier: MIT */
/*
 * kernel/inject.c: inject=: each store is really executed by kernel code (arch inject.S), in a thread of its own, in
 * the context that was asked for. Process context; with @irq the store itself runs in the timer interrupt.
 */
#include "inject.h"

#include <amber/event.h>
#include <amber/log.h>
#include <amber/options.h>
#include <amber/panic.h>
#include <amber/string.h>

#include <arch.h>

#include "device_init.h"
#include "irq.h"
#include "thread.h"

/* The value to store where `same` was asked for: what is there. */
static uint64_t value_of(const struct injection *injection)
{
	uint64_t value = 0;

	if (!injection->same)
		return injection->value;
	arch_try_read(injection->addr, &value, inject_form_bytes(injection->form));
	return value;
}

static void execute(const struct injection *injection)
{
	uint64_t value = value_of(injection), expected = 0;

	switch (injection->form) {
	case INJECT_STORE1:
		arch_inject_store1(injection->addr, value);
		break;
	case INJECT_STORE2:
		arch_inject_store2(injection->addr, value);
		break;
	case INJECT_STORE4:
		arch_inject_store4(injection->addr, value);
		break;
	case INJECT_STORE8:
		arch_inject_store8(injection->addr, value);
		break;
	case INJECT_OR:
		arch_inject_or(injection->addr, value);
		break;
	case INJECT_SWAP:
		arch_inject_swap(injection->addr, value);
		break;
	case INJECT_CMPXCHG:
		arch_try_read(injection->addr, &expected, 8);
		arch_inject_cmpxchg(injection->addr, value, expected);
		break;
	case INJECT_FILL:
		arch_inject_fill(injection->addr, value);
		break;
	}
}

struct irq_injection {
	const struct injection *injection;
	uint32_t is_done;
};

static void execute_in_irq(void *argument)
{
	struct irq_injection *request = argument;

	execute(request->injection);
	__atomic_store_n(&request->is_done, 1, __ATOMIC_RELEASE);
}

static void injector(void *argument)
{
	const struct injection *injection = argument;
	struct irq_injection request = { .injection = injection };

	switch (injection->context) {
	case CONTEXT_IRQ:
		irq_call_once(execute_in_irq, &request);
		while (!__atomic_load_n(&request.is_done, __ATOMIC_ACQUIRE))
			arch_wait_for_interrupt();
		break;
	case CONTEXT_COMMIT:
		commit_begin();
		execute(injection);
		commit_end();
		break;
	default:
		execute(injection);
	}
}

static bool read_target(const struct injection *injection, uint8_t *bytes)
{
	for (unsigned i = 0; i < inject_form_bytes(injection->form); i++)
		if (!arch_try_read(injection->addr + i, &bytes[i], 1))
			return false;
	return true;
}

static void report(unsigned n, const struct injection *injection, const char *result)
{
	uint8_t after[64] = { 0 };
	bool is_mapped = read_target(injection, after);
	uint64_t value = 0;
	struct json *json;

	memcpy(&value, after, MIN(inject_form_bytes(injection->form), sizeof(value)));
	json = event_begin("inject");
	json_number(json, "n", n);
	json_text(json, "target", injection->target);
	json_text(json, "result", result);
	if (is_mapped)
		json_bytes(json, "after", after, inject_form_bytes(injection->form));
	else
		json_null(json, "after");
	event_end(json);
	if (is_mapped) /* behind the write's own lines, which event_begin prints; also where nothing was caught */
		log_info("inject", "%s:%s %s, memory holds 0x%lx%s", injection->target, inject_form_text(injection->form), result,
		         (unsigned long)value, injection->form == INJECT_FILL ? " ..." : "");
}

static bool is_atomic(enum inject_form form)
{
	return form == INJECT_OR || form == INJECT_SWAP || form == INJECT_CMPXCHG;
}

static bool refuse(unsigned n, const struct injection *injection, const char *why)
{
	log_error("inject", "%s: 0x%lx %s; refused", injection->target, (unsigned long)injection->addr, why);
	report(n, injection, "refused");
	return false;
}

static bool inject_one(unsigned n, struct injection *injection)
{
	uint8_t before[64];
	struct thread *thread;
	enum error error;

	if (!read_target(injection, before))
		return refuse(n, injection, "is not mapped");
	if (is_atomic(injection->form) && (injection->addr & 7) && arch_atomics_need_alignment)
		return refuse(n, injection, "is not aligned to 8 bytes, as this machine's atomic stores must be");
	if (injection->context == CONTEXT_IRQ && !device_init_has_timer())
		return refuse(n, injection, "can't be written in the timer interrupt: there is no timer");
	error = thread_start("inject", injector, injection, &thread);
	if (error)
		panic("inject: no thread: %s", error_text(error));
	report(n, injection, thread_join(thread) == THREAD_KILLED ? "killed" : "resumed");
	return true;
}

bool inject_run(void)
{
	bool all_ran = true;

	for (unsigned i = 0; i < options.injection_count; i++)
		all_ran &= inject_one(i, &options.injections[i]);
	return all_ran;
}
