/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who made an object. */
#include "cli_test.h"

#include "../../../src/cli/protocol.c"

static const struct {
	enum ls_owner owner;
	int protocol; /* -1: an object of another kind */
	const char *text;
} makers[] = {
	{ LS_OWNER_FOREIGN, 4, "made by an administrator (protocol static)" },
	{ LS_OWNER_FOREIGN, 16, "made by a DHCP client" },
	{ LS_OWNER_FOREIGN, 14, "not made by linkspan (protocol 14, xorp)" },
	{ LS_OWNER_FOREIGN, 0, "not made by linkspan" },
	{ LS_OWNER_DERIVED, 2, "made by the kernel" },
	{ LS_OWNER_OURS, 108, "made by linkspan" },
	{ LS_OWNER_OURS, -1, "made by linkspan" },
	{ LS_OWNER_DERIVED, -1, "made by the kernel itself" },
	{ LS_OWNER_FOREIGN, -1, "not made by linkspan" },
};

Test(protocol, makers_are_told_as_far_as_the_kernel_tells)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(makers); i++) {
		struct ls_route route = { .object = { .kind = &ls_kind_route, .set = LS_BIT(LS_ROUTE_PROTOCOL) } };
		struct ls_link link = { .object = { .kind = &ls_kind_link } };
		struct ls_object *object = makers[i].protocol < 0 ? &link.object : &route.object;
		char text[CLI_MAKER_MAX];

		object->owner = (uint8_t)makers[i].owner;
		route.protocol = (uint8_t)makers[i].protocol;
		cr_expect_str_eq(cli_describe_maker(object, text), makers[i].text);
	}
}

Test(protocol, names_are_read_from_iproute2s_file)
{
	char path[64], name[CLI_PROTOCOL_MAX];

	write_file(path, "# numbers\n\n254 mine # a comment\n0xc8\tour-daemon\nnonsense\n300 too-large\n");
	cr_expect(find_in_file(path, 254, name));
	cr_expect_str_eq(name, "mine");
	cr_expect(find_in_file(path, 0xc8, name));
	cr_expect_str_eq(name, "our-daemon");
	cr_expect_not(find_in_file(path, 44, name));
	cr_expect_not(find_in_file(path, 253, name));
	unlink(path);
	cr_expect_not(find_in_file(path, 254, name));
}
