/* SPDX-License-Identifier: MIT */
/*
 * tools/plugin/count.c: a TCG plugin for QEMU that counts, from outside, what the kernel counts about itself: executed
 * instructions between two addresses. tools/counting.py starts it and reads what it writes; docs/measuring.md explains it.
 *
 *   entry=ADDRESS             the kernel's: whatever the firmware does before is not looked at
 *   stretch=NAME:BEGIN:END    count from the instruction at BEGIN to the one before END, each time
 *   interrupt=NAME:BEGIN:END  the same, but from the vector of the interrupt that led to BEGIN
 *   left_out=BEGIN:END        except for what lies between these (printing, waiting)
 *   gate=BEGIN:END            a call of the gate; its end restores the interrupt mask of its begin
 *   shootdown=BEGIN:END       a function whose calls are counted (not the one that it calls in turn)
 *   vectors=BEGIN:END:BYTES   where exceptions enter, one every so many bytes
 *   step=BEGIN:BACK           between these the way back from an exception leads into a masked single step
 *   sealed=ADDRESS            what comes later is not the boot any more
 *   leave=BEGIN:END           the way to user mode: an interrupt may come behind its last instruction, before any of user mode's
 *   over=ADDRESS              what comes later is checked, not used: its masked stretches don't count
 *   out=PATH                  where the result goes, as JSON, when QEMU ends
 *
 * An instruction that faults counts as executed, for it is seen before it is tried; under -icount QEMU's clock counts it
 * only when it succeeds. Each round of a `rep` counts, in both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instruction.h"
#include "qemu_plugin_api.h"

#define STRETCHES_MAX 32
#define RANGES_MAX    8
#define DEPTH_MAX     64 /* exceptions inside of each other */

enum count { COUNT_INSTRUCTIONS, COUNT_ROOT_LOADS, COUNT_INVALIDATIONS, COUNT_SHOOTDOWNS, COUNT_GATE_ENTRIES, COUNTS };
static const char *const count_names[COUNTS] = { "instructions", "root_loads", "invalidations", "shootdowns", "gate_entries" };

struct range {
	uint64_t begin, end;
};

/* One passage through a stretch. */
struct passage {
	uint64_t counts[COUNTS];
	uint64_t masked, longest_masked; /* with interrupts masked: now, and the longest */
};

struct stretch {
	char name[64];
	struct range range;
	bool from_interrupt;
	struct passage *passages;
	size_t passage_count;
};

static struct stretch stretches[STRETCHES_MAX];
static struct range left_out[RANGES_MAX], shootdowns[RANGES_MAX], gate, step, leave;
static unsigned stretch_count, left_out_count, shootdown_count;
static uint64_t vectors_begin, vectors_end, vector_bytes, entry, sealed_at, over_at;
static const char *out_path;
static bool is_x86;

/* The longest time with interrupts masked: [0] while booting, [1] behind it (with user programs: from their first instruction
 * on), [2] when the work is over. */
struct masked {
	uint64_t instructions, from, to;
};
static struct masked longest[3], longest_printing[3];
static unsigned phase;
static uint64_t totals[COUNTS]; /* on all CPUs, behind the boot */
static bool is_entered;
static uint64_t interrupts, contradictions, unknown_restores;

struct cpu {
	struct passage passage[STRETCHES_MAX];
	bool active[STRETCHES_MAX];
	bool has_begun[STRETCHES_MAX]; /* not yet, if it may be another interrupt than the one meant */
	unsigned left_out;
	bool masked, in_step, was_in_shootdown, was_user, was_leaving;
	bool before_gate;
	bool before_exception[DEPTH_MAX];
	unsigned depth;
	struct masked run, run_printing; /* the masked stretch that goes on */
};
static struct cpu *cpus;

/* What is known about an instruction when it is translated. */
struct site {
	uint64_t addr;
	enum instruction instruction;
	uint32_t begins, ends; /* bits: stretches */
	bool left_out_begins, left_out_ends, gate_begins, in_gate, shootdown_begins, in_shootdown;
	bool is_vector, is_interrupt, step_begins, step_ends, is_entry, is_sealed, is_over, is_low, is_leaving;
};

static bool in_range(const struct range *range, uint64_t addr)
{
	return addr >= range->begin && addr < range->end;
}

/* --- running ---------------------------------------------------------------------------------------------- */

static void stretch_ends(struct cpu *cpu, unsigned i)
{
	struct stretch *stretch = &stretches[i];

	cpu->active[i] = false;
	if (!cpu->has_begun[i])
		return;
	cpu->has_begun[i] = false;
	stretch->passages = realloc(stretch->passages, (stretch->passage_count + 1) * sizeof(struct passage));
	if (!stretch->passages)
		abort();
	stretch->passages[stretch->passage_count++] = cpu->passage[i];
}

