// SPDX-License-Identifier: GPL-2.0-only
/*
 * Next hops against a real kernel. The test moves into a network namespace of its own, and a child
 * that dies with it holds a second one, the wire's other end; nothing outlives the process.
 *
 *   this process: hp-lb  10.7.0.1/16 2001:db8:7::1/64 -- hp-peer  10.7.0.2 2001:db8:7::2  (peer)
 *                 hp-lb2 10.9.0.1/24                  -- hp-peer2 10.9.0.2
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <net/if.h>

#include "address.h"
#include "nexthop.h"

#define PATIENCE_US (10 * 1000 * 1000)

static const uint8_t lb_mac[6] = {2, 0, 0, 0, 7, 1};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 7, 2};
static const uint8_t peer2_mac[6] = {2, 0, 0, 0, 9, 2};
static const uint8_t no_mac[6];

struct fixture {
	pid_t peer;
	sd_event *event;
	struct nexthop_table *table;
	unsigned int changes; /* calls of changed() */
	uint64_t deadline_us; /* for the whole row */
};

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* In the peer's namespace. */
static void run_peer(const struct fixture *fixture, const char *command)
{
	run("nsenter --net=/proc/%d/ns/net sh -c '%s'", fixture->peer, command);
}

static void hold_namespace(int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t start_peer(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		hold_namespace(ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* Seconds of waiting for the kernel become fractions; what hairpin waits for stays. */
#define QUICK                                                             \
	"for link in /proc/sys/net/ipv[46]/neigh/hp-*; do cd $link && "   \
	"echo 200 >retrans_time_ms && echo 1 >delay_first_probe_time && " \
	"echo 1000 >base_reachable_time_ms && echo 0 >locktime || exit 1; done"

#define NO_DAD "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad && ip link set lo up"

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}

static void changed(void *user)
{
	((struct fixture *)user)->changes++;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	*state = fixture;
	fixture->deadline_us = now_us() + 6 * PATIENCE_US;
	fixture->peer = start_peer();
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	run("%s", NO_DAD);
	run_peer(fixture, NO_DAD);
	run("ip link add hp-lb address 02:00:00:00:07:01 type veth peer name hp-peer "
	    "address 02:00:00:00:07:02 netns %d && "
	    "ip link add hp-lb2 address 02:00:00:00:09:01 type veth peer name hp-peer2 "
	    "address 02:00:00:00:09:02 netns %d",
	    fixture->peer, fixture->peer);
	run("%s", QUICK);
	run("ip addr add 10.7.0.1/16 dev hp-lb && ip addr add 10.9.0.1/24 dev hp-lb2 && "
	    "ip addr add 2001:db8:7::1/64 dev hp-lb && ip link set hp-lb up && "
	    "ip link set hp-lb2 up");
	run_peer(fixture, "ip addr add 10.7.0.2/16 dev hp-peer && "
			  "ip addr add 10.9.0.2/24 dev hp-peer2 && "
			  "ip addr add 2001:db8:7::2/64 dev hp-peer && "
			  "echo 1 >/proc/sys/net/ipv4/conf/hp-peer/arp_notify && "
			  "ip link set hp-peer up && ip link set hp-peer2 up");
	assert_true(sd_event_new(&fixture->event) >= 0);
	assert_int_equal(nexthop_table_new(fixture->event, changed, fixture, &fixture->table, NULL),
			 0);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	nexthop_table_free(fixture->table);
	sd_event_unref(fixture->event);
	kill(fixture->peer, SIGKILL);
	waitpid(fixture->peer, NULL, 0);
	free(fixture);
	return 0;
}

static struct lb_address address(const char *text)
{
	struct lb_address out;

	assert_int_equal(address_parse(text, &out), 0);
	return out;
}

/* Up to three addresses, the rest NULL. */
static void follow(struct fixture *fixture, const char *a, const char *b, const char *c)
{
	const char *const texts[] = {a, b, c};
	struct lb_address addresses[3];
	size_t count = 0;

	for (size_t i = 0; i < 3; i++)
		if (texts[i])
			addresses[count++] = address(texts[i]);
	assert_int_equal(nexthop_table_set(fixture->table, addresses, count, NULL), 0);
}

static const struct nexthop *find(const struct fixture *fixture, const char *text)
{
	const struct lb_address key = address(text);
	const struct nexthop *nexthop = nexthop_find(fixture->table, &key);

	assert_non_null(nexthop);
	return nexthop;
}

static void turn(struct fixture *fixture)
{
	assert_true(now_us() < fixture->deadline_us);
	assert_true(sd_event_run(fixture->event, 20 * 1000) >= 0);
}

static void run_for(struct fixture *fixture, uint64_t us)
{
	for (const uint64_t end = now_us() + us; now_us() < end;)
		turn(fixture);
}

static bool is_resolved(const struct nexthop *nexthop, const uint8_t mac[6])
{
	return nexthop->resolved && memcmp(nexthop->destination_mac, mac, 6) == 0;
}

/* Runs the loop until the next hop is resolved to mac. */
static void await_resolved(struct fixture *fixture, const char *text, const uint8_t mac[6])
{
	const uint64_t end = now_us() + PATIENCE_US;

	while (!is_resolved(find(fixture, text), mac)) {
		if (now_us() > end)
			fail_msg("%s is not resolved to the MAC: \"%s\"", text,
				 find(fixture, text)->reason);
		turn(fixture);
	}
	assert_string_equal(find(fixture, text)->reason, "");
}

static void await_reason_for(struct fixture *fixture, const char *text, const char *reason,
			     uint64_t patience_us)
{
	const uint64_t end = now_us() + patience_us;

	while (strcmp(find(fixture, text)->reason, reason) != 0) {
		if (now_us() > end)
			fail_msg("%s: \"%s\", not \"%s\"", text, find(fixture, text)->reason,
				 reason);
		turn(fixture);
	}
	assert_false(find(fixture, text)->resolved);
	assert_memory_equal(find(fixture, text)->destination_mac, no_mac, 6);
}

static void await_reason(struct fixture *fixture, const char *text, const char *reason)
{
	await_reason_for(fixture, text, reason, PATIENCE_US);
}

static void await_mtu(struct fixture *fixture, const char *text, uint16_t mtu)
{
	const uint64_t end = now_us() + PATIENCE_US;

	while (find(fixture, text)->mtu != mtu) {
		if (now_us() > end)
			fail_msg("%s: mtu %d, not %d", text, find(fixture, text)->mtu, mtu);
		turn(fixture);
	}
}

static void await_address(struct fixture *fixture, const struct lb_address *seen, const char *text)
{
	const struct lb_address wanted = address(text);
	const uint64_t end = now_us() + PATIENCE_US;

	while (!address_equal(seen, &wanted)) {
		if (now_us() > end)
			fail_msg("the address is not %s", text);
		turn(fixture);
	}
}

static void assert_leads(const struct nexthop *nexthop, const char *interface, const char *via,
			 const char *source)
{
	const struct lb_address via_address = address(via);
	const struct lb_address source_address = address(source);

	assert_string_equal(nexthop->interface_name, interface);
	assert_int_equal(nexthop->interface, if_nametoindex(interface));
	assert_true(address_equal(&nexthop->via, &via_address));
	assert_true(address_equal(&nexthop->source, &source_address));
}

static void on_link_addresses_are_resolved(void **state)
{
	struct fixture *fixture = *state;

	follow(fixture, "10.7.0.2", "2001:db8:7::2", "10.9.0.2");
	await_resolved(fixture, "10.7.0.2", peer_mac);
	await_resolved(fixture, "2001:db8:7::2", peer_mac);
	await_resolved(fixture, "10.9.0.2", peer2_mac);
	assert_leads(find(fixture, "10.7.0.2"), "hp-lb", "10.7.0.2", "10.7.0.1");
	assert_leads(find(fixture, "2001:db8:7::2"), "hp-lb", "2001:db8:7::2", "2001:db8:7::1");
	assert_leads(find(fixture, "10.9.0.2"), "hp-lb2", "10.9.0.2", "10.9.0.1");
	assert_memory_equal(find(fixture, "10.7.0.2")->source_mac, lb_mac, 6);
	assert_memory_equal(find(fixture, "2001:db8:7::2")->source_mac, lb_mac, 6);
	assert_int_equal(find(fixture, "10.7.0.2")->mtu, 1500);
	run_for(fixture, 50 * 1000);
	assert_true(fixture->changes >= 1);
}

/* No turn of the loop: a change of the catalog waits within one. */
static void settling_waits_for_answers_and_not_for_ever(void **state)
{
	struct fixture *fixture = *state;

	follow(fixture, "10.7.0.2", "2001:db8:7::2", "10.9.0.2");
	await_resolved(fixture, "2001:db8:7::2", peer_mac); /* links are up */
	follow(fixture, NULL, NULL, NULL);
	run("ip neigh flush all");
	follow(fixture, "10.7.0.2", "2001:db8:7::2", "10.9.0.2");
	assert_false(find(fixture, "10.7.0.2")->resolved);
	nexthop_table_settle(fixture->table, PATIENCE_US / 1000);
	assert_true(is_resolved(find(fixture, "10.7.0.2"), peer_mac));
	assert_true(is_resolved(find(fixture, "2001:db8:7::2"), peer_mac));
	assert_true(is_resolved(find(fixture, "10.9.0.2"), peer2_mac));
	follow(fixture, "10.7.0.2", "10.7.0.9", NULL);
	nexthop_table_settle(fixture->table, 100);
	assert_false(find(fixture, "10.7.0.9")->resolved);
}

static void addresses_behind_a_gateway_are_resolved(void **state)
{
	struct fixture *fixture = *state;

	run("ip route add 10.8.0.0/16 via 10.7.0.2 && "
	    "ip route add 2001:db8:8::/48 via 2001:db8:7::2 && "
	    "ip route add 10.10.0.0/16 via inet6 2001:db8:7::2");
	follow(fixture, "10.8.0.5", "2001:db8:8::5", "10.10.0.5");
	await_resolved(fixture, "10.8.0.5", peer_mac);
	await_resolved(fixture, "2001:db8:8::5", peer_mac);
	await_resolved(fixture, "10.10.0.5", peer_mac);
	assert_leads(find(fixture, "10.8.0.5"), "hp-lb", "10.7.0.2", "10.7.0.1");
	assert_leads(find(fixture, "2001:db8:8::5"), "hp-lb", "2001:db8:7::2", "2001:db8:7::1");
	assert_leads(find(fixture, "10.10.0.5"), "hp-lb", "2001:db8:7::2", "10.7.0.1");
}

static void one_that_is_silent_is_found_when_it_appears(void **state)
{
	struct fixture *fixture = *state;
	uint64_t since_us;

	follow(fixture, "10.7.0.9", "2001:db8:7::9", NULL);
	assert_string_equal(find(fixture, "10.7.0.9")->reason,
			    "waiting for 10.7.0.9 to answer ARP on hp-lb");
	assert_string_equal(find(fixture, "2001:db8:7::9")->reason,
			    "waiting for 2001:db8:7::9 to answer neighbour discovery on hp-lb");
	await_reason(fixture, "10.7.0.9", "10.7.0.9 does not answer ARP on hp-lb");
	await_reason(fixture, "2001:db8:7::9",
		     "2001:db8:7::9 does not answer neighbour discovery on hp-lb");
	assert_leads(find(fixture, "10.7.0.9"), "hp-lb", "10.7.0.9", "10.7.0.1");

	/* It is asked for again and again, but that is no news. */
	since_us = find(fixture, "10.7.0.9")->since_us;
	fixture->changes = 0;
	run_for(fixture, 2500 * 1000);
	assert_int_equal(find(fixture, "10.7.0.9")->since_us, since_us);
	assert_true(fixture->changes <= 1);

	run_peer(fixture, "echo 0 >/proc/sys/net/ipv4/conf/hp-peer/arp_notify; "
			  "ip addr add 10.7.0.9/16 dev hp-peer; "
			  "ip addr add 2001:db8:7::9/64 dev hp-peer");
	await_resolved(fixture, "10.7.0.9", peer_mac);
	await_resolved(fixture, "2001:db8:7::9", peer_mac);
	assert_true(find(fixture, "10.7.0.9")->since_us > since_us);
}

static void a_new_mac_of_a_neighbour_is_noticed(void **state)
{
	static const uint8_t new_mac[6] = {2, 0, 0, 0, 7, 0x99};
	struct fixture *fixture = *state;
	uint64_t since_us;

	run("ip route add 10.8.0.0/16 via 10.7.0.2");
	follow(fixture, "10.7.0.2", "10.8.0.5", NULL);
	await_resolved(fixture, "10.7.0.2", peer_mac);
	await_resolved(fixture, "10.8.0.5", peer_mac);
	since_us = find(fixture, "10.7.0.2")->since_us;
	run_for(fixture, 50 * 1000);
	fixture->changes = 0;
	run_peer(fixture, "ip link set hp-peer address 02:00:00:00:07:99");
	await_resolved(fixture, "10.7.0.2", new_mac);
	await_resolved(fixture, "10.8.0.5", new_mac);
	assert_int_equal(find(fixture, "10.7.0.2")->since_us, since_us);
	run_for(fixture, 50 * 1000);
	assert_int_equal(fixture->changes, 1);
}

static void one_that_dies_is_noticed_without_traffic(void **state)
{
	struct fixture *fixture = *state;

	/* As the kernel leaves an entry that nobody uses. */
	run_peer(fixture, "ip addr flush dev hp-peer");
	run("ip neigh replace 10.7.0.2 lladdr 02:00:00:00:07:02 dev hp-lb nud stale; "
	    "ip neigh replace 2001:db8:7::2 lladdr 02:00:00:00:07:02 dev hp-lb nud stale");
	follow(fixture, "10.7.0.2", "2001:db8:7::2", NULL);
	assert_true(is_resolved(find(fixture, "10.7.0.2"), peer_mac));
	assert_true(is_resolved(find(fixture, "2001:db8:7::2"), peer_mac));
	/* 10 s until asked for, 1 s of delay, 0.6 s of probes */
	await_reason_for(fixture, "10.7.0.2", "10.7.0.2 does not answer ARP on hp-lb",
			 3 * PATIENCE_US);
	await_reason(fixture, "2001:db8:7::2",
		     "2001:db8:7::2 does not answer neighbour discovery on hp-lb");
}

static void routes_are_followed(void **state)
{
	struct fixture *fixture = *state;

	run_peer(fixture, "ip addr add 10.7.0.3/16 dev hp-peer");
	follow(fixture, "10.8.0.5", "2001:db8:8::5", NULL);
	assert_string_equal(find(fixture, "10.8.0.5")->reason, "no route to 10.8.0.5");
	assert_string_equal(find(fixture, "2001:db8:8::5")->reason, "no route to 2001:db8:8::5");
	assert_int_equal(find(fixture, "10.8.0.5")->interface, 0);

	run("ip route add 10.8.0.0/16 via 10.7.0.2; ip route add 2001:db8:8::/48 via "
	    "2001:db8:7::2");
	await_resolved(fixture, "10.8.0.5", peer_mac);
	await_resolved(fixture, "2001:db8:8::5", peer_mac);

	run("ip route replace 10.8.0.0/16 via 10.7.0.3");
	await_address(fixture, &find(fixture, "10.8.0.5")->via, "10.7.0.3");
	await_resolved(fixture, "10.8.0.5", peer_mac);

	run("ip route replace 10.8.0.0/16 via 10.9.0.2");
	await_resolved(fixture, "10.8.0.5", peer2_mac);
	assert_leads(find(fixture, "10.8.0.5"), "hp-lb2", "10.9.0.2", "10.9.0.1");

	run("ip route del 10.8.0.0/16; ip route del 2001:db8:8::/48");
	await_reason(fixture, "10.8.0.5", "no route to 10.8.0.5");
	await_reason(fixture, "2001:db8:8::5", "no route to 2001:db8:8::5");
	assert_int_equal(find(fixture, "10.8.0.5")->mtu, 0);
	assert_string_equal(find(fixture, "10.8.0.5")->interface_name, "");
}

static void rules_are_followed(void **state)
{
	struct fixture *fixture = *state;

	run("ip route add 10.8.0.0/16 via 10.7.0.2; ip route add 10.8.0.0/16 via 10.9.0.2 table 7");
	follow(fixture, "10.8.0.5", NULL, NULL);
	await_resolved(fixture, "10.8.0.5", peer_mac);
	/* until IPv6 has got ready on the new links, whose events would hide a missing one */
	run_for(fixture, 1500 * 1000);
	run("ip rule add to 10.8.0.0/16 table 7");
	await_resolved(fixture, "10.8.0.5", peer2_mac);
}

static void routes_that_lead_nowhere_have_reasons(void **state)
{
	static const struct {
		const char *type;
		const char *reason4;
		const char *reason6;
	} rows[] = {
		{"blackhole", "the route to 10.8.0.5 is a blackhole",
		 "the route to 2001:db8:8::5 is a blackhole"},
		{"unreachable", "the route to 10.8.0.5 is of type unreachable",
		 "the route to 2001:db8:8::5 is of type unreachable"},
		{"prohibit", "the route to 10.8.0.5 is of type prohibit",
		 "the route to 2001:db8:8::5 is of type prohibit"},
		{"throw", "no route to 10.8.0.5", "no route to 2001:db8:8::5"},
	};
	struct fixture *fixture = *state;

	follow(fixture, "10.8.0.5", "2001:db8:8::5", NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		run("ip route add %s 10.8.0.0/16; ip -6 route add %s 2001:db8:8::/48", rows[i].type,
		    rows[i].type);
		await_reason(fixture, "10.8.0.5", rows[i].reason4);
		await_reason(fixture, "2001:db8:8::5", rows[i].reason6);
		run("ip route del %s 10.8.0.0/16; ip -6 route del %s 2001:db8:8::/48", rows[i].type,
		    rows[i].type);
	}
}

static void addresses_that_are_no_neighbours_have_reasons(void **state)
{
	struct fixture *fixture = *state;

	run("ip route add 10.11.0.0/16 dev lo");
	follow(fixture, "10.7.0.1", "10.9.0.255", "10.11.0.5");
	assert_string_equal(find(fixture, "10.7.0.1")->reason,
			    "10.7.0.1 is an address of this host");
	assert_string_equal(find(fixture, "10.9.0.255")->reason,
			    "10.9.0.255 is no host's address (broadcast, multicast or anycast)");
	assert_string_equal(find(fixture, "10.11.0.5")->reason, "lo has no MAC address");
	follow(fixture, "2001:db8:7::1", "10.7.0.77", NULL);
	assert_string_equal(find(fixture, "2001:db8:7::1")->reason,
			    "2001:db8:7::1 is an address of this host");
	run("ip addr add 10.7.0.77/32 dev lo");
	await_reason(fixture, "10.7.0.77", "10.7.0.77 is an address of this host");
}

static void links_that_go_and_come_are_followed(void **state)
{
	static const uint8_t other_mac[6] = {2, 0, 0, 0, 7, 0x78};
	struct fixture *fixture = *state;

	follow(fixture, "10.7.0.2", "10.9.0.2", NULL);
	await_resolved(fixture, "10.7.0.2", peer_mac);
	await_resolved(fixture, "10.9.0.2", peer2_mac);

	run_peer(fixture, "ip link set hp-peer down");
	await_reason(fixture, "10.7.0.2", "hp-lb is down (no carrier)");
	assert_int_equal(find(fixture, "10.7.0.2")->interface, if_nametoindex("hp-lb"));
	/* What answers when the wire is plugged in again need not be what was there before. */
	run_peer(fixture, "ip link set hp-peer address 02:00:00:00:07:78 up");
	while (!find(fixture, "10.7.0.2")->resolved)
		turn(fixture);
	assert_memory_equal(find(fixture, "10.7.0.2")->destination_mac, other_mac, 6);

	run("ip link set hp-lb down");
	await_reason(fixture, "10.7.0.2", "no route to 10.7.0.2");
	run("ip link set hp-lb up");
	await_resolved(fixture, "10.7.0.2", other_mac);

	assert_true(find(fixture, "10.9.0.2")->resolved);
	run("ip link set hp-lb2 name hp-lb3");
	while (strcmp(find(fixture, "10.9.0.2")->interface_name, "hp-lb3") != 0)
		turn(fixture);
	run("ip link set hp-lb3 address 02:00:00:00:09:77");
	while (find(fixture, "10.9.0.2")->source_mac[5] != 0x77)
		turn(fixture);
	assert_true(find(fixture, "10.9.0.2")->resolved);
	run("ip link del hp-lb3");
	await_reason(fixture, "10.9.0.2", "no route to 10.9.0.2");
}

static void a_flush_of_neighbours_interrupts_nothing(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t end = now_us() + PATIENCE_US;

	follow(fixture, "10.7.0.2", "2001:db8:7::2", NULL);
	await_resolved(fixture, "10.7.0.2", peer_mac);
	await_resolved(fixture, "2001:db8:7::2", peer_mac);
	run_for(fixture, 50 * 1000);
	fixture->changes = 0;
	run("ip neigh flush dev hp-lb; ip -6 neigh flush dev hp-lb");
	while (system("ip neigh show 10.7.0.2 | grep -q lladdr && "
		      "ip neigh show 2001:db8:7::2 | grep -q lladdr") != 0) {
		assert_true(now_us() < end);
		run_for(fixture, 50 * 1000);
		assert_true(find(fixture, "10.7.0.2")->resolved);
		assert_true(find(fixture, "2001:db8:7::2")->resolved);
	}
	assert_int_equal(fixture->changes, 0);
}

static void after_a_flush_one_that_is_silent_fails(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t end = now_us() + PATIENCE_US;

	follow(fixture, "10.7.0.2", NULL, NULL);
	await_resolved(fixture, "10.7.0.2", peer_mac);
	run_peer(fixture, "ip addr del 10.7.0.2/16 dev hp-peer");
	run("ip neigh flush dev hp-lb");
	while (find(fixture, "10.7.0.2")->resolved && now_us() < end)
		turn(fixture);
	/* at once, not by way of "waiting" */
	assert_string_equal(find(fixture, "10.7.0.2")->reason,
			    "10.7.0.2 does not answer ARP on hp-lb");
}

static void entries_of_others_are_left_alone(void **state)
{
	static const uint8_t given_mac[6] = {2, 0, 0, 0, 7, 0x50};
	struct fixture *fixture = *state;

	run("ip neigh add 10.7.0.50 lladdr 02:00:00:00:07:50 dev hp-lb nud permanent");
	follow(fixture, "10.7.0.50", "10.7.0.51", "10.7.0.52");
	assert_true(is_resolved(find(fixture, "10.7.0.50"), given_mac));
	await_reason(fixture, "10.7.0.51", "10.7.0.51 does not answer ARP on hp-lb");
	run("ip neigh replace 10.7.0.51 lladdr 02:00:00:00:07:50 dev hp-lb nud permanent; "
	    "ip neigh replace 10.7.0.52 lladdr 02:00:00:00:07:50 dev hp-lb extern_learn");
	await_resolved(fixture, "10.7.0.51", given_mac);
	await_resolved(fixture, "10.7.0.52", given_mac);
	run_for(fixture, 2500 * 1000);
	run("test $(ip neigh show dev hp-lb nud permanent | grep -c 02:00:00:00:07:50) = 3");
	run("ip neigh show 10.7.0.52 | grep -q extern_learn");

	/* Permanent ones outlive a loss of the carrier, after which everything is asked for. */
	run_peer(fixture, "ip link set hp-peer down");
	await_reason(fixture, "10.7.0.50", "hp-lb is down (no carrier)");
	run_peer(fixture, "ip link set hp-peer up");
	await_resolved(fixture, "10.7.0.50", given_mac);
	await_resolved(fixture, "10.7.0.51", given_mac);
	run_for(fixture, 100 * 1000);
	run("ip neigh show 10.7.0.50 | grep -q PERMANENT && "
	    "ip neigh show 10.7.0.51 | grep -q PERMANENT");
}

static void the_mtu_is_the_routes_or_the_links(void **state)
{
	struct fixture *fixture = *state;

	run("ip route add 10.8.0.0/16 via 10.7.0.2 mtu 1400; "
	    "ip route add 2001:db8:8::/48 via 2001:db8:7::2 mtu 1380");
	follow(fixture, "10.7.0.2", "10.8.0.5", "2001:db8:8::5");
	assert_int_equal(find(fixture, "10.7.0.2")->mtu, 1500);
	assert_int_equal(find(fixture, "10.8.0.5")->mtu, 1400);
	assert_int_equal(find(fixture, "2001:db8:8::5")->mtu, 1380);
	run("ip route change 10.8.0.0/16 via 10.7.0.2 mtu 1300");
	await_mtu(fixture, "10.8.0.5", 1300);
	run("ip link set hp-lb mtu 9000");
	await_mtu(fixture, "10.7.0.2", 9000);
	assert_int_equal(find(fixture, "10.8.0.5")->mtu, 1300);
	run("ip route change 10.8.0.0/16 via 10.7.0.2");
	await_mtu(fixture, "10.8.0.5", 9000);
	run("ip link set hp-lb mtu 65535");
	await_mtu(fixture, "10.8.0.5", 65535);
}

static void the_source_is_the_routes(void **state)
{
	struct fixture *fixture = *state;

	run("ip addr add 10.7.0.100/32 dev lo; ip addr add 2001:db8:7::100/128 dev lo; "
	    "ip route add 10.8.0.0/16 via 10.7.0.2 src 10.7.0.100; "
	    "ip route add 2001:db8:8::/48 via 2001:db8:7::2 src 2001:db8:7::100");
	follow(fixture, "10.8.0.5", "2001:db8:8::5", NULL);
	assert_leads(find(fixture, "10.8.0.5"), "hp-lb", "10.7.0.2", "10.7.0.100");
	assert_leads(find(fixture, "2001:db8:8::5"), "hp-lb", "2001:db8:7::2", "2001:db8:7::100");
	run("ip route change 10.8.0.0/16 via 10.7.0.2 src 10.7.0.1");
	await_address(fixture, &find(fixture, "10.8.0.5")->source, "10.7.0.1");
}

static void setting_again_keeps_what_is_known(void **state)
{
	struct fixture *fixture = *state;
	const struct lb_address gone = address("2001:db8:7::2");
	const struct nexthop *nexthop;
	uint64_t since_us;

	follow(fixture, "10.7.0.2", "2001:db8:7::2", "10.7.0.2");
	await_resolved(fixture, "10.7.0.2", peer_mac);
	await_resolved(fixture, "2001:db8:7::2", peer_mac);
	run_for(fixture, 50 * 1000);
	since_us = find(fixture, "10.7.0.2")->since_us;
	fixture->changes = 0;
	follow(fixture, "10.7.0.2", NULL, NULL);
	nexthop = find(fixture, "10.7.0.2");
	assert_true(is_resolved(nexthop, peer_mac));
	assert_int_equal(nexthop->since_us, since_us);
	assert_null(nexthop_find(fixture->table, &gone));
	run_for(fixture, 50 * 1000);
	assert_int_equal(fixture->changes, 0);
	/* The kernel still knows it: no need to wait for an answer. */
	follow(fixture, "10.7.0.2", "2001:db8:7::2", NULL);
	assert_true(is_resolved(find(fixture, "2001:db8:7::2"), peer_mac));
	follow(fixture, NULL, NULL, NULL);
	assert_null(nexthop_find(fixture->table, &gone));
}

static void many_addresses_are_followed(void **state)
{
	static const uint8_t new_mac[6] = {2, 0, 0, 0, 7, 0x11};
	static struct lb_address addresses[2100];
	struct fixture *fixture = *state;
	char text[64];

	/* The kernel's neighbour table has room for 1,024 by default, for all namespaces. */
	run_peer(fixture, "ip route add local 10.7.1.0/24 dev lo");
	run("ip route add 10.8.0.0/16 via 10.7.0.2");
	for (int i = 0; i < 2100; i++) {
		if (i < 100)
			snprintf(text, sizeof(text), "10.7.1.%d", i + 1);
		else
			snprintf(text, sizeof(text), "10.8.%d.%d", i % 2000 / 200, i % 200);
		addresses[i] = address(text);
	}
	assert_int_equal(nexthop_table_set(fixture->table, addresses, 2100, NULL), 0);
	for (int i = 0; i < 2100; i++)
		await_resolved(fixture, address_format(&addresses[i], text), peer_mac);
	run_for(fixture, 50 * 1000);
	fixture->changes = 0;
	run("ip link set hp-lb address 02:00:00:00:07:11");
	while (memcmp(find(fixture, "10.8.3.3")->source_mac, new_mac, 6) != 0)
		turn(fixture);
	run_for(fixture, 100 * 1000);
	for (int i = 0; i < 2100; i++)
		assert_memory_equal(find(fixture, address_format(&addresses[i], text))->source_mac,
				    new_mac, 6);
	assert_true(fixture->changes <= 3);
	assert_int_equal(nexthop_table_set(fixture->table, addresses, 5, NULL), 0);
}

static void assert_vlan(const struct nexthop *nexthop, int i, uint16_t protocol, uint16_t id)
{
	assert_true(i < nexthop->vlan_count);
	assert_int_equal(nexthop->vlans[i].protocol, protocol);
	assert_int_equal(nexthop->vlans[i].id, id);
}

static void vlans_lead_to_the_link_below(void **state)
{
	static const uint8_t vlan_mac[6] = {2, 0, 0, 0, 7, 0x64};
	struct fixture *fixture = *state;

	run("ip link add link hp-lb hp-lb.100 address 02:00:00:00:07:64 type vlan id 100 && "
	    "ip addr add 10.11.0.1/24 dev hp-lb.100 && ip link set hp-lb.100 up");
	run_peer(fixture, "ip link add link hp-peer hp-peer.100 type vlan id 100 && "
			  "ip addr add 10.11.0.2/24 dev hp-peer.100 && "
			  "ip link set hp-peer.100 up");
	follow(fixture, "10.11.0.2", "10.11.0.9", "10.7.0.2");
	await_resolved(fixture, "10.11.0.2", peer_mac);
	await_resolved(fixture, "10.7.0.2", peer_mac);
	assert_leads(find(fixture, "10.11.0.2"), "hp-lb", "10.11.0.2", "10.11.0.1");
	assert_vlan(find(fixture, "10.11.0.2"), 0, 0x8100, 100);
	assert_int_equal(find(fixture, "10.11.0.2")->vlan_count, 1);
	assert_memory_equal(find(fixture, "10.11.0.2")->source_mac, vlan_mac, 6);
	assert_int_equal(find(fixture, "10.7.0.2")->vlan_count, 0);
	await_reason(fixture, "10.11.0.9", "10.11.0.9 does not answer ARP on hp-lb.100");

	run("ip link set hp-lb mtu 1400");
	await_mtu(fixture, "10.11.0.2", 1400);
	run("ip link set hp-lb down");
	await_reason(fixture, "10.11.0.2", "no route to 10.11.0.2");
	run("ip link set hp-lb up");
	await_resolved(fixture, "10.11.0.2", peer_mac);
	/* One that stays up, and keeps its route, when the link below goes down. */
	run("ip link set hp-lb.100 type vlan loose_binding on && ip link set hp-lb down");
	await_reason(fixture, "10.11.0.2", "hp-lb is down");
	run("ip link set hp-lb up");
	await_resolved(fixture, "10.11.0.2", peer_mac);
	run("ip link delete hp-lb");
	await_reason(fixture, "10.11.0.2", "no route to 10.11.0.2");
}

static void two_tags_and_not_three(void **state)
{
	struct fixture *fixture = *state;

	run("ip link add link hp-lb2 hp-q type vlan id 200 proto 802.1ad && ip link set hp-q up && "
	    "ip link add link hp-q hp-q.300 type vlan id 300 && "
	    "ip addr add 10.12.0.1/24 dev hp-q.300 && ip link set hp-q.300 up && "
	    "ip link add link hp-q.300 hp-q.400 type vlan id 400 && "
	    "ip addr add 10.13.0.1/24 dev hp-q.400 && ip link set hp-q.400 up");
	run_peer(fixture,
		 "ip link add link hp-peer2 hp-q type vlan id 200 proto 802.1ad && "
		 "ip link set hp-q up && ip link add link hp-q hp-q.300 type vlan id 300 && "
		 "ip addr add 10.12.0.2/24 dev hp-q.300 && ip link set hp-q.300 up");
	follow(fixture, "10.12.0.2", "10.13.0.2", NULL);
	await_resolved(fixture, "10.12.0.2", peer2_mac);
	assert_leads(find(fixture, "10.12.0.2"), "hp-lb2", "10.12.0.2", "10.12.0.1");
	assert_int_equal(find(fixture, "10.12.0.2")->vlan_count, 2);
	assert_vlan(find(fixture, "10.12.0.2"), 0, 0x88a8, 200);
	assert_vlan(find(fixture, "10.12.0.2"), 1, 0x8100, 300);
	await_reason(fixture, "10.13.0.2",
		     "hp-q would be a third VLAN tag, and hairpin writes two at most");
}

static void await_interface(struct fixture *fixture, const char *text, const char *interface)
{
	const uint64_t end = now_us() + PATIENCE_US;

	while (strcmp(find(fixture, text)->interface_name, interface) != 0) {
		if (now_us() > end)
			fail_msg("%s: by %s, not by %s", text, find(fixture, text)->interface_name,
				 interface);
		turn(fixture);
	}
}

static void bonds_lead_to_the_served_port_that_sends(void **state)
{
	static const char names[][16] = {"hp-lb", "hp-lb2"};
	static const uint8_t bond_mac[6] = {2, 0, 0, 0, 7, 0x70};
	static const uint8_t bridge_mac[6] = {2, 0, 0, 0, 7, 0x71};
	struct fixture *fixture = *state;

	run("ip link set hp-lb down && ip link set hp-lb2 down && "
	    "ip link add hp-bond address 02:00:00:00:07:70 type bond mode active-backup "
	    "miimon 20 fail_over_mac none && "
	    "ip link set hp-lb master hp-bond && ip link set hp-lb2 master hp-bond && "
	    "ip addr add 10.14.0.1/24 dev hp-bond && ip link set hp-bond up");
	run_peer(fixture,
		 "ip link add hp-br address 02:00:00:00:07:71 type bridge && "
		 "ip link set hp-peer master hp-br && ip link set hp-peer2 master hp-br && "
		 "ip addr add 10.14.0.2/24 dev hp-br && ip link set hp-br up");
	follow(fixture, "10.14.0.2", NULL, NULL);
	await_resolved(fixture, "10.14.0.2", bridge_mac);
	assert_string_equal(find(fixture, "10.14.0.2")->interface_name, "hp-bond");
	follow(fixture, NULL, NULL, NULL);

	nexthop_table_serve(fixture->table, names, 2, changed);
	follow(fixture, "10.14.0.2", NULL, NULL);
	run("ip link set hp-bond type bond active_slave hp-lb2");
	await_interface(fixture, "10.14.0.2", "hp-lb2");
	await_resolved(fixture, "10.14.0.2", bridge_mac);
	assert_memory_equal(find(fixture, "10.14.0.2")->source_mac, bond_mac, 6);
	run("ip link set hp-bond type bond active_slave hp-lb");
	await_interface(fixture, "10.14.0.2", "hp-lb");
	run_peer(fixture, "ip link set hp-peer down");
	await_interface(fixture, "10.14.0.2", "hp-lb2");
	await_resolved(fixture, "10.14.0.2", bridge_mac);
}

/* More events than the socket holds, and only then the changes that matter. */
static void lost_events_are_made_up_for(void **state)
{
	static const uint8_t given_mac[6] = {2, 0, 0, 0, 7, 0x66};
	struct fixture *fixture = *state;

	run("ip route add 10.8.0.0/16 via 10.7.0.2");
	follow(fixture, "10.7.0.2", "10.8.0.5", "10.9.0.2");
	await_resolved(fixture, "10.7.0.2", peer_mac);
	await_resolved(fixture, "10.8.0.5", peer_mac);
	await_resolved(fixture, "10.9.0.2", peer2_mac);
	run("ip neigh replace 10.7.0.2 lladdr 02:00:00:00:07:55 dev hp-lb nud permanent");
	run("%s", "awk 'BEGIN { for (i = 0; i < 40000; i++) printf "
		  "\"route add 10.200.%d.%d via 10.7.0.2\\n\", i / 256, i % 256 }' | ip -batch -");
	run("ip neigh replace 10.7.0.2 lladdr 02:00:00:00:07:66 dev hp-lb nud permanent; "
	    "ip link set hp-lb2 mtu 1234");
	await_resolved(fixture, "10.7.0.2", given_mac);
	await_resolved(fixture, "10.8.0.5", given_mac);
	await_mtu(fixture, "10.9.0.2", 1234);
	/* and none of the older ones comes after what made up for them */
	run_for(fixture, 500 * 1000);
	assert_true(is_resolved(find(fixture, "10.7.0.2"), given_mac));
}

int main(int argc, char **argv) /* [stacked]: rows for a kernel with VLANs and bonds: tests/vm */
{
	const struct CMUnitTest tests[] = {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		ROW(on_link_addresses_are_resolved),
		ROW(settling_waits_for_answers_and_not_for_ever),
		ROW(addresses_behind_a_gateway_are_resolved),
		ROW(one_that_is_silent_is_found_when_it_appears),
		ROW(a_new_mac_of_a_neighbour_is_noticed),
		ROW(one_that_dies_is_noticed_without_traffic),
		ROW(routes_are_followed),
		ROW(rules_are_followed),
		ROW(routes_that_lead_nowhere_have_reasons),
		ROW(addresses_that_are_no_neighbours_have_reasons),
		ROW(links_that_go_and_come_are_followed),
		ROW(a_flush_of_neighbours_interrupts_nothing),
		ROW(after_a_flush_one_that_is_silent_fails),
		ROW(entries_of_others_are_left_alone),
		ROW(the_mtu_is_the_routes_or_the_links),
		ROW(the_source_is_the_routes),
		ROW(setting_again_keeps_what_is_known),
		ROW(many_addresses_are_followed),
		ROW(lost_events_are_made_up_for),
	};
	const struct CMUnitTest stacked[] = {
		ROW(vlans_lead_to_the_link_below),
		ROW(two_tags_and_not_three),
		ROW(bonds_lead_to_the_served_port_that_sends),
	};

	if (geteuid() != 0) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "stacked") == 0)
		return cmocka_run_group_tests(stacked, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
