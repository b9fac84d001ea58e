// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "address.h"

static const struct {
	const char *text;
	__u8 bytes[16];
	bool ipv4;
	const char *formatted;
} good[] = {
	{"203.0.113.10", {[10] = 0xff, 0xff, 203, 0, 113, 10}, true, "203.0.113.10"},
	{"0.0.0.0", {[10] = 0xff, 0xff}, true, "0.0.0.0"},
	{"255.255.255.255", {[10] = 0xff, 0xff, 255, 255, 255, 255}, true, "255.255.255.255"},
	{"2001:db8::10", {0x20, 0x01, 0x0d, 0xb8, [15] = 0x10}, false, "2001:db8::10"},
	{"2001:0DB8:0:0:0:0:0:0010", {0x20, 0x01, 0x0d, 0xb8, [15] = 0x10}, false, "2001:db8::10"},
	{"64:ff9b::192.0.2.1",
	 {0, 0x64, 0xff, 0x9b, [12] = 192, 0, 2, 1},
	 false,
	 "64:ff9b::c000:201"},
	{"::", {0}, false, "::"},
	{"::1", {[15] = 1}, false, "::1"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
	 {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 254},
	 false,
	 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"},
};

static const char *const bad[] = {
	"",
	"10",
	"10.0.0",
	"10.0.0.0.1",
	"10.0.0.256",
	"10.0.0.01",
	"10.0.0.-1",
	" 10.0.0.1",
	"10.0.0.1 ",
	"10.0.0.1/32",
	"10.0.0.1:1",
	"0x0a.0.0.1",
	"localhost",
	":",
	":::",
	"1::2::3",
	"12345::",
	"g::1",
	"1:2:3:4:5:6:7",
	"1:2:3:4:5:6:7:8:9",
	"[::1]",
	"fe80::1%lo",
	"::1/128",
	"::ffff:10.0.0.1",
	"::FFFF:a00:1",
	"::10.0.0",
	"::ffff:0:0",
	"10.0.0.1\n",
	"::10.0.0.256",
	"1.2.3.4::",
};

static void parses_and_formats(void **state)
{
	char buffer[ADDRESS_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct lb_address address;

		memset(&address, 0xaa, sizeof(address));
		assert_int_equal(address_parse(good[i].text, &address), 0);
		assert_memory_equal(address.bytes, good[i].bytes, sizeof(good[i].bytes));
		assert_int_equal(address_is_ipv4(&address), good[i].ipv4);
		assert_ptr_equal(address_format(&address, buffer), buffer);
		assert_string_equal(buffer, good[i].formatted);
	}
}

static void refuses_what_is_no_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lb_address address, before;

		memset(&address, 0xaa, sizeof(address));
		before = address;
		if (address_parse(bad[i], &address) != -EINVAL)
			fail_msg("\"%s\" was taken for an address", bad[i]);
		assert_memory_equal(&address, &before, sizeof(address));
	}
}

static void all_bytes_tell_addresses_apart(void **state)
{
	struct lb_address a, b;

	(void)state;
	assert_int_equal(address_parse("2001:db8::10", &a), 0);
	for (int i = 0; i < 16; i++) {
		b = a;
		assert_true(address_equal(&a, &b));
		b.bytes[i] ^= 0x80;
		assert_false(address_equal(&a, &b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_and_formats),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(all_bytes_tell_addresses_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
