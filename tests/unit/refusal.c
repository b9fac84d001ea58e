// SPDX-License-Identifier: GPL-2.0-only
/* What drivers say when they refuse an XDP program, and what hairpind makes of it. */
#include "test.h"

#include <errno.h>

#include "refusal.h"

static void assert_says(const struct refusal *refusal, const char *expected)
{
	char buffer[512];

	assert_ptr_equal(refusal_describe(refusal, buffer, sizeof(buffer)), buffer);
	assert_string_equal(buffer, expected);
}

/* As Linux has it; the rest of the sentence has to be in the description. */
static const struct {
	const char *words, *advice;
	int code;
} drivers[] = {
	{"veth: Peer MTU is too large to set XDP", "the other end of eth0 has an MTU", -ERANGE},
	{"veth: XDP expects number of rx queues not less than peer tx queues",
	 "ethtool -L eth0 rx N", -ENOSPC},
	{"virtio_net: MTU too large to enable XDP without frags", "ip link set dev eth0 mtu 3000",
	 -EINVAL},
	{"i40e: MTU too large to enable XDP", "ip link set dev eth0 mtu 3000", -EINVAL},
	{"hv_netvsc: XDP: mtu too large", "ip link set dev eth0 mtu 3000", -EOPNOTSUPP},
	{"igc: Jumbo frames not supported", "ip link set dev eth0 mtu 1500", -EOPNOTSUPP},
	{"atlantic: prog does not support XDP frags", "ip link set dev eth0 mtu 3000", -EOPNOTSUPP},
	{"virtio_net: Can't set XDP while host is implementing GRO_HW/CSUM, disable GRO_HW/CSUM "
	 "first",
	 "ethtool -K eth0 lro off rx-gro-hw off", -EOPNOTSUPP},
	{"hv_netvsc: XDP: not support LRO", "ethtool -K eth0 lro off rx-gro-hw off", -EOPNOTSUPP},
	{"virtio_net: Too few free TX rings available", "ethtool -L eth0 combined N", -ENOMEM},
	{"No native XDP support for the current bonding mode", "balance-rr, active-backup",
	 -EOPNOTSUPP},
	{"Slave device does not support XDP", "an interface of eth0 has no native XDP",
	 -EOPNOTSUPP},
	{"Slave has XDP program loaded, please unload before enslaving",
	 "an interface of eth0 has an XDP program of its own", -EOPNOTSUPP},
	{"Cannot attach when an upper device already has a program",
	 "eth0 is part of a bond or team that has a program", -EEXIST},
	{"Underlying driver does not support XDP in native mode",
	 "try --mode generic (slower), or --mode auto", -EOPNOTSUPP},
};

static void the_drivers_words_come_with_what_to_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		const struct refusal refusal = {
			.interface = "eth0",
			.mode = ATTACH_NATIVE,
			.code = drivers[i].code,
			.words = drivers[i].words,
			.mtu = 1500,
		};
		char buffer[512];

		refusal_describe(&refusal, buffer, sizeof(buffer));
		if (!strstr(buffer, drivers[i].words) || !strstr(buffer, drivers[i].advice))
			fail_msg("%s", buffer);
	}
}

static void a_whole_sentence(void **state)
{
	const struct refusal refusal = {
		.interface = "eth0",
		.mode = ATTACH_NATIVE,
		.code = -EOPNOTSUPP,
		.words = "hv_netvsc: XDP: not support LRO",
		.mtu = 1500,
	};

	(void)state;
	assert_says(
		&refusal,
		"the driver refuses native XDP (hv_netvsc: XDP: not support LRO); switch off "
		"what joins packets on receipt: ethtool -K eth0 lro off rx-gro-hw off; in a "
		"virtual machine it can be for the host to do (guest_tso4=off, guest_csum=off)");
}

static void a_driver_that_says_nothing(void **state)
{
	struct refusal refusal = {
		.interface = "eth0",
		.mode = ATTACH_NATIVE,
		.code = -EOPNOTSUPP,
		.words = "",
		.mtu = 1500,
	};

	(void)state;
	assert_says(&refusal, "the driver has no native XDP; try --mode generic (slower), or "
			      "--mode auto");
	refusal.code = -EINVAL;
	refusal.mtu = 9000; /* ixgbevf */
	assert_says(&refusal,
		    "the driver refuses native XDP (Invalid argument); dmesg may tell more; an MTU "
		    "above 1500 is the usual reason: ip link set dev eth0 mtu 1500");
	refusal.mtu = 0; /* mlx5 */
	assert_says(
		&refusal,
		"the driver refuses native XDP (Invalid argument); dmesg may tell more; usual "
		"reasons are LRO (ethtool -K eth0 lro off) and too few queues (ethtool -l eth0)");
	refusal.mode = ATTACH_GENERIC;
	assert_says(&refusal,
		    "the driver refuses generic XDP (Invalid argument); dmesg may tell more");
}

static void offload_is_never_possible(void **state)
{
	struct refusal refusal = {
		.interface = "eth0",
		.mode = ATTACH_OFFLOAD,
		.code = -EINVAL,
		.words = "",
		.mtu = 9000,
	};

	(void)state;
	assert_says(&refusal,
		    "the driver refuses offload XDP (Invalid argument); a card cannot run hairpin, "
		    "whose maps hairpind shares with the program: use --mode native");
	refusal.words = "nfp: MTU too large";
	assert_says(
		&refusal,
		"the driver refuses offload XDP (nfp: MTU too large); a card cannot run hairpin, "
		"whose maps hairpind shares with the program: use --mode native");
}

static void too_small_a_buffer_is_filled(void **state)
{
	const struct refusal refusal = {
		.interface = "eth0",
		.mode = ATTACH_NATIVE,
		.code = -EINVAL,
		.words = "i40e: MTU too large to enable XDP",
		.mtu = 9000,
	};
	char buffer[64];

	(void)state;
	for (size_t size = 1; size <= sizeof(buffer); size++) {
		refusal_describe(&refusal, buffer, size);
		assert_int_equal(strlen(buffer), size - 1);
	}
}

static void what_is_above_or_below_is_told_apart(void **state)
{
	(void)state;
	assert_true(
		refusal_is_of_stack("Cannot attach when an upper device already has a program"));
	assert_true(refusal_is_of_stack("Slave device does not support XDP"));
	assert_false(refusal_is_of_stack("XDP program already attached"));
	assert_false(refusal_is_of_stack(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_drivers_words_come_with_what_to_change),
		cmocka_unit_test(a_whole_sentence),
		cmocka_unit_test(a_driver_that_says_nothing),
		cmocka_unit_test(offload_is_never_possible),
		cmocka_unit_test(too_small_a_buffer_is_filled),
		cmocka_unit_test(what_is_above_or_below_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
