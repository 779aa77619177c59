/* SPDX-License-Identifier: MIT */
/*
 * kernel/device_init.c: the initcalls of the few devices that the kernel itself drives. Init only.
 */
#include "device_init.h"

#include <amber/initcall.h>
#include <amber/log.h>

#include <arch.h>

static bool __initdata has_text_screen;
static bool __ro_after_init has_timer;

void __init device_init_remember(const struct boot_info *boot_info)
{
	has_text_screen = boot_info->text_screen;
}

static enum error __init interrupt_controller(void)
{
	return arch_intc_init();
}
INITCALL(INITCALL_EARLY, interrupt_controller);

static enum error __init timer(void)
{
	enum error error = arch_timer_init();

	has_timer = !error;
	return error;
}
INITCALL(INITCALL_DEVICE, timer);

static enum error __init screen(void)
{
	unsigned columns, rows;

	arch_screen_enable(has_text_screen);
	if (arch_screen_size(&columns, &rows))
		log_more("screen", "text, %u x %u", columns, rows);
	return OK;
}
INITCALL(INITCALL_DEVICE, screen);

bool device_init_has_timer(void)
{
	return has_timer;
}