static void pass_marks(struct cpu *cpu, const struct site *site)
{
	for (unsigned i = 0; i < stretch_count; i++) {
		if (site->ends >> i & 1)
			stretch_ends(cpu, i);
		/* Not anew: a sealed store at BEGIN runs several times, when it faults and in the dry run's steps. */
		if (!cpu->has_begun[i] && (stretches[i].from_interrupt ? site->is_interrupt : site->begins >> i & 1)) {
			cpu->passage[i] = (struct passage){ .counts = { 0 } };
			cpu->active[i] = true;
		}
		cpu->has_begun[i] |= cpu->active[i] && site->begins >> i & 1;
	}
	if (site->left_out_ends && cpu->left_out)
		cpu->left_out--;
	if (site->left_out_begins)
		cpu->left_out++;
	if (site->is_sealed && !phase) {
		phase = 1;
		cpu->run = cpu->run_printing = (struct masked){ 0 };
	}
	if (site->is_over)
		phase = 2;
	if (site->step_begins)
		cpu->in_step = true;
	if (site->step_ends)
		cpu->in_step = false;
}

/* The hardware masks interrupts. A step's exception doesn't count: the mask of before is remembered already. */
static void enter_exception(struct cpu *cpu, const struct site *site)
{
	interrupts += site->is_interrupt;
	contradictions += site->is_interrupt && cpu->masked && !cpu->was_leaving; /* it can't have come: the book-keeping is wrong */
	if (!cpu->in_step && cpu->depth < DEPTH_MAX)
		cpu->before_exception[cpu->depth++] = cpu->masked;
	cpu->masked = true;
}

/* User mode is never masked, and every way from there into the kernel masks. How the kernel comes back need not be followed then:
 * often another thread goes on. (While booting the kernel itself runs at low addresses.) */
static void follow_user_mode(struct cpu *cpu, const struct site *site)
{
	bool is_user = site->is_low && phase;
	static bool has_users;

	if (is_user && !has_users) { /* the reports before don't belong to their work */
		has_users = true;
		longest[1] = longest_printing[1] = (struct masked){ 0 };
	}
	if (is_user) {
		cpu->masked = false;
		cpu->depth = 0;
	} else if (cpu->was_user) {
		cpu->masked = true;
	}
	cpu->was_user = is_user;
}

static void add(struct cpu *cpu, enum count count)
{
	totals[count] += phase == 1;
	for (unsigned i = 0; i < stretch_count; i++)
		if (cpu->active[i])
			cpu->passage[i].counts[count]++;
}

static void extend(struct masked *run, struct masked *most, uint64_t addr)
{
	if (!run->instructions++)
		run->from = addr;
	run->to = addr;
	if (run->instructions > most->instructions)
		*most = *run;
}

static void note_masked(struct cpu *cpu, const struct site *site)
{
	if (!cpu->masked) {
		cpu->run = cpu->run_printing = (struct masked){ 0 };
	} else {
		extend(&cpu->run_printing, &longest_printing[phase], site->addr);
		if (!cpu->left_out)
			extend(&cpu->run, &longest[phase], site->addr);
	}
	for (unsigned i = 0; i < stretch_count; i++) {
		struct passage *passage = &cpu->passage[i];

		passage->masked = cpu->masked ? passage->masked + !cpu->left_out : 0;
		if (passage->masked > passage->longest_masked)
			passage->longest_masked = passage->masked;
	}
}

/* What the instruction does to the mask. The value that a restoring one loads can't be seen from here; it is known where
 * the kernel uses one: at the gate's end what was at its begin, behind a step always masked. */
static void change_mask(struct cpu *cpu, const struct site *site)
{
	switch (site->instruction) {
	case INSTRUCTION_MASK:
		cpu->masked = true;
		break;
	case INSTRUCTION_UNMASK:
		cpu->masked = false;
		break;
	case INSTRUCTION_RESTORE:
		if (site->in_gate)
			cpu->masked = cpu->before_gate;
		else if (!cpu->in_step)
			unknown_restores++;
		break;
	case INSTRUCTION_RETURN:
		if (!cpu->in_step && cpu->depth)
			cpu->masked = cpu->before_exception[--cpu->depth];
		break;
	default:
		break;
	}
}

