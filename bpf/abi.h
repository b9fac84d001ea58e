/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the XDP program and the daemon share: the values of the maps, and nothing else.
 *
 * Addresses are 16 bytes in wire order everywhere; an IPv4 address is kept v4-mapped
 * (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2). Integers are in host order unless the type is __be*.
 */
#ifndef HAIRPIN_ABI_H
#define HAIRPIN_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define LB_LAYOUT 2 /* version of everything below; pinned maps carry it in struct lb_layout */

#define LB_MAX_SERVICES 4096
#define LB_MAX_POOLS    1024
#define LB_MAX_BACKENDS 65535

#define LB_REASON_ROOM 64 /* counters of reasons, of which reasons.h uses the first */

/* Index 0 of services, pools and backends means "none", so that zeroed memory names nothing. */
#define LB_NONE 0

/*
 * The services map is a hash table of two-entry buckets that the daemon fills by two-choice
 * (cuckoo) hashing, so that the program finds a service by reading at most two cache lines and
 * without calling a helper. 4,096 services and as many VIP entries fill a quarter of it; the
 * chance that five keys share the same two buckets, the least that does not fit, is below 1e-14.
 */
#define LB_SERVICE_BUCKETS     16384
#define LB_SERVICE_BUCKET_SIZE 2
#define LB_SERVICE_ENTRIES     (LB_SERVICE_BUCKETS * LB_SERVICE_BUCKET_SIZE)

struct lb_address {
	union {
		__u8 bytes[16];
		__be32 words[4];
		__u64 halves[2];
	};
};

enum lb_service_flags {
	LB_SERVICE_USED = 1 << 0,            /* the entry holds something */
	LB_SERVICE_VIP = 1 << 1,             /* marks an address that some service has; no pool */
	LB_SERVICE_AFFINITY_CLIENT = 1 << 2, /* hash the source address only */
};

/*
 * What a service's packets meet. One aligned word, so that a live entry changes by one store, and
 * a word of 0 is an empty entry.
 */
union lb_service_target {
	struct {
		__u16 service; /* index of its counters */
		__u16 flags;
		__u16 pool;
		__u16 unused;
	};
	__u64 word;
};

/* key of a service; port 0 is "any port", protocol 0 with port 0 is a VIP entry */
struct lb_service_key {
	struct lb_address address;
	union {
		struct {
			__be16 port;
			__u8 protocol;
			__u8 unused[5]; /* zero */
		};
		__u64 port_protocol; /* compared as one word */
	};
};

struct lb_service {
	struct lb_service_key key;
	union lb_service_target target;
};

struct lb_service_bucket {
	struct lb_service entries[LB_SERVICE_BUCKET_SIZE];
};

/*
 * One slot of a table; 4 bytes, so that the default table fits into 256 KiB of cache, and one store
 * changes it.
 */
struct lb_slot {
	__u16 backend;
	__u16 unused;
};

/*
 * A pool's table: size slots from slot first on of the one array that holds the slots of all pools.
 * Written before a service names the pool, and not changed after: another size or seed is another
 * pool index.
 */
struct lb_pool {
	__u32 first;
	__u32 size; /* 0: no table */
	__u32 seed; /* of the flow hash */
	__u32 unused;
};

/* Slot 0 is no pool's and leads nowhere: all flows of a pool without a table get there. */
#define LB_FIRST_SLOT 1

/* Every pool of a catalog may be there a second time, while its table is replaced. */
#define LB_POOLS (2 * LB_MAX_POOLS + 1)

/* Powers of two beyond the largest index, so that a mask does for the verifier. */
#define LB_POOL_ROOM    4096
#define LB_SERVICE_ROOM 8192

/* Room for Ethernet, two VLAN tags, IPv6, UDP and VXLAN (14 + 8 + 40 + 8 + 8 + inner 14 = 92). */
#define LB_HEADER_SIZE 96

enum lb_backend_flags {
	LB_BACKEND_USED = 1 << 0,
	LB_BACKEND_RESOLVED = 1 << 1, /* the header below can be sent */
};

/*
 * A backend: all bytes that go in front of the inner packet, with zeroes in the fields that the
 * program fills in for each packet (length, checksum, DSCP/ECN, protocol).
 */
