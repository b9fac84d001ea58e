// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thousands of TCP connections that stay open, and a server that says who it is.
 *
 *   connections serve PORT NUMBER              answers each byte with NUMBER
 *   connections hold ADDRESS PORT COUNT MS     opens COUNT connections, and sends a byte on each every
 *                                              MS milliseconds, until it gets SIGTERM
 *   connections flood IFACE MAC ADDRESS PORT   sends SYNs of random IPv4 sources, as fast as it can,
 *                                              until it gets SIGTERM; then tells how many
 *
 * hold prints "open" when all are, and at the end one line of JSON. A connection is broken when it is
 * reset or closed, when another server answers than the first time, or when no answer comes within
 * PATIENCE_MS. It then opens another one in its place.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 15000
#define EVENTS      256
#define AT_ONCE     200 /* connections that are being opened: more would fill the server's backlog */

static volatile sig_atomic_t ends;

static void on_term(int signal)
{
	(void)signal;
	ends = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- the server --- */

static int listen_on(uint16_t port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 4096))
		die("listen");
	return fd;
}

static void accept_all(int epoll, int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

		if (fd < 0)
			return;
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
			die("epoll_ctl");
	}
}

static void answer(int fd, char number)
{
	char bytes[64], answers[64];
	ssize_t count = read(fd, bytes, sizeof(bytes));

	if (count < 0 && errno == EAGAIN)
		return;
	memset(answers, number, sizeof(answers));
	if (count <= 0 || send(fd, answers, count, MSG_NOSIGNAL) != count)
		close(fd);
}

static int serve(uint16_t port, char number)
{
	int epoll = epoll_create1(0), listener = listen_on(port);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event))
		die("epoll");
	puts("ready");
	fflush(stdout);
	while (!ends) {
		int count = epoll_wait(epoll, events, EVENTS, 1000);

		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == listener)
				accept_all(epoll, listener);
			else
				answer(events[i].data.fd, number);
		}
	}
	return 0;
}

/* --- the client --- */

struct connection {
	int fd;
	bool connected, waiting; /* for an answer */
	char server;             /* that answered first; 0: none yet */
	int64_t since_ms;        /* waiting or connecting; else last answered */
};

struct hold {
	struct sockaddr_storage address;
	socklen_t address_length;
	struct connection *connections;
	int count, period_ms, epoll;
	int opening, opened;
	long answers, broken[4]; /* by reason */
	bool announced;
};

enum reason { RESET, OTHER_SERVER, SILENT, REFUSED };

static void open_connection(struct hold *hold, int i)
{
	struct connection *connection = &hold->connections[i];
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = i};
	int on = 1;

	*connection = (struct connection){.since_ms = now_ms()};
	connection->fd =
		socket(hold->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0)
		die("socket");
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(connection->fd, (struct sockaddr *)&hold->address, hold->address_length) &&
	    errno != EINPROGRESS)
		die("connect");
	if (epoll_ctl(hold->epoll, EPOLL_CTL_ADD, connection->fd, &event))
		die("epoll_ctl");
	hold->opening++;
}

static void break_connection(struct hold *hold, int i, enum reason reason)
{
	struct connection *connection = &hold->connections[i];

	hold->broken[reason]++;
	if (!connection->connected)
		hold->opening--;
	close(connection->fd);
	open_connection(hold, i);
}

static void take_answer(struct hold *hold, int i)
{
	struct connection *connection = &hold->connections[i];
	char byte;
	ssize_t count = read(connection->fd, &byte, 1);

	if (count < 0 && errno == EAGAIN)
		return;
	if (count <= 0)
		return break_connection(hold, i, connection->connected ? RESET : REFUSED);
	if (connection->server && connection->server != byte)
		return break_connection(hold, i, OTHER_SERVER);
	connection->server = byte;
	connection->waiting = false;
	connection->since_ms = now_ms();
	hold->answers++;
}

static void on_event(struct hold *hold, const struct epoll_event *event)
{
	struct connection *connection = &hold->connections[event->data.u32];

	if (event->events & (EPOLLERR | EPOLLHUP))
		return break_connection(hold, event->data.u32,
					connection->connected ? RESET : REFUSED);
	if (!connection->connected && event->events & EPOLLOUT) {
		connection->connected = true;
		hold->opening--;
		hold->opened++;
		/* So that their turns are spread over the period. */
		connection->since_ms = now_ms() - rand() % hold->period_ms;
	}
	if (event->events & EPOLLIN)
		take_answer(hold, event->data.u32);
}

static void look_at(struct hold *hold, int i, int64_t now)
{
	struct connection *connection = &hold->connections[i];
	int64_t age = now - connection->since_ms;

	if ((!connection->connected || connection->waiting) && age > PATIENCE_MS)
		return break_connection(hold, i, connection->connected ? SILENT : REFUSED);
	if (!connection->connected || connection->waiting || age < hold->period_ms)
		return;
	if (send(connection->fd, "?", 1, MSG_NOSIGNAL) != 1)
		return break_connection(hold, i, RESET);
	connection->waiting = true;
	connection->since_ms = now;
}

