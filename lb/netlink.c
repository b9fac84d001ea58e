// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "address.h"
#include "netlink_parse.h"

/* Room for what happens while the daemon is busy: some ten thousand events. */
#define EVENTS_BUFFER (8 << 20)
/* Datagrams handled in one go; the event loop has other work too. */
#define EVENTS_AT_ONCE 256

struct netlink {
	struct nl_sock *sock;
	/* the request under way */
	uint32_t seq;
	bool done;
	int error;
	int (*parse)(struct nlmsghdr *message, void *out);
	void *out;
};

struct netlink_events {
	struct nl_sock *sock;
	netlink_event_fn handle;
	void *user;
};

static int open_failed(struct err *err, int code)
{
	return err_set(err, -EIO, "netlink: cannot open a socket: %s", nl_geterror(code));
}

static int on_reply(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *message = nlmsg_hdr(msg);
	struct netlink *netlink = arg;

	if (message->nlmsg_seq == netlink->seq && netlink->parse) {
		/* not the parser's -EINVAL, which the kernel uses for blackhole routes */
		netlink->error = netlink->parse(message, netlink->out) < 0 ? -EBADMSG : 0;
		netlink->done = true;
	}
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct netlink *netlink = arg;

	if (nlmsg_hdr(msg)->nlmsg_seq == netlink->seq)
		netlink->done = true;
	return NL_OK;
}

static int on_refusal(struct sockaddr_nl *from, struct nlmsgerr *refusal, void *arg)
{
	struct netlink *netlink = arg;

	(void)from;
	if (refusal->msg.nlmsg_seq == netlink->seq) {
		netlink->error = refusal->error;
		netlink->done = true;
	}
	return NL_SKIP;
}

