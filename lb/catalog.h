/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The catalog: what to serve. JSON text becomes a struct catalog, or a list of all its errors.
 * Pure: no I/O but catalog_load(), no BPF.
 */
#ifndef HAIRPIN_CATALOG_H
#define HAIRPIN_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "err.h"

#define CATALOG_TABLE_SIZE     65537
#define CATALOG_WEIGHT         100
#define CATALOG_IDLE_TIMEOUT_S 900
#define CATALOG_UDP_HOLD_S     30

#define CATALOG_VNI_MAX       0xffffff
#define CATALOG_SERVER_ID_MAX 15

enum encapsulation {
	ENCAPSULATION_IPIP = LB_ENCAP_IPIP,
	ENCAPSULATION_GUE = LB_ENCAP_GUE,
	ENCAPSULATION_GRE = LB_ENCAP_GRE,
	ENCAPSULATION_VXLAN = LB_ENCAP_VXLAN,
	ENCAPSULATION_NONE = LB_ENCAP_NONE,
};

enum table_kind {
	TABLE_RENDEZVOUS = 1,
	TABLE_MAGLEV,
};

/* Which flows are remembered, so that they stay on their backend when the table changes. */
enum tracking {
	TRACKING_MOVED = 1, /* those that begin in slots that have moved */
	TRACKING_ALL,
	TRACKING_NONE,
};

enum backend_state {
	BACKEND_UP = 1,
	BACKEND_DRAIN, /* no new flows; old ones live on */
	BACKEND_DOWN,  /* nothing is sent to it */
};

enum affinity {
	AFFINITY_FLOW = 1,
	AFFINITY_CLIENT, /* only the source address is hashed */
};

struct catalog_backend {
	char name[LB_NAME_SIZE];
	struct lb_address address;
	uint16_t weight;
	enum backend_state state;
	uint8_t server_id[CATALOG_SERVER_ID_MAX]; /* what QUIC connection ids call it */
	uint8_t server_id_length;                 /* in bytes; 0: it has none */
};

struct catalog_pool {
	char name[LB_NAME_SIZE];
	enum encapsulation encapsulation;
	uint32_t vni; /* of VXLAN; else zero */
	enum table_kind table;
	uint32_t table_size;
	enum tracking tracking;
	uint32_t idle_timeout_s;          /* a slot has moved until no flow used it for so long */
	uint32_t udp_hold_s;              /* so long after a move UDP goes on to the old backend */
	struct catalog_backend *backends; /* sorted by name (strcmp) */
	size_t backend_count;
};

/* What is in a connection id (draft-ietf-quic-load-balancers, plaintext). */
struct catalog_quic {
	uint8_t server_id_length; /* in bytes; 0: the service knows no connection ids */
	uint8_t nonce_length;     /* in bytes */
	uint8_t config;           /* the rotation bits of the first byte */
};

struct catalog_service {
	char name[LB_NAME_SIZE];
	struct lb_address address;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port;    /* host order; 0 is any port */
	uint32_t pool;    /* index into the catalog's pools */
	enum affinity affinity;
	struct catalog_quic quic;
};

struct catalog {
	char *seed;                 /* never NULL */
	bool echo;                  /* pings to VIPs are answered */
	struct catalog_pool *pools; /* sorted by name (strcmp) */
	size_t pool_count;
	struct catalog_service *services; /* sorted by name (strcmp) */
	size_t service_count;
	json_t *json; /* the document that it was made from; owned */
};

/*
 * catalog_parse(): text (length bytes, no NUL needed) to a catalog. file names it in errors.
 *
 * Returns 0 and sets *out (free with catalog_free()), or -EINVAL with every error of the text in
 * errors, each with file, line, column, path and reason, in the order of the text. *out is
 * untouched on failure.
 */
int catalog_parse(const char *text, size_t length, const char *file, struct catalog **out,
		  struct err_list *errors);

/*
 * catalog_from_json(): the same for a document that is parsed already; text is its catalog_text(),
 * in which the places of errors are. The catalog keeps a reference: json must not change any more.
 */
int catalog_from_json(json_t *json, const char *text, struct catalog **out,
		      struct err_list *errors);

/* catalog_load(): reads file and parses it. A file that cannot be read is one error of errors. */
int catalog_load(const char *file, struct catalog **out, struct err_list *errors);

void catalog_free(struct catalog *catalog); /* NULL is fine */

/* catalog_text(): the document as it is written to disk: two spaces, key order kept, newline at the
 * end. Owned by the caller. */
char *catalog_text(const json_t *json);

const struct catalog_pool *catalog_find_pool(const struct catalog *catalog, const char *name);
const struct catalog_backend *catalog_find_backend(const struct catalog_pool *pool,
						   const char *name);
const struct catalog_service *catalog_find_service(const struct catalog *catalog, const char *name);

/* pool_encapsulation_id(): what makes a backend another one when its pool's encapsulation changes. */
static inline uint32_t pool_encapsulation_id(const struct catalog_pool *pool)
{
	return pool->encapsulation | pool->vni << 8;
}

/* The words of the catalog for an enum's value and back; *_from() return 0 for an unknown word. */
const char *encapsulation_name(enum encapsulation encapsulation);
const char *backend_state_name(enum backend_state state);
const char *affinity_name(enum affinity affinity);
const char *table_kind_name(enum table_kind kind);
const char *tracking_name(enum tracking tracking);
enum backend_state backend_state_from(const char *name);

#endif