struct lb_backend {
	__u16 flags;
	__u16 header_length; /* bytes of header in use, from the destination MAC on */
	__u16 ip_offset;     /* where the outer IP header starts in header */
	__u16 inner_mtu;     /* largest inner IP packet whose outer one the next hop takes */
	__u32 checksum;      /* outer IPv4 header: one's complement sum of the template, unfolded */
	__be32 source_mask;  /* bits of the last word of the outer source that the flow hash varies
			      */
	__u8 header[LB_HEADER_SIZE];
	__u32 interface; /* ifindex of the next hop */
	__u32 unused[3];
};

struct lb_counter {
	__u64 packets;
	__u64 bytes; /* of the frames as received */
};

/*
 * What one CPU has counted: its own element of an array that the daemon maps. An array of per-CPU
 * maps would be a call for each counter before Linux 6.10.
 */
struct lb_counters {
	__u64 reasons[LB_REASON_ROOM];
	struct lb_counter services[LB_SERVICE_ROOM];
	struct lb_counter backends[LB_MAX_BACKENDS + 1];
};

/*
 * The arrays of fixed size that packets read: the program's one zeroed global variable, whose map
 * (.bss) is pinned as "arrays". The compiler addresses it directly, so that a lookup is an address
 * computed from a bounded index, where a map's lookup passes the key through memory.
 */
struct lb_arrays {
	struct lb_service_bucket
		services[LB_SERVICE_BUCKETS]; /* two-choice hash table, see above */
	struct lb_backend backends[LB_MAX_BACKENDS + 1];
	struct lb_pool pools[LB_POOL_ROOM];
};

enum lb_identity_kind {
	LB_IDENTITY_SERVICE = 1,
	LB_IDENTITY_POOL = 2,
	LB_IDENTITY_BACKEND = 3,
};

#define LB_NAME_SIZE 64 /* a name of 63 characters and its NUL */

/* Whose index it is. Only the daemon reads it: it finds its indices again after a restart. */
struct lb_identity_key {
	__u16 kind;
	__u16 index;
};

struct lb_identity {
	char pool[LB_NAME_SIZE]; /* of a backend; else empty */
	char name[LB_NAME_SIZE];
	struct lb_address address; /* of a backend; else zero */
	__u32 encapsulation;       /* of a backend; else zero */
	__u32 table_kind;          /* of a pool, as the two below; else zero */
	__u32 table_size;
	__u32 unused;
	__u64 table_seed;
};

/* The first thing that a daemon reads of pinned maps. */
struct lb_layout {
	__u32 version;
	__u32 unused;
};

/*
 * What the catalog and the config use: constants of the loaded program (.rodata), so that the
 * verifier removes the code of what is not used. A change loads a new program over the same maps.
 */
struct lb_features {
	__u8 ipv6;            /* some VIP is IPv6 */
	__u8 any_port;        /* some service takes any port */
	__u8 affinity_client; /* some service hashes the source address only */
	__u8 source_varied;   /* the outer source address varies by flow */
	__u8 outer_ipv4;      /* some backend is reached over IPv4 */
	__u8 outer_ipv6;      /* some backend is reached over IPv6 */
	__u8 many_interfaces; /* attached to more than one */
	__u8 unused;
};

/* What lb_trace tells about the one packet that it was run with. */
struct lb_trace {
	__u32 reason; /* enum lb_reason */
	__u32 slot;
	__u32 table_size;
	__u16 service;
	__u16 pool;
	__u16 backend;
	__u16 unused;
};

_Static_assert(sizeof(struct lb_address) == 16, "an address is 16 bytes");
_Static_assert(sizeof(struct lb_service_bucket) == 64, "a bucket of services is one cache line");
_Static_assert(sizeof(union lb_service_target) == 8, "a target is one word");
_Static_assert(sizeof(struct lb_slot) == 4, "a slot is one 4-byte store");
_Static_assert(sizeof(struct lb_pool) == 16, "a pool is 16 bytes");
_Static_assert(sizeof(struct lb_counters) % 64 == 0, "CPUs share no cache line of counters");
_Static_assert(sizeof(struct lb_backend) == 128, "a backend is two cache lines");
_Static_assert(sizeof(struct lb_arrays) == (16384 * 64) + (65536 * 128) + (4096 * 16),
	       "the arrays have no gaps");
_Static_assert(sizeof(struct lb_counter) == 16, "a counter is 16 bytes");
_Static_assert(sizeof(struct lb_identity_key) == 4, "an identity key is 4 bytes");
_Static_assert(sizeof(struct lb_identity) == 168, "an identity is 168 bytes");
_Static_assert(sizeof(struct lb_trace) == 20, "a trace is 20 bytes");

#endif
