// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the messages of the kernel about links to the way that frames take: VLANs and bonds, which not
 * every kernel has.
 */
#include "test.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "link_path.h"

enum { ETH0 = 2, ETH1 = 3, OUTER = 10, INNER = 11, THIRD = 12, BOND = 20, ON_BOND = 21 };

struct port {
	uint8_t state; /* 0: active */
	uint8_t mii_status;
};

/* What the kernel would say of a link. */
struct said {
	int index;
	const char *name, *kind;
	uint32_t mtu, lower, master;
	uint16_t vlan_id, vlan_protocol;
	bool elsewhere, down;
	const struct port *port;
};

static struct link_set *set;
static unsigned int changes;

static void changed(uint32_t interface, bool came_or_went, void *user)
{
	(void)interface;
	(void)came_or_went;
	(void)user;
	changes++;
}

static void put_info(struct nl_msg *msg, const struct said *said)
{
	struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO), *data;

	if (said->kind)
		nla_put_string(msg, IFLA_INFO_KIND, said->kind);
	if (said->vlan_protocol) {
		data = nla_nest_start(msg, IFLA_INFO_DATA);
		nla_put_u16(msg, IFLA_VLAN_ID, said->vlan_id);
		nla_put_u16(msg, IFLA_VLAN_PROTOCOL, htons(said->vlan_protocol));
		nla_nest_end(msg, data);
	}
	if (said->port) {
		nla_put_string(msg, IFLA_INFO_SLAVE_KIND, "bond");
		data = nla_nest_start(msg, IFLA_INFO_SLAVE_DATA);
		nla_put_u8(msg, IFLA_BOND_SLAVE_STATE, said->port->state);
		nla_put_u8(msg, IFLA_BOND_SLAVE_MII_STATUS, said->port->mii_status);
		nla_nest_end(msg, data);
	}
	nla_nest_end(msg, info);
}

static void hear_type(int type, const struct said *said)
{
	uint8_t mac[6] = {2, 0, 0, 0, 0, said->index};
	const struct ifinfomsg header = {
		.ifi_type = ARPHRD_ETHER,
		.ifi_index = said->index,
		.ifi_flags = said->down ? IFF_UP : IFF_UP | IFF_RUNNING,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);
	struct netlink_link link;

	assert_non_null(msg);
	nlmsg_append(msg, (void *)&header, sizeof(header), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, said->name);
	nla_put_u32(msg, IFLA_MTU, said->mtu ? said->mtu : 1500);
	nla_put(msg, IFLA_ADDRESS, sizeof(mac), mac);
	if (said->lower)
		nla_put_u32(msg, IFLA_LINK, said->lower);
	if (said->elsewhere)
		nla_put_s32(msg, IFLA_LINK_NETNSID, 0);
	if (said->master)
		nla_put_u32(msg, IFLA_MASTER, said->master);
	put_info(msg, said);
	assert_int_equal(netlink_parse_link(nlmsg_hdr(msg), &link), 0);
	link_set_heard(set, &link, type == RTM_DELLINK);
	nlmsg_free(msg);
}

static void hear(const struct said *said)
{
	hear_type(RTM_NEWLINK, said);
}

static const struct port active = {0, 0}, backup = {1, 0}, failed = {0, 2};

static const struct said eth0 = {.index = ETH0, .name = "hp-eth0", .kind = "veth", .lower = 99};
static const struct said outer = {.index = OUTER,
				  .name = "outer",
				  .kind = "vlan",
				  .lower = ETH0,
				  .vlan_id = 100,
				  .vlan_protocol = 0x88a8};
static const struct said inner = {.index = INNER,
				  .name = "inner",
				  .kind = "vlan",
				  .lower = OUTER,
				  .vlan_id = 4094,
				  .vlan_protocol = 0x8100};
static const struct said bond = {.index = BOND, .name = "bond0", .kind = "bond"};
static const struct said on_bond = {.index = ON_BOND,
				    .name = "bond0.7",
				    .kind = "vlan",
				    .lower = BOND,
				    .vlan_id = 7,
				    .vlan_protocol = 0x8100};

