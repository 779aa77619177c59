/* SPDX-License-Identifier: MIT */
/* queue.h: keys that were typed while nobody read. All 0 at first. */
#ifndef AMBER_CONSOLE_QUEUE_H
#define AMBER_CONSOLE_QUEUE_H

#include <amber/types.h>

#define QUEUE_KEYS 8192 /* a screen full of commands, pasted */

struct queue {
	unsigned first, count;
	uint8_t keys[QUEUE_KEYS];
};

/* False: it is full. */
static inline bool queue_put(struct queue *queue, uint8_t key)
{
	if (queue->count == QUEUE_KEYS)
		return false;
	queue->keys[(queue->first + queue->count++) % QUEUE_KEYS] = key;
	return true;
}

/* What stands behind the last `end`. */
static inline void queue_drop_to(struct queue *queue, uint8_t end)
{
	while (queue->count && queue->keys[(queue->first + queue->count - 1) % QUEUE_KEYS] != end)
		queue->count--;
}

static inline bool queue_get(struct queue *queue, uint8_t *key)
{
	if (!queue->count)
		return false;
	*key = queue->keys[queue->first];
	queue->first = (queue->first + 1) % QUEUE_KEYS;
	queue->count--;
	return true;
}

#endif
