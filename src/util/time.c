/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linkspan/util.h>

#include <time.h>

double ls_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}
