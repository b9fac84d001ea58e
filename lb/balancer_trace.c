// SPDX-License-Identifier: GPL-2.0-only
/* One packet, made up, through the loaded stages; the answer in names and sentences. */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "balancer_internal.h"
#include "reason.h"

static uint16_t put_transport(const struct trace_request *request, uint8_t *at)
{
	struct tcphdr tcp = {
		.source = htons(request->source_port),
		.dest = htons(request->destination_port),
		.doff = sizeof(tcp) / 4,
		.syn = request->syn,
		.ack = !request->syn,
	};
	struct udphdr udp = {.source = tcp.source, .dest = tcp.dest, .len = htons(sizeof(udp))};

	if (request->protocol == IPPROTO_TCP) {
		memcpy(at, &tcp, sizeof(tcp));
		return sizeof(tcp);
	}
	memcpy(at, &udp, sizeof(udp));
	return sizeof(udp);
}

/* Checksums stay 0: no stage looks at them. Returns the frame's length. */
static uint32_t make_frame(const struct trace_request *request, uint8_t *frame)
{
	bool ipv4 = address_is_ipv4(&request->destination);
	struct ethhdr eth = {.h_proto = htons(ipv4 ? ETH_P_IP : ETH_P_IPV6)};
	size_t ip_length = ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	uint16_t length = put_transport(request, frame + sizeof(eth) + ip_length);
	struct iphdr v4 = {
		.version = 4,
		.ihl = sizeof(v4) / 4,
		.tot_len = htons(sizeof(v4) + length),
		.ttl = 64,
		.protocol = request->protocol,
		.saddr = request->source.words[3],
		.daddr = request->destination.words[3],
	};
	struct ipv6hdr v6 = {
		.version = 6,
		.payload_len = htons(length),
		.nexthdr = request->protocol,
		.hop_limit = 64,
	};

	memcpy(&v6.saddr, &request->source, sizeof(v6.saddr));
	memcpy(&v6.daddr, &request->destination, sizeof(v6.daddr));
	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), ipv4 ? (void *)&v4 : (void *)&v6, ip_length);
	return sizeof(eth) + ip_length + length;
}

/* Where the IP header starts, and of which version it is; 0: nowhere. */
static uint32_t find_ip(const uint8_t *frame, uint32_t length, bool *ipv4)
{
	uint32_t at = ETH_HLEN - sizeof(uint16_t);
	uint16_t type;

	for (; at + sizeof(type) <= length; at += 2 * sizeof(type)) {
		memcpy(&type, frame + at, sizeof(type));
		*ipv4 = type == htons(ETH_P_IP);
		if (*ipv4 || type == htons(ETH_P_IPV6))
			return at + sizeof(type);
		if (type != htons(ETH_P_8021Q) && type != htons(ETH_P_8021AD))
			break;
	}
	return 0;
}

static json_t *outer_json(const uint8_t *frame, uint32_t length)
{
	char source[ADDRESS_TEXT_SIZE], destination[ADDRESS_TEXT_SIZE], macs[2][18];
	struct ethhdr eth;
	struct ipv6hdr v6;
	struct iphdr v4;
	bool ipv4;
	uint32_t at = find_ip(frame, length, &ipv4);

	if (!at || length < at + (ipv4 ? sizeof(v4) : sizeof(v6)))
		return json_null();
	memcpy(&eth, frame, sizeof(eth)); /* the headers are not aligned in the frame */
	if (ipv4)
		memcpy(&v4, frame + at, sizeof(v4));
	else
		memcpy(&v6, frame + at, sizeof(v6));
	for (int i = 0; i < 2; i++) {
		const uint8_t *mac = i ? eth.h_dest : eth.h_source;

		snprintf(macs[i], sizeof(macs[i]), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
			 mac[2], mac[3], mac[4], mac[5]);
	}
	inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? (void *)&v4.saddr : (void *)&v6.saddr, source,
		  sizeof(source));
	inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? (void *)&v4.daddr : (void *)&v6.daddr,
		  destination, sizeof(destination));
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i}", "source_mac", macs[0],
			 "destination_mac", macs[1], "source", source, "destination", destination,
			 "protocol", ipv4 ? v4.protocol : v6.nexthdr, "ttl",
			 ipv4 ? v4.ttl : v6.hop_limit, "length",
			 ipv4 ? ntohs(v4.tot_len) : (int)sizeof(v6) + ntohs(v6.payload_len), "tos",
			 ipv4 ? v4.tos : v6.priority << 4 | v6.flow_lbl[0] >> 4);
}

static const struct lb_identity *owner_of(const struct balancer *balancer,
					  enum lb_identity_kind kind, uint16_t index)
{
	const struct state *state = datapath_state(balancer->datapath);

	return index && index < state_capacity(kind) ? state->identities[kind][index] : NULL;
}

/* What the trace found, in names; NULL where it did not get that far. */
struct finding {
	const struct lb_identity *service, *pool, *backend;
	char interface[16];
};

static void name_interface(const struct balancer *balancer, uint32_t index, char name[16])
{
	unsigned int count;
	const struct attached_interface *interfaces =
		datapath_interfaces(balancer->datapath, &count);

	*name = 0;
	for (unsigned int i = 0; i < count; i++)
		if (interfaces[i].index == index)
			memcpy(name, interfaces[i].name, sizeof(interfaces[i].name));
}

static bool is_sent(const struct trace_run *run)
{
	return run->trace.reason == LB_SENT || run->trace.reason == LB_REDIRECTED;
}

