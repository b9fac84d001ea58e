/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A catalog as it is read, with whatever was right in it: rows in the order of the text. It becomes
 * a struct catalog only when nothing was wrong. Of catalog*.c and their tests only.
 */
#ifndef HAIRPIN_CATALOG_DRAFT_H
#define HAIRPIN_CATALOG_DRAFT_H

#include "catalog.h"
#include "field.h"

/* The keys, in the order in which messages list them. A row's read has bit (1 << key) if it is ok.
 */
enum { TOP_VERSION, TOP_SEED, TOP_ECHO, TOP_POOLS, TOP_SERVICES, TOP_FIELDS };
enum {
	POOL_ENCAPSULATION,
	POOL_VNI,
	POOL_TABLE,
	POOL_TABLE_SIZE,
	POOL_TRACKING,
	POOL_IDLE_TIMEOUT,
	POOL_UDP_HOLD,
	POOL_BACKENDS,
	POOL_FIELDS
};
enum { BACKEND_ADDRESS, BACKEND_WEIGHT, BACKEND_STATE, BACKEND_SERVER_ID, BACKEND_FIELDS };
enum {
	SERVICE_ADDRESS,
	SERVICE_PROTOCOL,
	SERVICE_PORT,
	SERVICE_POOL,
	SERVICE_AFFINITY,
	SERVICE_QUIC,
	SERVICE_FIELDS
};
enum { QUIC_SERVER_ID_LENGTH, QUIC_NONCE_LENGTH, QUIC_CONFIG, QUIC_FIELDS };

extern const struct field catalog_top_fields[TOP_FIELDS];
extern const struct field catalog_pool_fields[POOL_FIELDS];
extern const struct field catalog_backend_fields[BACKEND_FIELDS];
extern const struct field catalog_service_fields[SERVICE_FIELDS];
extern const struct field catalog_quic_fields[QUIC_FIELDS];

extern const struct word catalog_encapsulations[];
extern const struct word catalog_backend_states[];
extern const struct word catalog_affinities[];
extern const struct word catalog_tables[];
extern const struct word catalog_trackings[];

/* All strings are borrowed of the JSON document. The names in the structs within are not set. */
struct backend_row {
	const char *name;
	struct catalog_backend backend;
	bool has_server_id; /* be it right or wrong, as has_vni */
	unsigned int read;
};

struct pool_row {
	const char *name;
	struct catalog_pool pool; /* without backends; encapsulation 0: it is wrong */
	bool has_vni;
	struct backend_row *backends;
	size_t backend_count;
	const struct service_row *quic; /* its first with connection ids; of draft_check_quic() */
};

struct service_row {
	const char *name;
	struct catalog_service service; /* without the index of its pool */
	const char *pool;
	unsigned int read;
};

struct draft {
	json_t *json; /* borrowed */
	const char *seed;
	bool echo;
	struct pool_row *pools;
	size_t pool_count;
	struct service_row *services;
	size_t service_count;
	unsigned int read;
};

/* draft_read(): every row of the document, each for itself. Free with draft_done(). */
void draft_read(struct draft *draft, struct report *report, json_t *json);
void draft_done(struct draft *draft);

/* What a service's connection ids look like and what they call a backend; readers of a field. */
bool draft_read_quic(struct report *report, const struct at *at, json_t *value, void *row);
bool draft_read_server_id(struct report *report, const struct at *at, json_t *value, void *row);

/* draft_check(): what only shows between rows: limits, duplicates, pools that are missing. */
void draft_check(const struct draft *draft, struct report *report);
void draft_check_quic(const struct draft *draft, struct report *report); /* a part of it */

#endif