static void count_event(struct cpu *cpu, const struct site *site)
{
	if (site->instruction == INSTRUCTION_ROOT_LOAD)
		add(cpu, COUNT_ROOT_LOADS);
	if (site->instruction == INSTRUCTION_INVALIDATION)
		add(cpu, COUNT_INVALIDATIONS);
	if (site->gate_begins) {
		add(cpu, COUNT_GATE_ENTRIES);
		cpu->before_gate = cpu->masked;
	}
	if (site->shootdown_begins && !cpu->was_in_shootdown)
		add(cpu, COUNT_SHOOTDOWNS);
	cpu->was_in_shootdown = site->in_shootdown;
}

static void executed(unsigned vcpu, void *data)
{
	const struct site *site = data;
	struct cpu *cpu = &cpus[vcpu];

	is_entered |= site->is_entry;
	if (!is_entered)
		return;
	pass_marks(cpu, site);
	if (site->is_vector)
		enter_exception(cpu, site);
	follow_user_mode(cpu, site);
	if (!cpu->left_out)
		add(cpu, COUNT_INSTRUCTIONS);
	note_masked(cpu, site);
	count_event(cpu, site);
	change_mask(cpu, site);
	cpu->was_leaving = site->is_leaving;
}

/* --- translating ------------------------------------------------------------------------------------------ */

/* Which vectors are interrupts: x86_64 from 32 on; aarch64 the second of each four. */
static void find_vector(struct site *site)
{
	uint64_t number;

	if (site->addr < vectors_begin || site->addr >= vectors_end || (site->addr - vectors_begin) % vector_bytes)
		return;
	number = (site->addr - vectors_begin) / vector_bytes;
	site->is_vector = true;
	site->is_interrupt = is_x86 ? number >= 32 : number % 4 == 1;
}

static void find_ranges(struct site *site)
{
	uint64_t addr = site->addr;

	for (unsigned i = 0; i < stretch_count; i++) {
		site->begins |= (uint32_t)(addr == stretches[i].range.begin) << i;
		site->ends |= (uint32_t)(addr == stretches[i].range.end) << i;
	}
	for (unsigned i = 0; i < left_out_count; i++) {
		site->left_out_begins |= addr == left_out[i].begin;
		site->left_out_ends |= addr == left_out[i].end;
	}
	for (unsigned i = 0; i < shootdown_count; i++) {
		site->shootdown_begins |= addr == shootdowns[i].begin;
		site->in_shootdown |= in_range(&shootdowns[i], addr);
	}
	site->gate_begins = addr == gate.begin;
	site->in_gate = in_range(&gate, addr);
	site->step_begins = addr == step.begin;
	site->step_ends = addr == step.end;
	site->is_entry = addr == entry;
	site->is_sealed = addr == sealed_at;
	site->is_over = over_at && addr == over_at;
	site->is_low = !(addr >> 63);
	site->is_leaving = in_range(&leave, addr);
}

/* One for each instruction of each translation; QEMU goes on using it, so none is freed. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		struct site *site = calloc(1, sizeof(*site));
		const void *bytes = qemu_plugin_insn_data(insn);
		size_t count = qemu_plugin_insn_size(insn);

		if (!site)
			abort();
		site->addr = qemu_plugin_insn_vaddr(insn);
		site->instruction = is_x86 ? instruction_x86_64(bytes, count) : instruction_aarch64(bytes, count);
		find_vector(site);
		find_ranges(site);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS, site);
	}
}

/* --- the result -------------------------------------------------------------------------------------------- */

static void write_masked(FILE *out, const char *name, const struct masked *masked)
{
	fprintf(out, "\"%s\":{\"instructions\":%llu,\"from\":%llu,\"to\":%llu},\n", name, (unsigned long long)masked->instructions,
	        (unsigned long long)masked->from, (unsigned long long)masked->to);
}

static void write_stretch(FILE *out, const struct stretch *stretch)
{
	fprintf(out, "\"%s\":[", stretch->name);
	for (size_t i = 0; i < stretch->passage_count; i++) {
		const struct passage *passage = &stretch->passages[i];

		fprintf(out, "%s\n {\"longest_masked\":%llu", i ? "," : "", (unsigned long long)passage->longest_masked);
		for (unsigned k = 0; k < COUNTS; k++)
			fprintf(out, ",\"%s\":%llu", count_names[k], (unsigned long long)passage->counts[k]);
		fprintf(out, "}");
	}
	fprintf(out, "]");
}

