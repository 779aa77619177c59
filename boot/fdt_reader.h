/* SPDX-License-Identifier: MIT */
/*
 * fdt_reader.h: one reading of a device tree: boot/fdt.c passes over the tree once, and calls boot/fdt_nodes.c
 * for each node when all of that node's own properties have been read. Init code.
 */
#ifndef AMBER_FDT_READER_H
#define AMBER_FDT_READER_H

#include <amber/annotate.h>
#include <amber/boot_info.h>
#include <amber/error.h>
#include <amber/types.h>

#include "boot_fill.h"

#define FDT_DEPTH_MAX 16 /* real trees have 4 to 6 levels */
#define FDT_UARTS_MAX 8  /* those behind them are not looked at */

/* The properties that matter, of any node. */
enum property {
	ADDRESS_CELLS,
	SIZE_CELLS,
	BOOTARGS,
	COMPATIBLE,
	DEVICE_TYPE,
	INTERRUPTS,
	INITRD_END,
	INITRD_START,
	METHOD,
	RANGES,
	REG,
	STATUS,
	STDOUT_PATH,
	PROPERTIES
};

/* Nodes that count by their place in the tree. */
enum place {
	PLACE_OTHER,
	PLACE_ALIASES,
	PLACE_CHOSEN,
	PLACE_CPUS,
	PLACE_PSCI,
	PLACE_RESERVED,    /* /reserved-memory */
	PLACE_CPU,         /* a child of /cpus */
	PLACE_RESERVATION, /* a child of /reserved-memory */
};

struct value {
	const void *data; /* NULL: the node has no such property */
	int bytes;
};

/* A node that is open: what its children have to know. */
struct level {
	enum place place;
	bool is_direct; /* addresses of this node's children are physical addresses */
	int address_cells, size_cells;
};

/* The node whose properties are being read. They come before its children, so one is enough. */
struct node {
	bool is_open;
	int offset, depth;
	const char *name;
	struct value values[PROPERTIES];
};

struct uart {
	int node;
	paddr_t start;
	uint32_t irq; /* GIC interrupt number; 0 = none */
};

struct reader {
	struct boot_fill fill;
	const void *fdt;
	enum error error; /* of the first node that was refused: behind it only the command line is read */
	int depth;        /* open nodes */
	bool has_root;    /* its begin was read */
	struct level levels[FDT_DEPTH_MAX];
	struct node node;
	uint32_t places_seen;
	unsigned cpus, uart_count;
	struct uart uarts[FDT_UARTS_MAX];
	int aliases; /* node; negative: none */
	struct value stdout_path;
};

/* A node without status is in use. */
bool fdt_node_is_enabled(const struct node *node);
/* Looks at the node whose properties were read; is_used: it is in use, and its addresses are physical ones. */
enum error fdt_use_node(struct reader *reader, enum place place, bool is_used) __must_check;

#endif