static int accept_any_seq(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

int netlink_new(struct netlink **out, struct err *err)
{
	/* The kernel answers within the request, so that this only ever ends a wait for an answer
	 * that was lost. */
	const struct timeval patience = {.tv_sec = 1};
	struct netlink *netlink = calloc(1, sizeof(*netlink));
	int code;

	if (!netlink)
		return err_set(err, -ENOMEM, "out of memory");
	netlink->sock = nl_socket_alloc();
	if (!netlink->sock) {
		netlink_free(netlink);
		return err_set(err, -ENOMEM, "out of memory");
	}
	code = nl_connect(netlink->sock, NETLINK_ROUTE);
	if (code < 0) {
		netlink_free(netlink);
		return open_failed(err, code);
	}
	setsockopt(nl_socket_get_fd(netlink->sock), SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof(patience));
	/* Only a request that has no other answer asks for an ACK. */
	nl_socket_disable_auto_ack(netlink->sock);
	nl_socket_modify_cb(netlink->sock, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, accept_any_seq, NULL);
	nl_socket_modify_cb(netlink->sock, NL_CB_VALID, NL_CB_CUSTOM, on_reply, netlink);
	nl_socket_modify_cb(netlink->sock, NL_CB_ACK, NL_CB_CUSTOM, on_ack, netlink);
	nl_socket_modify_err_cb(netlink->sock, NL_CB_CUSTOM, on_refusal, netlink);
	*out = netlink;
	return 0;
}

void netlink_free(struct netlink *netlink)
{
	if (!netlink)
		return;
	nl_socket_free(netlink->sock);
	free(netlink);
}

/* Takes msg. parse may be NULL for a request that is answered by an ACK. */
static int netlink_request(struct netlink *netlink, struct nl_msg *msg,
			   int (*parse)(struct nlmsghdr *, void *), void *out)
{
	int code;

	netlink->done = false;
	netlink->error = 0;
	netlink->parse = parse;
	netlink->out = out;
	nl_complete_msg(netlink->sock, msg);
	netlink->seq = nlmsg_hdr(msg)->nlmsg_seq;
	code = nl_send(netlink->sock, msg);
	nlmsg_free(msg);
	if (code < 0)
		return -EIO;
	while (!netlink->done) {
		code = nl_recvmsgs_default(netlink->sock);
		if (code < 0 && !netlink->done)
			return -EIO;
	}
	return netlink->error;
}

static int family_of(const struct lb_address *address)
{
	return address_is_ipv4(address) ? AF_INET : AF_INET6;
}

static int put_address(struct nl_msg *msg, int type, const struct lb_address *address)
{
	if (address_is_ipv4(address))
		return nla_put(msg, type, 4, address->bytes + 12);
	return nla_put(msg, type, 16, address->bytes);
}

static int parse_route(struct nlmsghdr *message, void *out)
{
	return netlink_parse_route(message, out);
}

static int parse_link(struct nlmsghdr *message, void *out)
{
	return netlink_parse_link(message, out);
}

static int parse_neighbour(struct nlmsghdr *message, void *out)
{
	return netlink_parse_neighbour(message, out);
}

int netlink_get_route(struct netlink *netlink, const struct lb_address *destination,
		      struct netlink_route *out)
{
	struct rtmsg header = {.rtm_family = family_of(destination)};
	struct netlink_route route = {.via = *destination};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	int code;

	if (!msg)
		return -ENOMEM;
	header.rtm_dst_len = header.rtm_family == AF_INET ? 32 : 128;
	if (nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    put_address(msg, RTA_DST, destination) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	code = netlink_request(netlink, msg, parse_route, &route);
	if (code == 0)
		*out = route;
	return code;
}

int netlink_get_link(struct netlink *netlink, uint32_t interface, struct netlink_link *out)
{
	const struct ifinfomsg header = {.ifi_index = interface};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, 0);

	if (!msg)
		return -ENOMEM;
	if (nlmsg_append(msg, (void *)&header, sizeof(header), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	return netlink_request(netlink, msg, parse_link, out);
}

static struct nl_msg *neighbour_message(int type, int flags, const struct ndmsg *header,
					const struct lb_address *address)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg)
		return NULL;
	if (nlmsg_append(msg, (void *)header, sizeof(*header), NLMSG_ALIGNTO) < 0 ||
	    put_address(msg, NDA_DST, address) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int netlink_get_neighbour(struct netlink *netlink, uint32_t interface,
			  const struct lb_address *address, struct netlink_neighbour *out)
{
	const struct ndmsg header = {.ndm_family = family_of(address), .ndm_ifindex = interface};
	struct nl_msg *msg = neighbour_message(RTM_GETNEIGH, 0, &header, address);
	int code;

	if (!msg)
		return -ENOMEM;
	code = netlink_request(netlink, msg, parse_neighbour, out);
	if (code != -ENOENT)
		return code;
	*out = (struct netlink_neighbour){
		.interface = interface, .address = *address, .state = NUD_NONE};
	return 0;
}

int netlink_use_neighbour(struct netlink *netlink, uint32_t interface,
			  const struct lb_address *address)
{
	const struct ndmsg header = {
		.ndm_family = family_of(address), .ndm_ifindex = interface, .ndm_flags = NTF_USE};
	struct nl_msg *msg =
		neighbour_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_ACK, &header, address);

	if (!msg)
		return -ENOMEM;
	return netlink_request(netlink, msg, NULL, NULL);
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct netlink_events *events = arg;

	events->handle(nlmsg_hdr(msg), events->user);
	return NL_OK;
}

static int events_connect(struct netlink_events *events, struct err *err)
{
	const int size = EVENTS_BUFFER;
	int code;

	nl_socket_disable_seq_check(events->sock);
	nl_socket_modify_cb(events->sock, NL_CB_VALID, NL_CB_CUSTOM, on_event, events);
	code = nl_connect(events->sock, NETLINK_ROUTE);
	if (code == 0)
		code = nl_socket_set_nonblocking(events->sock);
	if (code < 0)
		return open_failed(err, code);
	/* A smaller buffer is not an error: when it overflows, everything is asked for again. */
	if (setsockopt(nl_socket_get_fd(events->sock), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)) < 0)
		setsockopt(nl_socket_get_fd(events->sock), SOL_SOCKET, SO_RCVBUF, &size,
			   sizeof(size));
	code = nl_socket_add_memberships(
		events->sock, RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
		RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
		RTNLGRP_NEXTHOP, RTNLGRP_NONE);
	if (code < 0)
		return err_set(err, -EIO, "netlink: cannot subscribe to events: %s",
			       nl_geterror(code));
	return 0;
}

int netlink_events_new(netlink_event_fn handle, void *user, struct netlink_events **out,
		       struct err *err)
{
	struct netlink_events *events = calloc(1, sizeof(*events));
	int code;

	if (!events)
		return err_set(err, -ENOMEM, "out of memory");
	events->handle = handle;
	events->user = user;
	events->sock = nl_socket_alloc();
	if (!events->sock) {
		netlink_events_free(events);
		return err_set(err, -ENOMEM, "out of memory");
	}
	code = events_connect(events, err);
	if (code < 0) {
		netlink_events_free(events);
		return code;
	}
	*out = events;
	return 0;
}

void netlink_events_free(struct netlink_events *events)
{
	if (!events)
		return;
	nl_socket_free(events->sock);
	free(events);
}

int netlink_events_fd(const struct netlink_events *events)
{
	return nl_socket_get_fd(events->sock);
}

int netlink_events_read(struct netlink_events *events)
{
	bool lost = false;

	/* Once events are lost the kernel queues no more until the socket is empty, and what is
	 * still queued is older than what was lost: all of it comes before asking again. */
	for (int i = 0; i < EVENTS_AT_ONCE || lost; i++) {
		int code = nl_recvmsgs_default(events->sock);

		if (code == -NLE_AGAIN)
			break;
		/* Whatever went wrong (an overflow is NLE_NOMEM), an event is missing. */
		if (code < 0 && lost && code != -NLE_NOMEM)
			break;
		if (code < 0)
			lost = true;
	}
	return lost ? -ENOBUFS : 0;
}