static struct finding find_names(const struct balancer *balancer, const struct trace_run *run)
{
	struct finding finding = {
		.service = owner_of(balancer, LB_IDENTITY_SERVICE, run->trace.service),
		.pool = owner_of(balancer, LB_IDENTITY_POOL, run->trace.pool),
		.backend = owner_of(balancer, LB_IDENTITY_BACKEND, run->trace.backend),
	};

	if (is_sent(run))
		name_interface(
			balancer,
			datapath_state(balancer->datapath)->backends[run->trace.backend].interface,
			finding.interface);
	return finding;
}

static void add_obstacle(const struct balancer *balancer, const struct finding *finding,
			 json_t *steps)
{
	const struct catalog_pool *pool =
		catalog_find_pool(balancer->catalog, finding->backend->pool);
	const struct catalog_backend *backend =
		pool ? catalog_find_backend(pool, finding->backend->name) : NULL;
	char buffer[160];
	const char *obstacle =
		backend ? backend_obstacle(&balancer->surroundings, pool_encapsulation_id(pool),
					   backend, buffer, sizeof(buffer))
			: NULL;

	if (obstacle)
		json_array_append_new(steps, json_string(obstacle));
}

static const char *encapsulation_header(uint32_t kind)
{
	static const char *const headers[] = {
		[LB_ENCAP_IPIP] = "a header",
		[LB_ENCAP_GUE] = "a GUE header",
		[LB_ENCAP_GRE] = "a GRE header",
		[LB_ENCAP_VXLAN] = "a VXLAN header",
	};

	return headers[kind];
}

static void add_header(const struct balancer *balancer, const struct trace_run *run,
		       const struct finding *finding, const json_t *outer, json_t *steps)
{
	const struct lb_backend *backend =
		&datapath_state(balancer->datapath)->backends[run->trace.backend];
	const char *hop = json_string_value(json_object_get(outer, "destination_mac"));

	if (backend->encapsulation == LB_ENCAP_NONE)
		json_array_append_new(
			steps, json_sprintf("only its MAC addresses change; next hop %s on %s", hop,
					    finding->interface));
	else
		json_array_append_new(
			steps,
			json_sprintf("%s from %s to %s goes in front; next hop %s on %s",
				     encapsulation_header(backend->encapsulation),
				     json_string_value(json_object_get(outer, "source")),
				     json_string_value(json_object_get(outer, "destination")), hop,
				     finding->interface));
}

static json_t *steps_json(const struct balancer *balancer, const struct trace_run *run,
			  const struct finding *finding, const json_t *outer)
{
	json_t *steps = json_array();
	char address[ADDRESS_TEXT_SIZE], arrival[16] = "";

	/* With one interface it goes without saying. */
	if (balancer->config->interface_count > 1)
		name_interface(balancer, run->interface, arrival);
	if (*arrival)
		json_array_append_new(steps, json_sprintf("it arrives on %s", arrival));
	if (finding->service)
		json_array_append_new(steps,
				      json_sprintf("the destination is service %s, on pool %s",
						   finding->service->name,
						   finding->pool ? finding->pool->name : "?"));
	if (run->trace.table_size)
		json_array_append_new(steps, json_sprintf("the flow hashes to slot %u of %u",
							  run->trace.slot, run->trace.table_size));
	if (finding->backend)
		json_array_append_new(
			steps,
			json_sprintf(run->trace.moved
					     ? "the slot has moved; this flow is on backend %s (%s)"
					     : "the slot belongs to backend %s (%s)",
				     finding->backend->name,
				     address_format(&finding->backend->address, address)));
	if (finding->backend && !is_sent(run))
		add_obstacle(balancer, finding, steps);
	if (json_is_object(outer))
		add_header(balancer, run, finding, outer, steps);
	json_array_append_new(steps, json_sprintf("%s: %s", action_name(run->action),
						  reason_words(run->trace.reason)));
	return steps;
}

static json_t *name_or_null(const struct lb_identity *identity)
{
	return identity ? json_string(identity->name) : json_null();
}

int balancer_trace(struct balancer *balancer, const struct trace_request *request, json_t **out,
		   struct err *err)
{
	uint8_t frame[sizeof(struct ethhdr) + sizeof(struct ipv6hdr) + sizeof(struct tcphdr)];
	struct trace_run run = {.frame = frame, .frame_length = make_frame(request, frame)};
	unsigned int count;
	int status;
	struct finding finding;
	bool slot_known;
	json_t *outer;

	run.interface = datapath_interfaces(balancer->datapath, &count)->index;
	status = datapath_trace(balancer->datapath, &run, err);
	if (status)
		return status;
	finding = find_names(balancer, &run);
	slot_known = run.trace.table_size;
	outer = is_sent(&run) ? outer_json(run.out, run.out_length) : json_null();
	*out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:s, s:s, s:o, s:o, s:o}", "service",
			 name_or_null(finding.service), "pool", name_or_null(finding.pool), "slot",
			 slot_known ? json_integer(run.trace.slot) : json_null(), "table_size",
			 slot_known ? json_integer(run.trace.table_size) : json_null(), "backend",
			 name_or_null(finding.backend), "moved", run.trace.moved, "reason",
			 reason_key(run.trace.reason), "words", reason_words(run.trace.reason),
			 "action", action_name(run.action), "interface",
			 *finding.interface ? json_string(finding.interface) : json_null(), "steps",
			 steps_json(balancer, &run, &finding, outer), "outer", outer);
	return 0;
}
