/* SPDX-License-Identifier: MIT */
/* paged.h: what `pager` and the program that it runs, `paged`, agree about. */
#ifndef AMBER_USER_PAGED_H
#define AMBER_USER_PAGED_H

#include <amber/types.h>

#define PAGED_START          0x2000000000ull
#define PAGED_PAGES          4u
#define PAGED_VALUE(number)  (0x1000ull * (number) + 7) /* the first word of each page */

#endif
