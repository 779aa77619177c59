/* SPDX-License-Identifier: MIT */
/* kernel/list.h: a circular list with links inside its members; the head is a link too. Pure; the caller orders access. */
#ifndef AMBER_LIST_H
#define AMBER_LIST_H

#include <amber/types.h>

struct link {
	struct link *next, *previous;
};

#define LINK_OWNER(link, type, member) ((type *)((char *)(link) - offsetof(type, member)))

static inline void list_init(struct link *head)
{
	head->next = head->previous = head;
}

static inline bool list_is_empty(const struct link *head)
{
	return head->next == head;
}

static inline void list_insert_before(struct link *at, struct link *new)
{
	new->previous = at->previous;
	new->next = at;
	at->previous->next = new;
	at->previous = new;
}

static inline void list_append(struct link *head, struct link *new)
{
	list_insert_before(head, new);
}

/* The link is a list of its own afterwards: removing it again does nothing. */
static inline void list_remove(struct link *link)
{
	struct link *next = link->next, *previous = link->previous;

	previous->next = next;
	next->previous = previous;
	link->next = link->previous = link;
}

#endif
