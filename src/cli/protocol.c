/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who made an object, as far as the kernel says: of routes and their like the protocol, of the rest only whether it was
 * us, somebody else or the kernel itself. Numbers that are not in the table may have a name in iproute2's rt_protos,
 * which the administrator can add to. A protocol is a claim: anybody can write any number.
 */
#include "cli.h"

#include <linux/rtnetlink.h>
#include <string.h>

const char *const cli_owner_names[] = {
	[LS_OWNER_FOREIGN] = "foreign",
	[LS_OWNER_DERIVED] = "derived",
	[LS_OWNER_OURS] = "linkspan",
};

static const struct {
	uint8_t number;
	const char *name;  /* iproute2's */
	const char *maker; /* NULL: only the name says it */
} protocols[] = {
	{ RTPROT_REDIRECT, "redirect", "an ICMP redirect" },
	{ RTPROT_KERNEL, "kernel", "the kernel" },
	{ RTPROT_BOOT, "boot", "a person or a script (protocol boot)" },
	/* systemd-networkd and NetworkManager give what their own files ask for this one. */
	{ RTPROT_STATIC, "static", "an administrator (protocol static)" },
	{ RTPROT_GATED, "gated", NULL },
	{ RTPROT_RA, "ra", "a router advertisement" },
	{ RTPROT_MRT, "mrt", NULL },
	{ RTPROT_ZEBRA, "zebra", "zebra" },
	{ RTPROT_BIRD, "bird", "BIRD" },
	{ RTPROT_DNROUTED, "dnrouted", NULL },
	{ RTPROT_XORP, "xorp", NULL },
	{ RTPROT_NTK, "ntk", NULL },
	{ RTPROT_DHCP, "dhcp", "a DHCP client" },
	{ RTPROT_MROUTED, "mrouted", NULL },
	{ RTPROT_KEEPALIVED, "keepalived", "keepalived" },
	{ RTPROT_BABEL, "babel", "babeld" },
	{ LS_MARK_PROTOCOL, "linkspan", "linkspan" },
	{ RTPROT_BGP, "bgp", "a BGP daemon" },
	{ RTPROT_ISIS, "isis", "an IS-IS daemon" },
	{ RTPROT_OSPF, "ospf", "an OSPF daemon" },
	{ RTPROT_RIP, "rip", "a RIP daemon" },
	{ RTPROT_EIGRP, "eigrp", "an EIGRP daemon" },
};

static const char *const name_files[] = { "/etc/iproute2/rt_protos", "/usr/share/iproute2/rt_protos" };

/* "NUMBER NAME" a line, decimal or 0x; # begins a comment. */
static bool find_in_file(const char *path, uint8_t protocol, char name[static CLI_PROTOCOL_MAX])
{
	FILE *file = fopen(path, "re");
	char line[256], *rest;
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		bool same = strtol(line, &rest, 0) == protocol && rest > line;

		found = same && sscanf(rest, " %31[^ \t\r\n#]", name) == 1;
	}
	if (file)
		(void)fclose(file);
	return found;
}

const char *cli_protocol_name(uint8_t protocol, char name[static CLI_PROTOCOL_MAX])
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	for (size_t i = 0; i < LS_ARRAY_SIZE(name_files); i++)
		if (find_in_file(name_files[i], protocol, name))
			return name;
	return NULL;
}

int cli_protocol_of(const struct ls_object *object)
{
	for (unsigned i = 0; i < object->kind->n_attrs; i++) {
		const struct ls_attr *attr = &object->kind->attrs[i];

		if (attr->type == LS_TYPE_U8 && !strcmp(attr->name, "protocol"))
			return ls_object_has(object, i) ? *(const uint8_t *)ls_object_value(object, attr) : -1;
	}
	return -1;
}

static const char *known_maker(int protocol)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].maker;
	return NULL;
}

const char *cli_describe_maker(const struct ls_object *object, char text[static CLI_MAKER_MAX])
{
	static const char *const owners[] = {
		[LS_OWNER_FOREIGN] = "not made by linkspan",
		[LS_OWNER_DERIVED] = "made by the kernel itself",
		[LS_OWNER_OURS] = "made by linkspan",
	};
	int protocol = cli_protocol_of(object);
	const char *maker = known_maker(protocol), *name;
	char buffer[CLI_PROTOCOL_MAX];

	if (maker) {
		snprintf(text, CLI_MAKER_MAX, "made by %s", maker);
		return text;
	}
	if (protocol <= 0 || object->owner != LS_OWNER_FOREIGN)
		return owners[object->owner];
	name = cli_protocol_name((uint8_t)protocol, buffer);
	snprintf(text, CLI_MAKER_MAX, "%s (protocol %d%s%s)", owners[object->owner], protocol, name ? ", " : "",
		name ? name : "");
	return text;
}
