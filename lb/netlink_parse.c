// SPDX-License-Identifier: GPL-2.0-only
#include "netlink_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

/* 4 or 16 bytes. */
static int address_read(const void *data, int length, struct lb_address *out)
{
	struct lb_address address = {};

	if (length == 4) {
		address.bytes[10] = 0xff;
		address.bytes[11] = 0xff;
		memcpy(address.bytes + 12, data, 4);
	} else if (length == 16) {
		memcpy(address.bytes, data, 16);
	} else {
		return -EINVAL;
	}
	*out = address;
	return 0;
}

static int mac_read(const struct nlattr *attr, uint8_t mac[6])
{
	if (!attr || nla_len(attr) != 6)
		return -EINVAL;
	memcpy(mac, nla_data(attr), 6);
	return 0;
}

/* The MTU that somebody gave the route. One that the host has learned for its own packets (a cloned
 * route that expires) is left out: it goes away again without an event. */
static uint32_t route_mtu(const struct rtmsg *header, struct nlattr **attrs)
{
	struct nlattr *metrics[RTAX_MAX + 1];
	struct rta_cacheinfo cache = {};

	if (attrs[RTA_CACHEINFO])
		nla_memcpy(&cache, attrs[RTA_CACHEINFO], sizeof(cache));
	if ((header->rtm_flags & RTM_F_CLONED) && cache.rta_expires != 0)
		return 0;
	if (!attrs[RTA_METRICS] ||
	    nla_parse_nested(metrics, RTAX_MAX, attrs[RTA_METRICS], NULL) < 0)
		return 0;
	return metrics[RTAX_MTU] ? nla_get_u32(metrics[RTAX_MTU]) : 0;
}

/* IPv4 through an IPv6 gateway comes as RTA_VIA: two bytes of family, then the address. */
static int gateway_read(struct nlattr **attrs, struct lb_address *via)
{
	const struct nlattr *gateway = attrs[RTA_GATEWAY];
	const struct nlattr *other = attrs[RTA_VIA];
	const int skip = offsetof(struct rtvia, rtvia_addr);

	if (gateway)
		return address_read(nla_data(gateway), nla_len(gateway), via);
	if (other)
		return address_read((const char *)nla_data(other) + skip, nla_len(other) - skip,
				    via);
	return 0;
}

int netlink_parse_route(struct nlmsghdr *message, struct netlink_route *out)
{
	struct nlattr *attrs[RTA_MAX + 1];
	struct netlink_route route = {.via = out->via};
	const struct rtmsg *header;

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(message, sizeof(*header), attrs, RTA_MAX, NULL) < 0)
		return -EINVAL;
	header = nlmsg_data(message);
	route.type = header->rtm_type;
	route.encapsulated = attrs[RTA_ENCAP] != NULL;
	route.mtu = route_mtu(header, attrs);
	if (attrs[RTA_OIF])
		route.interface = nla_get_u32(attrs[RTA_OIF]);
	if (gateway_read(attrs, &route.via) < 0)
		return -EINVAL;
	if (attrs[RTA_PREFSRC] && address_read(nla_data(attrs[RTA_PREFSRC]),
					       nla_len(attrs[RTA_PREFSRC]), &route.source) < 0)
		return -EINVAL;
	*out = route;
	return 0;
}

static bool is_kind(const struct nlattr *attr, const char *kind)
{
	return attr && nla_strcmp(attr, kind) == 0;
}

static void vlan_read(struct nlattr *data, struct netlink_link *link)
{
	struct nlattr *attrs[IFLA_VLAN_MAX + 1];

	if (!data || nla_parse_nested(attrs, IFLA_VLAN_MAX, data, NULL) < 0 ||
	    !attrs[IFLA_VLAN_ID] || !attrs[IFLA_VLAN_PROTOCOL])
		return;
	link->kind = NETLINK_LINK_VLAN;
	link->vlan_id = nla_get_u16(attrs[IFLA_VLAN_ID]);
	link->vlan_protocol = ntohs(nla_get_u16(attrs[IFLA_VLAN_PROTOCOL]));
}

