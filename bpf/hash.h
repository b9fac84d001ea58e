/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two hashes that the program computes for each packet. The daemon places services by the
 * first; the second is tested in user space for its spread.
 *
 * Multiply and xor-shift rounds on 64-bit words: BPF has no 128-bit product, and a round costs
 * about five cycles of latency. The constants are odd with about half of their bits set.
 */
#ifndef HAIRPIN_HASH_H
#define HAIRPIN_HASH_H

#include "abi.h"

#define HASH_M1 0x9fb21c651e98df25ULL
#define HASH_M2 0xd6e8feb86659fd93ULL
#define HASH_M3 0xa0761d6478bd642fULL
#define HASH_M4 0xe7037ed1a0b428dbULL

static inline __attribute__((always_inline)) __u64 hash_round(__u64 x)
{
	return (x ^ (x >> 32)) * HASH_M1;
}

/* hash_service(): where a service is kept; the two buckets are taken from it. */
static inline __attribute__((always_inline)) __u64 hash_service(const struct lb_service_key *key)
{
	__u64 h = key->address.halves[0] * HASH_M2 ^ key->address.halves[1] ^ key->port_protocol;

	return hash_round(h * HASH_M3);
}

static inline __attribute__((always_inline)) __u32 hash_first_bucket(__u64 h)
{
	return h >> 48 & (LB_SERVICE_BUCKETS - 1);
}

/* Never the first one: two keys that share a bucket still have a way out of it. */
static inline __attribute__((always_inline)) __u32 hash_second_bucket(__u64 h)
{
	__u32 first = hash_first_bucket(h), second = h >> 32 & (LB_SERVICE_BUCKETS - 1);

	return second == first ? first ^ 1 : second;
}

/* What the flow hash covers. Addresses and ports in wire order. */
struct flow {
	struct lb_address source, destination;
	union {
		struct {
			__be16 source_port, destination_port;
		};
		__u32 ports; /* as they stand in the packet */
	};
	__u8 protocol;
};

/*
 * hash_flow(): 64 bits, the upper 32 of which select the slot; hash_entropy() makes 32 for the outer
 * header of them. seed is that of the pool's table.
 *
 * What hash_service() makes of the destination is known when a packet's service is, and serves again.
 * With IPv4 the seed comes after the first round, so that the round need not wait for the lookup of
 * the pool: as rounds are bijections, two flows to one destination never meet before it, and nobody
 * who does not know the seed can make flows that meet after it. 128 bits of an IPv6 source do meet.
 */
static inline __attribute__((always_inline)) __u64 hash_flow(const struct flow *flow, int ipv6,
							     __u64 seed)
{
	const struct lb_service_key key = {
		.address = flow->destination,
		.port = flow->destination_port,
		.protocol = flow->protocol,
	};
	__u64 ports = (__u64)flow->ports << 32, h;

	if (ipv6) {
		h = hash_round(seed ^ flow->source.halves[0]) ^ flow->source.halves[1];
		h = hash_round(hash_round(h) ^ ports);
	} else {
		h = hash_round(ports | flow->source.words[3]) ^ seed;
	}
	return hash_round(h ^ hash_service(&key));
}

/* hash_client(): the same for services with affinity "client": the source address alone. */
static inline __attribute__((always_inline)) __u64 hash_client(const struct flow *flow, __u64 seed)
{
	__u64 h = hash_round(seed ^ flow->source.halves[0]) ^ flow->source.halves[1];

	return hash_round(hash_round(h));
}

/* The lower bits of a product depend on few of its factors' bits. */
static inline __attribute__((always_inline)) __u32 hash_entropy(__u64 hash)
{
	return hash ^ hash >> 32;
}

#endif