static void report(const struct hold *hold)
{
	int servers[256] = {0}, open = 0;

	for (int i = 0; i < hold->count; i++) {
		open += hold->connections[i].connected;
		servers[(unsigned char)hold->connections[i].server]++;
	}
	printf("{\"open\": %d, \"answers\": %ld, \"broken\": %ld, \"reset\": %ld, "
	       "\"other_server\": %ld, \"silent\": %ld, \"refused\": %ld, \"from\": {",
	       open, hold->answers,
	       hold->broken[RESET] + hold->broken[OTHER_SERVER] + hold->broken[SILENT] +
		       hold->broken[REFUSED],
	       hold->broken[RESET], hold->broken[OTHER_SERVER], hold->broken[SILENT],
	       hold->broken[REFUSED]);
	for (int i = 1, first = 1; i < 256; i++) {
		if (!servers[i])
			continue;
		printf("%s\"%c\": %d", first ? "" : ", ", i, servers[i]);
		first = 0;
	}
	puts("}}");
	fflush(stdout);
}

static void parse_address(struct hold *hold, const char *text, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&hold->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&hold->address;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		hold->address_length = sizeof(*v4);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		hold->address_length = sizeof(*v6);
	} else {
		fprintf(stderr, "%s: not an address\n", text);
		exit(2);
	}
}

static int hold_open(struct hold *hold)
{
	struct epoll_event events[EVENTS];
	int started = 0;

	hold->connections = calloc(hold->count, sizeof(*hold->connections));
	hold->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!hold->connections || hold->epoll < 0)
		die("hold");
	while (!ends) {
		int count, next = started;

		while (next < hold->count && hold->opening < AT_ONCE)
			open_connection(hold, next++);
		started = next;
		count = epoll_wait(hold->epoll, events, EVENTS, 10);
		for (int i = 0; i < count; i++)
			on_event(hold, &events[i]);
		for (int i = 0; i < started; i++)
			look_at(hold, i, now_ms());
		if (!hold->announced && hold->opened >= hold->count) {
			hold->announced = true;
			puts("open");
			fflush(stdout);
		}
	}
	report(hold);
	free(hold->connections);
	return 0;
}

/* --- the flood --- */

#define BURST      64
#define SYN_LENGTH (sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct tcphdr))

static uint16_t header_checksum(const void *header)
{
	const uint16_t *words = header;
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(struct iphdr) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

/* Its TCP checksum is wrong: the balancer does not look, and the servers need not answer. */
static void put_syn(uint8_t *frame, const uint8_t *mac, in_addr_t address, uint16_t port)
{
	struct ethhdr eth = {.h_source = {2, 0, 0, 0, 0, 99}, .h_proto = htons(ETH_P_IP)};
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(ip) + sizeof(struct tcphdr)),
		.ttl = 64,
		.protocol = IPPROTO_TCP,
		.saddr = htonl(0xc6120000 + (rand() & 0x1ffff)), /* 198.18.0.0/15: RFC 2544 */
		.daddr = address,
	};
	struct tcphdr tcp = {.source = htons(rand()), .dest = htons(port), .doff = 5, .syn = 1};

	memcpy(eth.h_dest, mac, sizeof(eth.h_dest));
	ip.check = header_checksum(&ip);
	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), &ip, sizeof(ip));
	memcpy(frame + sizeof(eth) + sizeof(ip), &tcp, sizeof(tcp));
}

static int flood(const char *interface, const char *mac_text, const char *address, uint16_t port)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_IP),
				 .sll_ifindex = if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	uint8_t frames[BURST][SYN_LENGTH], mac[6];
	struct mmsghdr messages[BURST] = {0};
	struct iovec vectors[BURST];
	long sent = 0;

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		die(interface);
	if (sscanf(mac_text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != 6)
		die(mac_text);
	for (int i = 0; i < BURST; i++) {
		vectors[i] = (struct iovec){frames[i], SYN_LENGTH};
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (!ends) {
		int count;

		for (int i = 0; i < BURST; i++)
			put_syn(frames[i], mac, inet_addr(address), port);
		count = sendmmsg(fd, messages, BURST, 0);
		sent += count > 0 ? count : 0;
	}
	printf("{\"sent\": %ld}\n", sent);
	return 0;
}

int main(int argc, char **argv)
{
	struct hold hold = {0};

	signal(SIGTERM, on_term);
	raise_limit();
	if (argc == 4 && !strcmp(argv[1], "serve"))
		return serve(atoi(argv[2]), *argv[3]);
	if (argc == 6 && !strcmp(argv[1], "flood"))
		return flood(argv[2], argv[3], argv[4], atoi(argv[5]));
	if (argc != 6 || strcmp(argv[1], "hold") != 0) {
		fprintf(stderr,
			"usage: connections serve PORT NUMBER | hold ADDRESS PORT COUNT MS |"
			" flood IFACE MAC ADDRESS PORT\n");
		return 2;
	}
	parse_address(&hold, argv[2], atoi(argv[3]));
	hold.count = atoi(argv[4]);
	hold.period_ms = atoi(argv[5]);
	return hold_open(&hold);
}
