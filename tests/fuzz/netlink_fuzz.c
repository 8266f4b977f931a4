/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds messages to everything that reads what the kernel sends: input is a datagram as of a dump. Each message lies in
 * memory of exactly its length, so that AddressSanitizer sees every byte read beyond it. What was read is then printed,
 * compared, and put back (built only: nothing is ever sent).
 */
#include "../../src/kinds/driver.h"
#include "../../src/kinds/wireguard.h"
#include "../../src/netlink/session.h"

#include <stdio.h>
#include <string.h>

#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

#define WIREGUARD 0x7e /* the type of its messages: a number of each kernel's choice */

static struct ls_kernel *kernel;

static int open_kernel(void)
{
	int r = kernel ? 0 : ls_kernel_open(&kernel, NULL);

	if (r >= 0)
		kernel->wireguard = WIREGUARD;
	return r;
}

static void read_answer(const struct nlmsghdr *answer)
{
	static const struct {
		struct nlmsghdr header;
		uint32_t attribute[2];
	} request = { .header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_NEWROUTE },
		.attribute = { 0x10008, 1 } };
	char text[64];

	if (ls_netlink_answer_code(answer) <= 0)
		(void)ls_netlink_answer_text(answer, &request.header, text, sizeof(text));
}

static void read_one(struct ls_dump *dump, const struct nlmsghdr *message, const struct ls_set *links)
{
	switch (message->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		read_answer(message);
		break;
	case RTM_NEWLINK: /* which is XFRM_MSG_NEWSA, too */
		if (dump->set == links)
			(void)ls_link_decode(dump, message);
		else
			(void)ls_xfrm_state_decode(dump, message);
		break;
	case XFRM_MSG_NEWPOLICY:
		if (dump->set != links)
			(void)ls_xfrm_policy_decode(dump, message);
		break;
	case RTM_NEWADDR:
		if (dump->set != links)
			(void)ls_address_decode(dump, message);
		break;
	case RTM_NEWROUTE:
		if (dump->set != links)
			(void)ls_route_decode(dump, message);
		break;
	case RTM_NEWRULE:
		if (dump->set != links)
			(void)ls_rule_decode(dump, message);
		break;
	case RTM_NEWNEIGH:
		if (dump->set != links)
			(void)ls_neighbour_decode(dump, message);
		break;
	case RTM_NEWNEXTHOP:
		if (dump->set != links)
			(void)ls_nexthop_decode(dump, message);
		break;
	}
}

/* A device of all messages. */
static void read_all(struct ls_dump *dump, const uint8_t *data, size_t size, const struct ls_set *links,
	struct ls_wg_reading *wireguard)
{
	struct nlmsghdr header, *message;

	while (size >= sizeof(header)) {
		memcpy(&header, data, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > size)
			return;
		message = malloc(header.nlmsg_len);
		if (!message)
			return;
		memcpy(message, data, header.nlmsg_len);
		read_one(dump, message, links);
		(void)ls_wireguard_take_message(message, wireguard);
		free(message);
		if (NLMSG_ALIGN(header.nlmsg_len) >= size)
			return;
		data += NLMSG_ALIGN(header.nlmsg_len);
		size -= NLMSG_ALIGN(header.nlmsg_len);
	}
}

static void use(const struct ls_object *object)
{
	char text[LS_DESCRIBE_MAX];
	struct nl_msg *message;

	ls_object_describe(object, text, sizeof(text));
	for (unsigned i = 0; i < object->kind->n_attrs; i++)
		if (ls_object_has(object, i))
			ls_attr_format(&object->kind->attrs[i], object, text, sizeof(text));
	if (ls_object_compare(object, object) != 0 || ls_object_diff(object, object) != 0)
		abort();
	if (!object->kind->encode)
		return;
	(void)ls_kernel_encode(kernel, LS_OP_ADD, NULL, object, &message, NULL);
	(void)ls_kernel_encode(kernel, LS_OP_REPLACE, object, object, &message, NULL);
	(void)ls_kernel_encode(kernel, LS_OP_DELETE, object, NULL, &message, NULL);
}

/* A stranger's next hops as routes of their own. */
static void use_hops(const struct ls_object *object)
{
	struct ls_arena *arena LS_CLEANUP(ls_arena_freep) = ls_arena_new();
	struct ls_set hops LS_CLEANUP(ls_set_done);

	ls_set_init(&hops, arena);
	if (!arena || object->kind != &ls_kind_route ||
		ls_route_split(kernel, (const struct ls_route *)object, &hops) < 0)
		return;
	ls_set_each (&hops, i)
		use(hops.objects[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ls_arena *arena LS_CLEANUP(ls_arena_freep) = ls_arena_new();
	struct ls_set links LS_CLEANUP(ls_set_done), rest LS_CLEANUP(ls_set_done);
	struct ls_wg_reading devices = { .kinds = LS_BIT(LS_KIND_WIREGUARD), .set = &rest, .dev = "wg0" };
	struct ls_wg_reading both = { .kinds = UINT32_MAX, .set = &rest, .dev = "wg0" };
	struct ls_dump dump;

	ls_set_init(&links, arena);
	ls_set_init(&rest, arena);
	if (open_kernel() < 0 || !arena || ls_link_table_reset(&kernel->links) < 0)
		return 0;
	(void)ls_link_table_add(&kernel->links, 1, "lo", 2);
	devices.kernel = both.kernel = kernel;
	ls_dump_begin(&dump, kernel, &links);
	read_all(&dump, data, size, &links, &devices);
	if (ls_link_resolve(&dump) < 0)
		abort();
	ls_dump_done(&dump);
	ls_dump_begin(&dump, kernel, &rest);
	read_all(&dump, data, size, &links, &both);
	ls_dump_done(&dump);
	if (ls_wireguard_end(&devices) < 0 || ls_wireguard_end(&both) < 0)
		abort();
	ls_set_sort(&links);
	ls_set_sort(&rest);
	ls_set_each (&links, i)
		use(links.objects[i]);
	ls_set_each (&rest, i) {
		use(rest.objects[i]);
		use_hops(rest.objects[i]);
	}
	return 0;
}