static void hear_port(int index, const struct port *port, bool down)
{
	hear(&(struct said){.index = index,
			    .name = index == ETH0 ? "hp-eth0" : "hp-eth1",
			    .master = BOND,
			    .mtu = 1400 + index,
			    .port = port,
			    .down = down});
}

static int setup(void **state)
{
	(void)state;
	changes = 0;
	return link_set_new(NULL, changed, NULL, &set, NULL);
}

static int teardown(void **state)
{
	(void)state;
	link_set_free(set);
	return 0;
}

static void assert_leads(uint32_t from, const char *wire, uint32_t mtu, int vlan_count)
{
	struct link_path path;
	char reason[160] = "";

	assert_true(link_path_find(set, from, &path, reason, sizeof(reason)));
	assert_string_equal(reason, "");
	assert_int_equal(link_path_upper(&path)->kernel.interface, from);
	assert_string_equal(link_path_wire(&path)->kernel.name, wire);
	assert_int_equal(link_path_mtu(&path), mtu);
	assert_int_equal(path.vlan_count, vlan_count);
}

static void assert_broken(uint32_t from, const char *expected)
{
	struct link_path path;
	char reason[160] = "";

	assert_false(link_path_find(set, from, &path, reason, sizeof(reason)));
	assert_string_equal(reason, expected);
}

static void a_plain_link_leads_to_itself(void **state)
{
	(void)state;
	assert_broken(ETH0, "the interface of the route is gone");
	hear(&eth0); /* a veth: its IFLA_LINK is the other end */
	assert_leads(ETH0, "hp-eth0", 1500, 0);
	assert_true(link_path_touches(set, ETH0, ETH0));
	assert_false(link_path_touches(set, ETH0, 99));
}

static void vlans_are_collected_outermost_first(void **state)
{
	struct link_path path;
	char reason[160];

	(void)state;
	hear(&eth0);
	hear(&outer);
	hear(&inner);
	assert_leads(OUTER, "hp-eth0", 1500, 1);
	assert_leads(INNER, "hp-eth0", 1500, 2);
	link_path_find(set, INNER, &path, reason, sizeof(reason));
	assert_int_equal(path.vlans[0].protocol, 0x88a8);
	assert_int_equal(path.vlans[0].id, 100);
	assert_int_equal(path.vlans[1].protocol, 0x8100);
	assert_int_equal(path.vlans[1].id, 4094);
	assert_true(link_path_touches(set, INNER, INNER));
	assert_true(link_path_touches(set, INNER, OUTER));
	assert_true(link_path_touches(set, INNER, ETH0));
	assert_false(link_path_touches(set, OUTER, INNER));
	assert_false(link_path_touches(set, INNER, ETH1));
}

static void the_smallest_mtu_of_the_way_counts(void **state)
{
	struct said link = eth0;

	(void)state;
	hear(&inner);
	hear(&outer);
	link.mtu = 1496;
	hear(&link);
	assert_leads(INNER, "hp-eth0", 1496, 2);
	link = outer;
	link.mtu = 1492;
	hear(&link);
	assert_leads(INNER, "hp-eth0", 1492, 2);
	assert_leads(ETH0, "hp-eth0", 1496, 0);
}

static void a_change_of_what_a_link_is_on_is_a_change(void **state)
{
	struct said link = outer;

	(void)state;
	hear(&outer);
	assert_int_equal(changes, 1);
	hear(&outer);
	assert_int_equal(changes, 1);
	link.vlan_id++;
	hear(&link);
	assert_int_equal(changes, 2);
	link.lower++;
	hear(&link);
	assert_int_equal(changes, 3);
	hear_port(ETH0, &active, false);
	hear_port(ETH0, &backup, false);
	assert_int_equal(changes, 5);
}

