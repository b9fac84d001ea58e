// SPDX-License-Identifier: GPL-2.0-only
/* lb/config.c: what the options take, and what they say about the rest. */
#include "test.h"

#include <unistd.h>

#include "config.h"

#include <errno.h>

typedef int (*option_fn)(struct config *config, const char *text, struct err *err);

static void assert_refused(option_fn option, struct config *config, const char *text,
			   const char *message)
{
	struct config before = *config;
	struct err err = {0};

	assert_int_equal(option(config, text, &err), -EINVAL);
	assert_string_equal(err.text, message);
	assert_string_equal(err.file, "");
	assert_string_equal(err.path, "");
	assert_int_equal(config->interface_count, before.interface_count);
	assert_int_equal(config->mode, before.mode);
	assert_memory_equal(&config->source_ipv4, &before.source_ipv4, sizeof(before.source_ipv4));
	assert_memory_equal(&config->source_ipv6, &before.source_ipv6, sizeof(before.source_ipv6));
}

static void test_sources(void **state)
{
	static const struct {
		const char *text;
		uint8_t bytes[16];
		uint8_t length;
	} rows[] = {
		{"10.0.1.2", {[10] = 255, 255, 10, 0, 1, 2}, 32},
		{"10.0.1.2/32", {[10] = 255, 255, 10, 0, 1, 2}, 32},
		{"10.9.0.0/16", {[10] = 255, 255, 10, 9, 0, 0}, 16},
		{"192.0.2.128/25", {[10] = 255, 255, 192, 0, 2, 128}, 25},
		{"128.0.0.0/1", {[10] = 255, 255, 128, 0, 0, 0}, 1},
		{"2001:db8::1", {0x20, 1, 0x0d, 0xb8, [15] = 1}, 128},
		{"2001:db8:0:1::/64", {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1}, 64},
		{"2001:db8::1/128", {0x20, 1, 0x0d, 0xb8, [15] = 1}, 128},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct config config = {0};
		struct err err = {.text = "untouched"};
		int is_ipv4 = !strchr(rows[i].text, ':');
		struct template_source *source =
			is_ipv4 ? &config.source_ipv4 : &config.source_ipv6;
		struct template_source *other = is_ipv4 ? &config.source_ipv6 : &config.source_ipv4;

		assert_int_equal(config_add_source(&config, rows[i].text, &err), 0);
		assert_memory_equal(source->address.bytes, rows[i].bytes, 16);
		assert_int_equal(source->prefix_length, rows[i].length);
		assert_int_equal(other->prefix_length, 0);
		assert_string_equal(err.text, "untouched");
	}
	(void)state;
}

