// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's threads of a cpumap. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

#define THREAD "cpumap/" /* the kernel calls them cpumap/CPU/map:ID */

/* The generator has priority 1: rounds_quiet_cpu(). */
#define PRIORITY 2

static void hasten(const char *thread)
{
	struct sched_param priority = {.sched_priority = PRIORITY};

	if (sched_setscheduler(atoi(thread), SCHED_FIFO, &priority))
		stage_fail("thread %s of a cpumap: %s", thread, strerror(errno));
}

static bool is_cpumap(const char *thread)
{
	char path[300], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", thread);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = 0;
	fclose(file);
	return !strncmp(name, THREAD, strlen(THREAD));
}

void stage_hasten_cpus(void)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (directory && (entry = readdir(directory))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || !is_cpumap(entry->d_name))
			continue;
		hasten(entry->d_name);
		count++;
	}
	if (directory)
		closedir(directory);
	if (!count)
		stage_fail(
			"hairpind was told to spread packets over CPUs, and no thread takes them");
}
