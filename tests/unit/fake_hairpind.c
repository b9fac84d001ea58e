// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real API over the fake balancer: fake_hairpind SOCKET [CATALOG]. Writes "ready" when it
 * answers; ends with SIGTERM or with the process that started it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "api.h"
#include "fake_balancer.h"

int main(int argc, char **argv)
{
	static char text[API_MAX_BODY + 1];
	struct balancer *balancer;
	struct api *api = NULL;
	struct err err = {};
	sigset_t set;
	sd_event *event;
	FILE *file;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (argc < 2)
		return 2;
	strcpy(text, fake_catalog);
	if (argc > 2) {
		file = fopen(argv[2], "re");
		if (!file)
			return 2;
		text[fread(text, 1, API_MAX_BODY, file)] = '\0';
		fclose(file);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (sd_event_new(&event) < 0 || sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL) < 0)
		return 1;
	balancer = fake_balancer_new(text);
	if (api_new(event, balancer, argv[1], API_TIMEOUT_S, &api, &err)) {
		fprintf(stderr, "fake_hairpind: %s\n", err.text);
		return 1;
	}
	puts("ready");
	fclose(stdout);
	sd_event_loop(event);
	api_free(api);
	balancer_free(balancer);
	sd_event_unref(event);
	return 0;
}
