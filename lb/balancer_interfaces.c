// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interfaces that come and go: one that is made again, or whose program somebody took off, gets the
 * program again, and one whose MTU changed may need another. The kernel tells of most of it; what it does not tell of is found by looking.
 */
#include <net/if.h>
#include <string.h>
#include <time.h>

#include "balancer_internal.h"
#include "log.h"

/* Events come in crowds: one look for all that come within this time. */
#define LOOK_AFTER_US (10 * 1000)
#define LOOK_EVERY_US (10 * 1000 * 1000)
/* The time between two tries doubles, until there was no need for one for the longest of them. */
#define RETRY_LEAST_US (1000 * 1000)
#define RETRY_MOST_US  (64 * 1000 * 1000)

static uint64_t monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void note_loss(struct watched *watched, const char *name, bool gone)
{
	if (watched->lost_us)
		return;
	watched->lost_us = time_now_us();
	watched->err = (struct err){0};
	if (gone)
		log_warn("%s: the interface is gone; it is served again when it comes back", name);
	else
		log_warn("%s: the program is not attached any more: somebody took it off, or made "
			 "the interface anew; putting it back",
			 name);
}

static void set_next_try(struct watched *watched, uint64_t now_us)
{
	if (!watched->delay_us || now_us > watched->next_us + RETRY_MOST_US)
		watched->delay_us = RETRY_LEAST_US;
	watched->next_us = now_us + watched->delay_us;
	if (watched->delay_us < RETRY_MOST_US)
		watched->delay_us *= 2;
}

static void put_back(struct balancer *balancer, unsigned int i)
{
	struct watched *watched = &balancer->watched[i];
	struct err err = {0};

	set_next_try(watched, monotonic_us());
	if (!datapath_attach(balancer->datapath, i, &err)) {
		watched->lost_us = 0;
		watched->err = (struct err){0};
		return;
	}
	if (strcmp(err.text, watched->err.text))
		log_err("%s", err.text);
	watched->err = err;
}

/* Returns when to look again at the latest, CLOCK_MONOTONIC. */
static uint64_t look_after(struct balancer *balancer, unsigned int i, uint64_t now_us)
{
	const char *name = balancer->config->interfaces[i];
	struct watched *watched = &balancer->watched[i];
	bool gone;

	gone = !if_nametoindex(name);
	if (datapath_is_attached(balancer->datapath, i)) {
		watched->lost_us = 0;
		if (datapath_fits(balancer->datapath, i)) {
			watched->err = (struct err){0};
			return UINT64_MAX;
		}
	} else {
		note_loss(watched, name, gone);
	}
	if (gone)
		return UINT64_MAX;
	if (now_us >= watched->next_us)
		put_back(balancer, i);
	return watched->next_us;
}

static int on_watch(sd_event_source *source, uint64_t usec, void *user)
{
	const uint64_t now_us = monotonic_us();
	uint64_t again_us = now_us + LOOK_EVERY_US;
	struct balancer *balancer = user;

	(void)usec;
	for (unsigned int i = 0; i < balancer->config->interface_count; i++) {
		uint64_t at_us = look_after(balancer, i, now_us);

		if (at_us < again_us)
			again_us = at_us;
	}
	sd_event_source_set_time(source, again_us);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void balancer_watch_soon(void *user)
{
	const uint64_t soon_us = monotonic_us() + LOOK_AFTER_US;
	struct balancer *balancer = user;
	uint64_t at_us = 0;

	if (sd_event_source_get_time(balancer->watch, &at_us) >= 0 && at_us > soon_us)
		sd_event_source_set_time(balancer->watch, soon_us);
}

int balancer_add_watch(struct balancer *balancer, sd_event *event, struct err *err)
{
	int status = sd_event_add_time_relative(event, &balancer->watch, CLOCK_MONOTONIC,
						LOOK_EVERY_US, 1000, on_watch, balancer);

	return status < 0 ? err_set(err, status, "cannot make a timer: %s", strerror(-status)) : 0;
}