/* A bond sends by all of its ports, by one, or by those that LACP has agreed on. */
static void bond_port_read(struct nlattr *data, struct netlink_link *link)
{
	struct nlattr *attrs[IFLA_BOND_SLAVE_MAX + 1];

	if (!data || nla_parse_nested(attrs, IFLA_BOND_SLAVE_MAX, data, NULL) < 0)
		return;
	link->idle = (attrs[IFLA_BOND_SLAVE_STATE] &&
		      nla_get_u8(attrs[IFLA_BOND_SLAVE_STATE]) != BOND_STATE_ACTIVE) ||
		     (attrs[IFLA_BOND_SLAVE_MII_STATUS] &&
		      nla_get_u8(attrs[IFLA_BOND_SLAVE_MII_STATUS]) != BOND_LINK_UP);
}

static void link_info_read(struct nlattr *info, struct netlink_link *link)
{
	struct nlattr *attrs[IFLA_INFO_MAX + 1];

	if (!info || nla_parse_nested(attrs, IFLA_INFO_MAX, info, NULL) < 0)
		return;
	if (is_kind(attrs[IFLA_INFO_KIND], "vlan"))
		vlan_read(attrs[IFLA_INFO_DATA], link);
	if (is_kind(attrs[IFLA_INFO_KIND], "bond"))
		link->kind = NETLINK_LINK_BOND;
	if (is_kind(attrs[IFLA_INFO_SLAVE_KIND], "bond"))
		bond_port_read(attrs[IFLA_INFO_SLAVE_DATA], link);
}

int netlink_parse_link(struct nlmsghdr *message, struct netlink_link *out)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	struct netlink_link link = {};
	const struct ifinfomsg *header;

	if ((message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) ||
	    nlmsg_parse(message, sizeof(*header), attrs, IFLA_MAX, NULL) < 0)
		return -EINVAL;
	header = nlmsg_data(message);
	/* A bridge speaks of its ports with the same message types, and DELLINK then only means
	 * that the link has left the bridge. */
	if (header->ifi_family != AF_UNSPEC)
		return -EINVAL;
	link.interface = header->ifi_index;
	link.up = header->ifi_flags & IFF_UP;
	link.running = header->ifi_flags & IFF_RUNNING;
	if (attrs[IFLA_IFNAME])
		nla_strlcpy(link.name, attrs[IFLA_IFNAME], sizeof(link.name));
	if (attrs[IFLA_MTU])
		link.mtu = nla_get_u32(attrs[IFLA_MTU]);
	link.has_mac =
		header->ifi_type == ARPHRD_ETHER && mac_read(attrs[IFLA_ADDRESS], link.mac) == 0;
	if (attrs[IFLA_MASTER])
		link.master = nla_get_u32(attrs[IFLA_MASTER]);
	link_info_read(attrs[IFLA_LINKINFO], &link);
	/* Others have an IFLA_LINK too: of a veth it is the other end. */
	if (link.kind == NETLINK_LINK_VLAN && attrs[IFLA_LINK]) {
		link.lower = nla_get_u32(attrs[IFLA_LINK]);
		link.lower_elsewhere = attrs[IFLA_LINK_NETNSID] != NULL;
	}
	*out = link;
	return 0;
}

int netlink_parse_neighbour(struct nlmsghdr *message, struct netlink_neighbour *out)
{
	struct nlattr *attrs[NDA_MAX + 1];
	struct netlink_neighbour neighbour = {};
	const struct ndmsg *header;

	if ((message->nlmsg_type != RTM_NEWNEIGH && message->nlmsg_type != RTM_DELNEIGH) ||
	    nlmsg_parse(message, sizeof(*header), attrs, NDA_MAX, NULL) < 0)
		return -EINVAL;
	header = nlmsg_data(message);
	/* A bridge's MAC table and proxy entries come with the same message types. */
	if ((header->ndm_family != AF_INET && header->ndm_family != AF_INET6) ||
	    (header->ndm_flags & NTF_PROXY) || !attrs[NDA_DST] ||
	    address_read(nla_data(attrs[NDA_DST]), nla_len(attrs[NDA_DST]), &neighbour.address) < 0)
		return -EINVAL;
	neighbour.interface = header->ndm_ifindex;
	neighbour.state = header->ndm_state;
	neighbour.flags = header->ndm_flags;
	if (attrs[NDA_FLAGS_EXT])
		neighbour.flags |= nla_get_u32(attrs[NDA_FLAGS_EXT]) << NETLINK_FLAGS_EXT;
	neighbour.has_mac = mac_read(attrs[NDA_LLADDR], neighbour.mac) == 0;
	*out = neighbour;
	return 0;
}