static void test_bad_sources(void **state)
{
	static const char *const rows[][2] = {
		{"", "--source : not an IPv4 or IPv6 address"},
		{"eth0", "--source eth0: not an IPv4 or IPv6 address"},
		{"10.0.0", "--source 10.0.0: not an IPv4 or IPv6 address"},
		{"10.0.0.256", "--source 10.0.0.256: not an IPv4 or IPv6 address"},
		{" 10.0.0.1", "--source  10.0.0.1: not an IPv4 or IPv6 address"},
		{"/24", "--source /24: not an IPv4 or IPv6 address"},
		{"::ffff:10.0.0.1", "--source ::ffff:10.0.0.1: not an IPv4 or IPv6 address"},
		{"0.0.0.0", "--source 0.0.0.0: nothing can be sent from it"},
		{"::", "--source ::: nothing can be sent from it"},
		{"2001:db8:::", "--source 2001:db8:::: not an IPv4 or IPv6 address"},
		{"1111111111222222222233333333334444444444555555",
		 "--source 1111111111222222222233333333334444444444555555: not an address"},
		{"10.0.0.0/", "--source 10.0.0.0/: the prefix length is 1 to 32"},
		{"10.0.0.0/0", "--source 10.0.0.0/0: the prefix length is 1 to 32"},
		{"10.0.0.0/33", "--source 10.0.0.0/33: the prefix length is 1 to 32"},
		{"10.0.0.0/-1", "--source 10.0.0.0/-1: the prefix length is 1 to 32"},
		{"10.0.0.0/+8", "--source 10.0.0.0/+8: the prefix length is 1 to 32"},
		{"10.0.0.0/ 8", "--source 10.0.0.0/ 8: the prefix length is 1 to 32"},
		{"10.0.0.0/8x", "--source 10.0.0.0/8x: the prefix length is 1 to 32"},
		{"10.0.0.0/8/8", "--source 10.0.0.0/8/8: the prefix length is 1 to 32"},
		{"10.0.0.0/99999999999999999999",
		 "--source 10.0.0.0/99999999999999999999: the prefix length is 1 to 32"},
		{"10.0.0.0/4294967304",
		 "--source 10.0.0.0/4294967304: the prefix length is 1 to 32"},
		{"2001:db8::/129", "--source 2001:db8::/129: the prefix length is 1 to 128"},
		{"10.0.0.1/8", "--source 10.0.0.1/8: has bits set after its prefix of 8"},
		{"10.0.0.1/31", "--source 10.0.0.1/31: has bits set after its prefix of 31"},
		{"2001:db8::1/64", "--source 2001:db8::1/64: has bits set after its prefix of 64"},
		{"2001:db8::/28", "--source 2001:db8::/28: has bits set after its prefix of 28"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct config config = {0};

		assert_refused(config_add_source, &config, rows[i][0], rows[i][1]);
	}
	(void)state;
}

static void test_one_source_of_each_family(void **state)
{
	struct config config = {0};

	assert_int_equal(config_add_source(&config, "10.0.0.0/8", NULL), 0);
	assert_int_equal(config_add_source(&config, "2001:db8::/64", NULL), 0);
	assert_refused(config_add_source, &config, "10.0.0.1",
		       "--source 10.0.0.1: a second source of its family");
	assert_refused(config_add_source, &config, "2001:db8::1",
		       "--source 2001:db8::1: a second source of its family");
	(void)state;
}

static void test_interfaces(void **state)
{
	struct config config = {0};

	assert_int_equal(config_add_interfaces(&config, "eth0", NULL), 0);
	assert_int_equal(config_add_interfaces(&config, "eth1,bond0.100", NULL), 0);
	assert_int_equal(config_add_interfaces(&config, "fifteen15chars5", NULL), 0);
	assert_int_equal(config.interface_count, 4);
	assert_string_equal(config.interfaces[0], "eth0");
	assert_string_equal(config.interfaces[1], "eth1");
	assert_string_equal(config.interfaces[2], "bond0.100");
	assert_string_equal(config.interfaces[3], "fifteen15chars5");
	(void)state;
}

static void test_bad_interfaces(void **state)
{
	static const char *const rows[][2] = {
		{"", "-i: an interface name is empty"},
		{",", "-i: an interface name is empty"},
		{"sixteen16charsxx",
		 "-i sixteen16charsxx: longer than the 15 characters of a name"},
		{"eth0", "-i eth0: named twice"},
	};
	struct config config = {.interfaces = {"eth0"}, .interface_count = 1};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_refused(config_add_interfaces, &config, rows[i][0], rows[i][1]);
	assert_int_equal(config_add_interfaces(&config, "eth1,", NULL), -EINVAL);
	assert_int_equal(config_add_interfaces(&config, "eth2,eth2", NULL), -EINVAL);
	(void)state;
}

static void test_sixteen_interfaces_at_most(void **state)
{
	struct config config = {0};

	assert_int_equal(config_add_interfaces(&config, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", NULL),
			 0);
	assert_int_equal(config.interface_count, 16);
	assert_string_equal(config.interfaces[15], "p");
	assert_refused(config_add_interfaces, &config, "q", "-i: more than 16 interfaces");
	(void)state;
}

static void test_modes(void **state)
{
	static const char *const names[] = {
		[ATTACH_AUTO] = "auto",
		[ATTACH_NATIVE] = "native",
		[ATTACH_GENERIC] = "generic",
		[ATTACH_OFFLOAD] = "offload",
	};
	struct config config = {.mode = ATTACH_NATIVE};

	for (int mode = ATTACH_AUTO; mode <= ATTACH_OFFLOAD; mode++) {
		struct config other = {.mode = !mode};

		assert_int_equal(config_set_mode(&other, names[mode], NULL), 0);
		assert_int_equal(other.mode, mode);
		assert_string_equal(attach_mode_name(mode), names[mode]);
	}
	assert_refused(config_set_mode, &config, "fast",
		       "--mode fast: is none of native, generic, offload, auto");
	assert_refused(config_set_mode, &config, "",
		       "--mode : is none of native, generic, offload, auto");
	assert_refused(config_set_mode, &config, "Native",
		       "--mode Native: is none of native, generic, offload, auto");
	(void)state;
}

static void test_cpus(void **state)
{
	struct config config = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(config_set_cpus(&config, "0", &err), 0);
	assert_int_equal(config.cpu_count, 1);
	assert_int_equal(config.cpus[0], 0);
	if (sysconf(_SC_NPROCESSORS_CONF) < 2)
		return;
	assert_int_equal(config_set_cpus(&config, "0-1", &err), 0);
	assert_int_equal(config.cpu_count, 2);
	assert_int_equal(config.cpus[1], 1);
	assert_int_equal(config_set_cpus(&config, "1,0", &err), 0);
	assert_int_equal(config.cpu_count, 2);
	assert_int_equal(config.cpus[0], 1);
}

static void test_bad_cpus(void **state)
{
	static const char *const lists[] = {"",     "a",  "0,",   ",0",  "0-",
					    "0--1", "-1", "0 ,1", "0-a", "0x1"};
	char expected[128];

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct config config = {0};
		struct err err = {0};

		assert_int_equal(config_set_cpus(&config, lists[i], &err), -EINVAL);
		snprintf(expected, sizeof(expected), "--cpus %s: not a list of CPUs such as 2-5,8",
			 lists[i]);
		assert_string_equal(err.text, expected);
	}
}

static void test_cpus_that_cannot_be(void **state)
{
	struct config config = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(config_set_cpus(&config, "0,0", &err), -EINVAL);
	assert_string_equal(err.text, "--cpus 0,0: CPU 0 is named twice");
	err = (struct err){0};
	assert_int_equal(config_set_cpus(&config, "99999", &err), -EINVAL);
	assert_non_null(strstr(err.text, "--cpus 99999: there is no CPU 99999; the last one is "));
}

static void test_priority(void **state)
{
	static const char *const bad[] = {"", "-1", "1001", "1.5", "first"};
	struct config config = {0};
	char expected[128];

	(void)state;
	assert_int_equal(config_set_priority(&config, "0", NULL), 0);
	assert_int_equal(config.priority, 0);
	assert_int_equal(config_set_priority(&config, "1000", NULL), 0);
	assert_int_equal(config.priority, 1000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err err = {0};

		assert_int_equal(config_set_priority(&config, bad[i], &err), -EINVAL);
		snprintf(expected, sizeof(expected), "--priority %s: not a number from 0 to 1000",
			 bad[i]);
		assert_string_equal(err.text, expected);
	}
	assert_int_equal(config.priority, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_bad_sources),
		cmocka_unit_test(test_one_source_of_each_family),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_bad_interfaces),
		cmocka_unit_test(test_sixteen_interfaces_at_most),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_bad_cpus),
		cmocka_unit_test(test_cpus_that_cannot_be),
		cmocka_unit_test(test_priority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
