/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The balancer: catalog and next hops in, map updates out. Every input changes the wanted state;
 * balancer_reconcile() computes the plan and applies it. One thread.
 */
#ifndef HAIRPIN_BALANCER_H
#define HAIRPIN_BALANCER_H

#include <stdbool.h>

#include <jansson.h>
#include <systemd/sd-event.h>

#include "catalog.h"
#include "err.h"

struct balancer;
struct config;

/*
 * balancer_new(): loads the catalog, loads and attaches the data plane and brings it to the wanted
 * state. On failure nothing that ran before has changed, and errors says why.
 */
int balancer_new(sd_event *event, const struct config *config, struct balancer **out,
		 struct err_list *errors);

/* balancer_free(): the data plane goes on running. NULL is fine. */
void balancer_free(struct balancer *balancer);

/*
 * balancer_reload(): reads the catalog file again and applies it. On failure the old one stays in
 * force and the errors are shown by balancer_status() until a later reload succeeds.
 */
int balancer_reload(struct balancer *balancer, struct err_list *errors);

/*
 * balancer_put(): makes json (borrowed) the catalog: checks it, applies it, writes it to the
 * catalog file (temporary file, fsync, rename). With dry_run it only computes. *diff (owned by the
 * caller; may be NULL) tells what changed or would change:
 *
 *   {"pools": {"web": {"slots": 65537, "moved": 6554, "moved_share": 0.1}},
 *    "services": {"added": [...], "removed": [...], "changed": [...]},
 *    "backends": {"added": ["web/web-4"], "removed": [...], "changed": [...]},
 *    "keys": [{"path": "pools.web.tracking", "old": "moved", "new": "all"}]}
 *
 * A pool is listed when any of its slots change; keys are those of catalog_changes(). Returns 0, -EINVAL (the catalog is wrong, errors
 * has each place) or another negative errno (the maps or the file could not be written; one error,
 * and the old catalog stays in force).
 */
int balancer_put(struct balancer *balancer, json_t *json, bool dry_run, json_t **diff,
		 struct err_list *errors);

/* balancer_catalog(): the catalog in force; borrowed until the next change. */
const struct catalog *balancer_catalog(const struct balancer *balancer);

/*
 * balancer_status(): owned by the caller.
 *
 *   {"version": "0.1.0", "pid": 1, "started": "2026-01-01T00:00:00Z", "well": true,
 *    "catalog": {"path", "loaded": TIME, "services": N, "pools": N, "backends": N,
 *                "failed": null | {"since": TIME, "errors": [ERROR...]}},
 *    "interfaces": [{"name", "index", "mode": "native"|"generic"|"offload",
 *                    "attach": "dispatcher"|"direct", "program_id": N, "frags": false,
 *                    "up": true, "attached": true, "lost_since": TIME | null}],
 *    "pools": [{"name", "encapsulation", "table": "maglev", "table_size", "digest": "16 hex digits",
 *               "backends": N, "serving": N, "services": ["www"]}],
 *    "backends": [{"pool", "name", "address", "weight", "state": "up"|"drain"|"down",
 *                  "slots": N, "share": 0.33, "resolved": true, "since": TIME, "reason": "",
 *                  "interface", "via", "mac", "mtu": N, "old_slots": N, "left": true,
 *                  "settles_in_s": N | null}],
 *    "services": [{"name", "address", "protocol", "port": N|"any", "pool", "affinity"}],
 *    "last_plan": {"finished_us": N, "took_us": N, "operations": {"claim": N, "backend": N,
 *                  "table": N, "service": N, "grace": N, "untable": N, "release": N}},
 *    "motion": {"pools": [{"name", "table_size": N, "moved": N, "services": N, "since_s": N,
 *                          "idle_s": N, "settles_in_s": N}],
 *               "leaving": [{"pool", "name", "address", "old_slots": N, "left", "settles_in_s"}]},
 *    "problems": ["sentence", ...],
 *    "cpus": [N, ...], "spread_local": false}
 *
 * frags: the program takes frames of several pages, for an MTU above 3,000. lost_since: the interface
 * is gone, or the program was taken off it; what is in the way is in problems. cpus: of --cpus.
 *
 * motion: tables with moved slots or services (moved as a whole, to or from it); since_s: the oldest
 * mark; idle_s: since the last packet to another backend; settles_in_s: if there is no more. A backend
 * is left when nothing goes to it any more: no slot, and no old flow (old_slots lead those to it).
 * leaving: backends that were removed and are not left yet.
 *
 * last_plan is what was last written to the maps; finished_us is in microseconds since 1970.
 * well is true when problems is empty. TIME is RFC 3339, UTC, whole seconds. since is when resolved
 * or reason last changed. slots and share are those that the backend has now.
 */
json_t *balancer_status(const struct balancer *balancer);

/*
 * balancer_stats(): owned by the caller; NULL with err set when the maps cannot be read.
 *
 *   {"services": {"www": {"packets", "bytes"}}, "backends": {"web/web-1": {"packets", "bytes"}},
 *    "reasons": {"sent": N, "no_service": N, ...},
 *    "words": {"sent": "sent to a backend", ...}, "actions": {"sent": "tx", ...},
 *    "flows": {"asked": N, "stored": N, "promoted": N, "unstored": N}}
 *
 * flows: packets that looked for their flow, flows stored, those of them that became established, and
 * those for which there was no room.
 */
json_t *balancer_stats(const struct balancer *balancer, struct err *err);

/*
 * balancer_flows(): the flows that are stored, of one pool or (NULL) of all; at most 1,000 of them are
 * listed, all are counted. Owned by the caller; NULL with err set.
 *
 *   {"established": N, "half_open": N,
 *    "flows": [{"protocol": "tcp", "client", "client_port": N, "address", "port": N, "pool", "backend",
 *               "state": "open"|"half-open"|"closed", "age_s": N, "seen_s": N}]}
 *
 * balancer_flush(): forgets them; the answer counts what was forgotten. A connection that is forgotten
 * goes to where its slot was before it moved, and breaks if it is on another backend.
 */
json_t *balancer_flows(struct balancer *balancer, const char *pool, struct err *err);
json_t *balancer_flush(struct balancer *balancer, const char *pool, struct err *err);

struct trace_request {
	uint8_t protocol;                       /* IPPROTO_TCP, IPPROTO_UDP */
	struct lb_address source, destination;  /* one family */
	uint16_t source_port, destination_port; /* host order */
	bool syn;                               /* TCP: a SYN; else a packet with ACK */
};

/*
 * balancer_trace(): runs a packet through the loaded stages. Owned by the caller.
 *
 *   {"service": "www"|null, "pool": "web"|null, "slot": 4711|null, "table_size": 65537|null,
 *    "backend": "web-1"|null, "moved": false, "reason": "sent", "words": "sent to a backend",
 *    "action": "tx", "interface": "eth0"|null,
 *    "outer": null | {"source_mac", "destination_mac", "source", "destination", "protocol": N,
 *                     "ttl": N, "length": N, "tos": N},
 *    "steps": ["sentence", ...]}
 */
int balancer_trace(struct balancer *balancer, const struct trace_request *request, json_t **out,
		   struct err *err);

#endif
