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

#define LB_LAYOUT 4 /* version of everything below; pinned maps carry it in struct lb_layout */

#define LB_MAX_SERVICES 4096
#define LB_MAX_POOLS    1024
#define LB_MAX_BACKENDS 65535

#define LB_MAX_PORTS 64  /* interfaces */
#define LB_MAX_CPUS  256 /* of --cpus */

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
	LB_SERVICE_ORIGIN_CLIENT = 1 << 3,   /* and so it was while origin was the pool */
	LB_SERVICE_QUIC = 1 << 4,            /* and the fields below say how ids are written */
};

/*
 * The rest of a service's flags, if it is QUIC: draft-ietf-quic-load-balancers section 3.1. Server
 * ids have 1 to 15 bytes; nonces 4 to 18, kept less 4.
 */
#define LB_QUIC_CONFIG_SHIFT    5 /* 3 bits */
#define LB_QUIC_SERVER_ID_SHIFT 8 /* 4 bits */
#define LB_QUIC_NONCE_SHIFT     12
#define LB_QUIC_NONCE_MIN       4
#define LB_QUIC_SERVER_ID_MAX   15

/*
 * What a service's packets meet. One aligned word, so that a live entry changes by one store, and
 * a word of 0 is an empty entry.
 */
union lb_service_target {
	struct {
		__u16 service; /* index of its counters */
		__u16 flags;
		__u16 pool;
		__u16 origin; /* the pool whose table flows are on that began before a move; 0: none */
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
 * One slot of a table; 4 bytes, so that the default table fits into 256 KiB of cache. One store changes
 * it, and one load reads it: a packet that saw the new backend without the mark would break its flow.
 */
struct lb_slot {
	union {
		struct {
			__u16 backend;
			__u16 moved; /* 1: flows may live on another backend; see moved.h */
		};
		__u32 word;
	};
};

enum lb_pool_flags {
	LB_POOL_TRACK_ALL = 1 << 0, /* every flow is stored, not only those of moved slots */
};

/*
 * A pool's table: size slots from slot first on of the one array that holds the slots of all pools.
 * Written before a service names the pool; another size or seed is another pool index, so that only
 * flags and times change later.
 */
struct lb_pool {
	__u32 first;
	__u32 size;             /* 0: no table */
	__u64 seed;             /* of the flow hash */
	__u64 tracked_since_ns; /* LB_POOL_TRACK_ALL: flows stored before do not count */
	__u32 flags;
	__u32 udp_hold_s; /* so long after a move UDP still goes to the origin */
};

/*
 * What is known of a moved slot, beside the slot. Times are those of CLOCK_MONOTONIC, which is also
 * the program's clock.
 */
struct lb_move {
	__u64 since_ns;  /* when it was marked: flows stored before do not count */
	__u32 changed_s; /* when its backend last changed */
	__u32 last_s;    /* when a packet last went to another backend; written by the program */
	__u16 origin;    /* the backend that it had before it was marked */
	__u16 unused;
	__u32 unstored; /* a bit for each class of its flows; 1: its packets have stored none since it
			  * was marked. Cleared by the program */
};

/* Classes of a slot's flows, by their hash. */
#define LB_FLOW_CLASSES 32

/* The same of all flows of a service whose pool (or that one's table) changed. */
struct lb_service_move {
	__u64 since_ns;
	__u32 changed_s;
	__u32 last_s;
};

/* A backend's life: a stored flow ends with the life that it began in. */
struct lb_life {
	__u32 number; /* 0: down, nothing is sent to it */
	__u32 left_s; /* since when no slot leads to it; 0: some do. Only the daemon reads it */
};

/* A flow as it is stored. Zeroes in unused. */
struct lb_flow_key {
	struct lb_address source, destination;
	__u32 ports; /* as they stand in the packet */
	__u8 protocol;
	__u8 unused[3];
};

struct lb_flow {
	__u64 stored_ns;
	__u32 seen_s;
	__u32 life; /* of the backend */
	__u16 backend;
	__u16 closed; /* 1: FIN or RST was seen */
	__u32 unused;
};

/* Flows that answered and flows that only sent a SYN do not share room, so that a flood of SYNs
 * pushes out none that lives. */
enum lb_flow_table {
	LB_FLOWS_ESTABLISHED,
	LB_FLOWS_HALF_OPEN,
	LB_FLOW_TABLES,
};

enum lb_flow_event {
	LB_FLOW_ASKED,    /* a packet looked for its flow */
	LB_FLOW_STORED,   /* as half open, or of a pool that stores all */
	LB_FLOW_PROMOTED, /* from half open to established */
	LB_FLOW_UNSTORED, /* no room, or no tables */
	LB_FLOW_EVENTS,
};

/* Slot 0 is no pool's and leads nowhere: all flows of a pool without a table get there. */
#define LB_FIRST_SLOT 1

/* Every pool of a catalog may be there a second time, while its table is replaced. */
#define LB_POOLS (2 * LB_MAX_POOLS + 1)

/* Powers of two beyond the largest index, so that a mask does for the verifier. */
#define LB_POOL_ROOM    4096
#define LB_SERVICE_ROOM 8192

/* A fragment that comes later than this after its datagram's first one is no part of it: twice what
 * Linux waits for the rest (net.ipv4.ipfrag_time). */
#define LB_FRAGMENT_NS 60000000000ULL

/* A datagram in fragments, and where its first one went. */
struct lb_fragment_key {
	struct lb_address source, destination;
	__u32 id; /* as it stands in the packet */
	__u8 protocol;
	__u8 unused[3]; /* zero */
};

struct lb_fragment {
	__u64 seen_ns;
	__u64 hash; /* of the flow */
	union lb_service_target target;
	__u32 life; /* of the backend */
	__u16 backend;
	__u16 unused;
};

/* Which backend a QUIC connection id names. */
struct lb_quic_key {
	__u16 pool;
	__u8 length;                        /* of id */
	__u8 id[LB_QUIC_SERVER_ID_MAX + 1]; /* zeroes behind length */
	__u8 unused;
};

struct lb_quic_server {
	__u32 life; /* of the backend */
	__u16 backend;
	__u16 unused;
};

/* The protocol that carries packets to a backend. The numbers are in pinned maps. */
enum lb_encapsulation {
	LB_ENCAP_IPIP = 1, /* RFC 2003, RFC 2473, RFC 4213 */
	LB_ENCAP_GUE,      /* variant 0 of draft-ietf-intarea-gue-09 */
	LB_ENCAP_GRE,      /* RFC 2784 */
	LB_ENCAP_VXLAN,    /* RFC 7348 */
	LB_ENCAP_NONE,     /* only the Ethernet header is replaced */
};

/* Room for Ethernet, two VLAN tags, IPv6, UDP and VXLAN (14 + 8 + 40 + 8 + 8 + inner 14 = 92). */
#define LB_HEADER_SIZE 96

enum lb_backend_flags {
	LB_BACKEND_USED = 1 << 0,
	LB_BACKEND_RESOLVED = 1 << 1, /* the header below can be sent; else inner_mtu is 0 */
	LB_BACKEND_PLAIN = 1 << 2,    /* which is Ethernet and IP, without tags */
	LB_BACKEND_OUTER_IPV4 = 1 << 3,
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
	__u32 interface;     /* ifindex of the next hop */
	__u32 encapsulation; /* enum lb_encapsulation */
	__u32 unused[2];
};

struct lb_counter {
	__u64 packets;
	__u64 bytes; /* of the frames as received */
};

/* What the program passes to moved_select(). */
struct lb_moved {
	struct lb_flow_key key;
	union lb_service_target target;
	__u32 slot;
	__u16 backend; /* of the slot now */
	__u16 slot_moved;
	__u8 tcp_flags;
	__u8 ipv6;
	__u8 dry; /* of a trace: nothing is stored */
	__u8 flow_class;
	__u8 unused[4];
};

/*
 * What one CPU has counted: its own element of an array that the daemon maps. An array of per-CPU
 * maps would be a call for each counter before Linux 6.10.
 */
struct lb_counters {
	__u64 reasons[LB_REASON_ROOM];
	__u64 flows[LB_FLOW_EVENTS];
	__u64 answer_due_ns; /* when the next packet that is too big may be answered */
	__u64 taken;         /* packets that another CPU handed over */
	__u64 unused[10];
	struct lb_moved moved[2]; /* the second for traces, which a packet may interrupt */
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
	struct lb_service_move service_moves[LB_SERVICE_ROOM];
	struct lb_life lives[LB_MAX_BACKENDS + 1];
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
	__u32 encapsulation;       /* of a backend, with the VNI << 8; else zero */
	__u32 table_size;          /* of a pool, as table_seed; else zero */
	__u64 table_seed;
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
	__u8 moved;           /* some pool remembers flows */
	__u8 track_all;       /* some pool stores all */
	__u8 echo;            /* pings to VIPs are answered */
	__u8 not_plain;       /* some backend has another header than Ethernet and IP */
	__u8 gue;             /* and some have that of these */
	__u8 gre;
	__u8 vxlan;
	__u8 layer2; /* encapsulation "none" */
	__u8 quic;   /* some service is QUIC */
	__u8 frags;  /* frames may be in more than one buffer (jumbo frames) */
	__u8 spread; /* packets go on to other CPUs */
	__u8 spread_local;
	__u8 lean; /* none of those that USES() of packet.h asks for; set when a program is loaded */
	__u8 unused[4];
};

/* The first thing that a daemon reads of pinned maps. */
struct lb_layout {
	__u32 version;
	__u32 unused;
	struct lb_features features; /* of the program over them */
};

/* What lb_trace tells about the one packet that it was run with. */
struct lb_trace {
	__u32 reason; /* enum lb_reason */
	__u32 slot;
	__u32 table_size;
	__u16 service;
	__u16 pool;
	__u16 backend;
	__u16 moved; /* 1: the slot, or all flows of the service */
};

_Static_assert(sizeof(struct lb_address) == 16, "an address is 16 bytes");
_Static_assert(sizeof(struct lb_service_bucket) == 64, "a bucket of services is one cache line");
_Static_assert(sizeof(union lb_service_target) == 8, "a target is one word");
_Static_assert(sizeof(struct lb_slot) == 4, "a slot is one 4-byte store");
_Static_assert(sizeof(struct lb_pool) == 32, "a pool is 32 bytes");
_Static_assert(sizeof(struct lb_move) == 24, "a move is 24 bytes");
_Static_assert(8 * sizeof(((struct lb_move *)0)->unstored) == LB_FLOW_CLASSES, "a bit for each");
_Static_assert(sizeof(struct lb_moved) == 64, "what moves is one cache line");
_Static_assert(sizeof(struct lb_flow_key) == 40, "a flow's key has no gaps");
_Static_assert(sizeof(struct lb_flow) == 24, "a flow is 24 bytes");
_Static_assert(sizeof(struct lb_counters) % 64 == 0, "CPUs share no cache line of counters");
_Static_assert(sizeof(struct lb_backend) == 128, "a backend is two cache lines");
_Static_assert(sizeof(struct lb_fragment_key) == 40, "a fragment's key has no gaps");
_Static_assert(sizeof(struct lb_fragment) == 32, "a fragment is 32 bytes");
_Static_assert(sizeof(struct lb_quic_key) == 20, "a QUIC key has no gaps");
_Static_assert(sizeof(struct lb_features) == 24, "features are 24 bytes");
_Static_assert(sizeof(struct lb_arrays) ==
		       (16384 * 64) + (65536 * 128) + (4096 * 32) + (8192 * 16) + (65536 * 8),
	       "the arrays have no gaps");
_Static_assert(sizeof(struct lb_counter) == 16, "a counter is 16 bytes");
_Static_assert(sizeof(struct lb_identity_key) == 4, "an identity key is 4 bytes");
_Static_assert(sizeof(struct lb_identity) == 160, "an identity is 160 bytes");
_Static_assert(sizeof(struct lb_trace) == 20, "a trace is 20 bytes");

#endif
