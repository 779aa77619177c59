/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/power.c: switching the machine off (ACPI S5), resetting it, and ending QEMU with a status. Any context,
 * also in a panic.
 */
#include "arch.h"

#include "acpi.h"
#include "io.h"

#define DEBUG_EXIT_PORT  0xf4
#define DEBUG_EXIT_FIRST 0x10
#define RESET_CONTROL    0xcf9  /* Intel ICH9 datasheet, 13.7.5 */
#define RESET_HARD       0x02u
#define RESET_NOW        0x04u
#define KEYBOARD_COMMAND 0x64   /* where that register is missing: the keyboard controller's pulse on the reset line */
#define KEYBOARD_RESET   0xfeu
#define SLEEP_TYPE       0x1c00u /* in PM1 control; ACPI specification, 4.8.3.2.1 */
#define SLEEP_TYPE_SHIFT 10
#define SLEEP_ENABLE     0x2000u

static struct acpi_power power __ro_after_init;

__init void power_learn(const struct acpi_power *found)
{
	power = *found;
}

static void sleep_write(uint16_t port, uint8_t type)
{
	uint16_t value = (uint16_t)(io_in16(port) & ~(SLEEP_TYPE | SLEEP_ENABLE));

	io_out16(port, (uint16_t)(value | type << SLEEP_TYPE_SHIFT | SLEEP_ENABLE));
}

void arch_power_off(void)
{
	if (!power.pm1a_control)
		return;
	sleep_write(power.pm1a_control, power.sleep_type_a);
	if (power.pm1b_control)
		sleep_write(power.pm1b_control, power.sleep_type_b);
}

void arch_reset(void)
{
	io_out8(RESET_CONTROL, RESET_HARD);
	io_out8(RESET_CONTROL, RESET_HARD | RESET_NOW);
	io_out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
}

void arch_exit_debug(enum exit_status status)
{
	io_out32(DEBUG_EXIT_PORT, DEBUG_EXIT_FIRST + (uint32_t)status);
}