static void broken_ways_have_reasons(void **state)
{
	struct said link;

	(void)state;
	hear(&inner);
	hear(&outer);
	assert_broken(INNER, "the link below outer is gone");
	hear(&eth0);
	hear_type(RTM_DELLINK, &outer);
	assert_broken(INNER, "the link below inner is gone");
	link = outer;
	link.elsewhere = true;
	hear(&link);
	assert_broken(INNER, "the link below outer is in another network namespace");
	link = outer;
	link.lower = INNER;
	hear(&link);
	assert_broken(INNER, "the links below outer form a loop");
	link.lower = OUTER;
	hear(&link);
	assert_broken(OUTER, "the links below outer form a loop");
	hear(&outer);
	link = inner;
	link.index = THIRD;
	link.name = "third";
	link.lower = INNER;
	hear(&link);
	assert_broken(THIRD, "outer would be a third VLAN tag, and hairpin writes two at most");
}

static void a_vlan_that_is_served_itself_needs_no_tag(void **state)
{
	static const char names[][16] = {"outer"};

	(void)state;
	link_set_serve(set, names, 1);
	hear(&eth0);
	hear(&outer);
	hear(&inner);
	assert_leads(OUTER, "outer", 1500, 0);
	assert_leads(INNER, "outer", 1500, 1);
}

static void a_bond_leads_to_a_served_port_that_can_send(void **state)
{
	static const char names[][16] = {"hp-eth0", "hp-eth1"};
	const char *none = "bond0 sends by none of its interfaces that hairpind serves (-i): they "
			   "are down, or not active in it";

	(void)state;
	link_set_serve(set, names, 2);
	hear(&bond);
	hear(&on_bond);
	assert_leads(BOND, "bond0", 1500, 0);
	hear_port(ETH0, &active, false);
	hear_port(ETH1, &active, false);
	assert_leads(BOND, "hp-eth0", 1402, 0);
	assert_leads(ON_BOND, "hp-eth0", 1402, 1);
	assert_true(link_path_touches(set, ON_BOND, ETH1));
	hear_port(ETH0, &active, true);
	assert_leads(ON_BOND, "hp-eth1", 1403, 1);
	hear_port(ETH0, &backup, false);
	assert_leads(BOND, "hp-eth1", 1403, 0);
	hear_port(ETH1, &failed, false);
	assert_broken(BOND, none);
	assert_broken(ON_BOND, none);
	hear(&eth0); /* leaves the bond */
	assert_broken(BOND, none);
	hear(&(struct said){.index = ETH1, .name = "hp-eth1"});
	assert_leads(BOND, "bond0", 1500, 0);
}

static void a_bond_that_is_served_itself_is_the_wire(void **state)
{
	static const char names[][16] = {"bond0"};

	(void)state;
	link_set_serve(set, names, 1);
	hear(&bond);
	hear(&on_bond);
	hear_port(ETH0, &active, false);
	assert_leads(ON_BOND, "bond0", 1500, 1);
}

static void served_links_are_followed_by_name(void **state)
{
	static const char names[][16] = {"hp-eth0"};
	struct said link = eth0;

	(void)state;
	link_set_serve(set, names, 1);
	assert_null(link_get_served(set, 0));
	hear(&eth0);
	assert_int_equal(link_get_served(set, 0)->kernel.interface, ETH0);
	hear_type(RTM_DELLINK, &eth0);
	assert_null(link_get_served(set, 0));
	link.index = 77;
	hear(&link);
	assert_int_equal(link_get_served(set, 0)->kernel.interface, 77);
	link.name = "renamed";
	hear(&link);
	assert_null(link_get_served(set, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		ROW(a_plain_link_leads_to_itself),
		ROW(vlans_are_collected_outermost_first),
		ROW(the_smallest_mtu_of_the_way_counts),
		ROW(a_change_of_what_a_link_is_on_is_a_change),
		ROW(broken_ways_have_reasons),
		ROW(a_vlan_that_is_served_itself_needs_no_tag),
		ROW(a_bond_leads_to_a_served_port_that_can_send),
		ROW(a_bond_that_is_served_itself_is_the_wire),
		ROW(served_links_are_followed_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