static void ended(qemu_plugin_id_t id, void *data)
{
	FILE *out = fopen(out_path, "w");

	(void)id, (void)data;
	if (!out) {
		perror(out_path);
		return;
	}
	fprintf(out, "{");
	write_masked(out, "masked_boot", &longest[0]);
	write_masked(out, "masked", &longest[1]);
	write_masked(out, "masked_boot_printing", &longest_printing[0]);
	write_masked(out, "masked_printing", &longest_printing[1]);
	fprintf(out, "\"totals\":{");
	for (unsigned i = 0; i < COUNTS; i++)
		fprintf(out, "%s\"%s\":%llu", i ? "," : "", count_names[i], (unsigned long long)totals[i]);
	fprintf(out, "},\n");
	fprintf(out, "\"interrupts\":%llu,\"contradictions\":%llu,\"unknown_restores\":%llu,\n\"stretches\":{",
	        (unsigned long long)interrupts, (unsigned long long)contradictions, (unsigned long long)unknown_restores);
	for (unsigned i = 0; i < stretch_count; i++) {
		fprintf(out, "%s\n", i ? "," : "");
		write_stretch(out, &stretches[i]);
	}
	fprintf(out, "}}\n");
	if (fclose(out))
		perror(out_path);
}

/* --- the arguments ------------------------------------------------------------------------------------------ */

/* "1:2" or "1:2:3": exactly `count` numbers. */
static bool parse_numbers(const char *text, uint64_t *numbers, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char *end;

		numbers[i] = strtoull(text, &end, 0);
		if (end == text || *end != (i + 1 < count ? ':' : '\0'))
			return false;
		text = end + 1;
	}
	return true;
}

static bool parse_range(const char *text, struct range *range)
{
	uint64_t numbers[2];

	if (!parse_numbers(text, numbers, 2))
		return false;
	*range = (struct range){ numbers[0], numbers[1] };
	return true;
}

static bool parse_stretch(const char *text, bool from_interrupt)
{
	struct stretch *stretch = &stretches[stretch_count];
	const char *colon = strchr(text, ':');

	if (stretch_count == STRETCHES_MAX || !colon || (size_t)(colon - text) >= sizeof(stretch->name))
		return false;
	memcpy(stretch->name, text, colon - text);
	stretch->from_interrupt = from_interrupt;
	stretch_count++;
	return parse_range(colon + 1, &stretch->range);
}

static bool parse_argument(const char *key, const char *value)
{
	uint64_t numbers[3];

	if (!strcmp(key, "stretch") || !strcmp(key, "interrupt"))
		return parse_stretch(value, !strcmp(key, "interrupt"));
	if (!strcmp(key, "left_out"))
		return left_out_count < RANGES_MAX && parse_range(value, &left_out[left_out_count++]);
	if (!strcmp(key, "shootdown"))
		return shootdown_count < RANGES_MAX && parse_range(value, &shootdowns[shootdown_count++]);
	if (!strcmp(key, "gate"))
		return parse_range(value, &gate);
	if (!strcmp(key, "step"))
		return parse_range(value, &step);
	if (!strcmp(key, "entry"))
		return parse_numbers(value, &entry, 1);
	if (!strcmp(key, "sealed"))
		return parse_numbers(value, &sealed_at, 1);
	if (!strcmp(key, "leave"))
		return parse_range(value, &leave);
	if (!strcmp(key, "over"))
		return parse_numbers(value, &over_at, 1);
	if (!strcmp(key, "out"))
		return (out_path = strdup(value)) != NULL;
	if (strcmp(key, "vectors") != 0 || !parse_numbers(value, numbers, 3) || !numbers[2])
		return false;
	vectors_begin = numbers[0];
	vectors_end = numbers[1];
	vector_bytes = numbers[2];
	return true;
}

static bool parse_arguments(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		char key[16] = "";
		const char *equals = strchr(argv[i], '=');

		if (equals && (size_t)(equals - argv[i]) < sizeof(key))
			memcpy(key, argv[i], equals - argv[i]);
		if (!equals || !parse_argument(key, equals + 1)) {
			fprintf(stderr, "count: %s: unknown argument, bad number, or too many of them\n", argv[i]);
			return false;
		}
	}
	return true;
}

QEMU_PLUGIN_API int qemu_plugin_version = 1;

QEMU_PLUGIN_API int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	if (!parse_arguments(argc, argv))
		return -1;
	if (!info->system_emulation || !out_path || !vector_bytes || !entry) {
		fprintf(stderr, "count: needs a whole machine, out=, entry= and vectors=\n");
		return -1;
	}
	is_x86 = !strcmp(info->target_name, "x86_64");
	cpus = calloc(info->system.max_vcpus, sizeof(*cpus));
	if (!cpus)
		return -1;
	for (int i = 0; i < info->system.max_vcpus; i++)
		cpus[i].masked = true; /* as machines start */
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
