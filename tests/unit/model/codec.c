/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects as bytes: what is written is read back, and nothing else is taken for an object. */
#include "builders.h"
#include "samples.h"

#include <criterion/parameterized.h>

/* Every kind, with every attribute somewhere, and the sparse forms that the kernel has as well. */
static const char *const samples[] = {
	"link name=lo mtu=65536 index=1 up=true",
	"link name=v10 type=vlan master=br0 parent=eth0 peer=x mtu=1496 index=7 vlan_id=4094 mac=02:00:5e:00:53:01 "
	"permanent_mac=02:00:5e:00:53:02 up=true carrier=true stp=true ours",
	"link name=br0 type=bridge up=false stp=false raw",
	"link name=vx type=vxlan parent=eth0 vni=16777215 local=192.0.2.1 remote=239.0.0.1 port=4789 learning=true "
	"ttl=255",
	"link name=vx type=vxlan vni=0 local=2001:db8::1 remote=2001:db8::2 port=65535 learning=false ttl=0 ours",
	"link name=blue type=vrf table=4294967295",
	"link name=mv type=macvlan parent=eth0 macvlan_mode=source",
	"link name=bo type=bond bond_mode=802.3ad miimon=100",
	"link name=eth0 mtu=1400 -master adjust",
	"address dev=eth0 address=192.0.2.1/24 ours",
	"address dev=eth0 address=2001:db8::1/64 derived raw",
	"address dev=eth0 address=192.0.2.1/32 peer=192.0.2.2 scope=link dynamic=true noprefixroute=true "
	"tentative=true "
	"dadfailed=true secondary=true adopt",
	"route to=::/0 table=4294967295 metric=4294967295 tos=255 type=other dev=eth0 via=2001:db8::1 onlink=true "
	"src=2001:db8::2 mtu=1280 scope=nowhere protocol=4 nexthops='via 2001:db8::3 dev eth1 weight 2' other='from "
	"::/0' raw "
	"sibling",
	"route to=198.51.100.0/24 type=blackhole",
	"sysctl path=net/ipv4/ip_forward value=1",
	"sysctl path=net/ipv6/conf/eth0.5/accept_ra value='' adjust",
	"sysctl path=net/ipv6/conf/eth0/stable_secret",
	"nft_rule chain=forward name=known text='accept' handle=7 place=2 ours",
	"wireguard dev=wg0 public_key=dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo= private_key=key-0123 fwmark=0 ours",
	"xfrm_state dst=192.0.2.1 spi=257 src=192.0.2.2 if_id=7 reqid=1 proposal=aes256-sha256 key=key-89ab ours",
	"wg_peer dev=wg0 public_key=dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo= preshared_key=key-4567 keepalive=0 "
	"allowed_ips='' ours",
	SAMPLES,
};

static struct ls_buf written(const struct ls_object *object)
{
	struct ls_buf buf = { 0 };

	cr_assert_eq(ls_object_write(&buf, object), 0);
	return buf;
}

static int read_back(const uint8_t *data, size_t length, struct ls_object **ret, size_t *ret_left)
{
	struct ls_reader reader = { data, length };
	int r = ls_object_read(&reader, build_arena(), ret);

	*ret_left = reader.left;
	return r;
}

static void assert_equal(const struct ls_object *a, const struct ls_object *b)
{
	cr_assert_eq(a->kind, b->kind);
	cr_assert_eq(a->set, b->set);
	cr_assert_eq(a->managed, b->managed);
	cr_assert_eq(a->owner, b->owner);
	cr_assert_eq(a->flags, b->flags);
	cr_assert_eq(a->line, b->line);
	cr_assert_eq(a->column, b->column);
	cr_assert_eq(a->raw_length, b->raw_length);
	cr_assert_eq(!a->raw, !b->raw);
	cr_assert(!a->raw || !memcmp(a->raw, b->raw, a->raw_length));
	for (unsigned i = 0; i < a->kind->n_attrs; i++)
		if (ls_object_has(a, i))
			cr_assert(ls_attr_equal(&a->kind->attrs[i], a, b), "%s.%s", a->kind->name,
				a->kind->attrs[i].name);
}

TestSuite(codec);

Test(codec, every_attribute_of_every_kind_has_a_sample)
{
	for (size_t k = 0; ls_kinds[k]; k++) {
		uint32_t seen = 0;

		for (size_t i = 0; i < LS_ARRAY_SIZE(samples); i++) {
			const struct ls_object *object = build(samples[i]);

			seen |= object->kind == ls_kinds[k] ? object->set : 0;
		}
		cr_assert_eq(seen, LS_BIT(ls_kinds[k]->n_attrs) - 1, "%s: attributes %x", ls_kinds[k]->name, seen);
	}
}

static void sample_parameters(struct criterion_test_params *params)
{
	static int numbers[LS_ARRAY_SIZE(samples)];

	for (size_t i = 0; i < LS_ARRAY_SIZE(samples); i++)
		numbers[i] = (int)i;
	*params = cr_make_param_array(int, numbers, LS_ARRAY_SIZE(samples));
}

ParameterizedTestParameters(codec, what_is_written_is_read_back)
{
	struct criterion_test_params params;

	sample_parameters(&params);
	return params;
}

ParameterizedTest(const int *i, codec, what_is_written_is_read_back)
{
	struct ls_object *object = build(samples[*i]), *back = NULL;
	struct ls_buf buf;
	size_t left;

	object->line = 12;
	object->column = 70000;
	buf = written(object);
	cr_assert_eq(read_back(buf.data, buf.length, &back, &left), 0, "%s", samples[*i]);
	cr_assert_eq(left, 0);
	assert_equal(object, back);
	ls_buf_done(&buf);
}

ParameterizedTestParameters(codec, an_object_cut_short_at_any_byte_is_refused)
{
	struct criterion_test_params params;

	sample_parameters(&params);
	return params;
}

/* Copies are exactly as long as what is left, so that a read beyond them is found by the sanitizer. */
ParameterizedTest(const int *i, codec, an_object_cut_short_at_any_byte_is_refused)
{
	struct ls_buf buf = written(build(samples[*i]));

	for (size_t length = 0; length < buf.length; length++) {
		uint8_t *copy = malloc(length ? length : 1);
		struct ls_object *back = NULL;
		size_t left;

		cr_assert_not_null(copy);
		memcpy(copy, buf.data, length);
		cr_assert_eq(read_back(copy, length, &back, &left), -EBADMSG, "%s cut at %zu", samples[*i], length);
		cr_assert_null(back);
		free(copy);
	}
	ls_buf_done(&buf);
}

ParameterizedTestParameters(codec, a_flipped_byte_is_never_more_than_another_object)
{
	struct criterion_test_params params;

	sample_parameters(&params);
	return params;
}

/* The file's checksum finds damage; here it only must do no harm: what is read can be compared, printed and copied. */
ParameterizedTest(const int *i, codec, a_flipped_byte_is_never_more_than_another_object)
{
	struct ls_buf buf = written(build(samples[*i]));

	for (size_t at = 0; at < buf.length; at++) {
		for (unsigned mask = 1; mask < 256; mask = mask * 2 + 1) {
			struct ls_object *back = NULL;
			char text[LS_DESCRIBE_MAX];
			size_t left;

			buf.data[at] ^= (uint8_t)mask;
			if (read_back(buf.data, buf.length, &back, &left) >= 0 && back) {
				ls_object_describe(back, text, sizeof(text));
				cr_assert_eq(ls_object_compare(back, back), 0);
				cr_assert_not_null(ls_object_copy(build_arena(), back));
				for (unsigned k = 0; k < back->kind->n_attrs; k++)
					if (ls_object_has(back, k))
						ls_attr_format(&back->kind->attrs[k], back, text, sizeof(text));
			}
			buf.data[at] ^= (uint8_t)mask;
		}
	}
	ls_buf_done(&buf);
}

Test(codec, a_null_object_is_one_byte)
{
	struct ls_buf buf = written(NULL);
	struct ls_object *back = build(samples[0]);
	size_t left;

	cr_assert_eq(buf.length, 1);
	cr_assert_eq(read_back(buf.data, buf.length, &back, &left), 0);
	cr_assert_null(back);
	cr_assert_eq(left, 0);
	ls_buf_done(&buf);
}

Test(codec, objects_follow_one_another)
{
	struct ls_buf buf = { 0 };
	struct ls_reader reader;

	for (size_t i = 0; i < LS_ARRAY_SIZE(samples); i++)
		cr_assert_eq(ls_object_write(&buf, build(samples[i])), 0);
	reader = (struct ls_reader){ buf.data, buf.length };
	for (size_t i = 0; i < LS_ARRAY_SIZE(samples); i++) {
		struct ls_object *back = NULL;

		cr_assert_eq(ls_object_read(&reader, build_arena(), &back), 0, "%s", samples[i]);
		assert_equal(build(samples[i]), back);
	}
	cr_assert_eq(reader.left, 0);
	ls_buf_done(&buf);
}

/* A copy of the arena's own: the bytes may go. */
Test(codec, what_is_read_does_not_borrow_from_the_bytes)
{
	struct ls_buf buf = written(build(samples[1]));
	struct ls_object *back = NULL;
	size_t left;

	cr_assert_eq(read_back(buf.data, buf.length, &back, &left), 0);
	memset(buf.data, 0xff, buf.length);
	cr_assert_str_eq(((struct ls_link *)back)->parent, "eth0");
	ls_buf_done(&buf);
}

/* Offsets of the head: kind 0, owner 1, flags 2, line 4, column 8, set 12, managed 16, raw length 20. */
static void assert_head_refused(const char *sample, size_t at, uint8_t value, const char *why)
{
	struct ls_buf buf = written(build(sample));
	struct ls_object *back = NULL;
	size_t left;

	buf.data[at] = value;
	cr_assert_eq(read_back(buf.data, buf.length, &back, &left), -EBADMSG, "%s", why);
	ls_buf_done(&buf);
}

Test(codec, a_head_that_makes_no_sense_is_refused)
{
	assert_head_refused("sysctl path=a", 0, 99, "unknown kind");
	assert_head_refused("sysctl path=a", 1, 3, "unknown owner");
	assert_head_refused("sysctl path=a", 12, 0x09, "an attribute that the kind does not have");
	assert_head_refused("sysctl path=a", 12, 0x00, "no key");
	assert_head_refused("sysctl path=a", 16, 0x08, "an attribute managed that the kind does not have");
	assert_head_refused("sysctl path=a", 22, 0x01, "a raw message longer than any");
}

static void assert_value_refused(const char *sample, size_t from_end, uint8_t value, const char *why)
{
	struct ls_buf buf = written(build(sample));
	struct ls_object *back = NULL;
	size_t left;

	buf.data[buf.length - from_end] = value;
	cr_assert_eq(read_back(buf.data, buf.length, &back, &left), -EBADMSG, "%s", why);
	ls_buf_done(&buf);
}

Test(codec, a_value_out_of_range_is_refused)
{
	assert_value_refused("link name=a up=true", 1, 2, "a boolean of 2");
	assert_value_refused("address dev=a address=192.0.2.1/24", 1, 5, "a scope that is none");
	assert_value_refused("sysctl path=abc bare", 1, 0, "a zero in a text");
	assert_value_refused("sysctl path=abc bare", 4, 1, "a text of 2^24 bytes");
	assert_value_refused("address dev=a address=2001:db8::1 bare", 17, 3, "an address family that is none");
}

Test(codec, a_prefix_longer_than_its_family_is_refused)
{
	struct ls_object *object = build("route to=192.0.2.0/24");
	struct ls_object *back = NULL;
	struct ls_buf buf;
	size_t left;

	((struct ls_route *)object)->to.length = 33;
	buf = written(object);
	cr_assert_eq(read_back(buf.data, buf.length, &back, &left), -EBADMSG);
	ls_buf_done(&buf);
}

/* No address of a family keeps bytes that its family does not have: memcmp would tell equal ones apart. */
Test(codec, bytes_beyond_an_ipv4_address_are_refused_or_dropped)
{
	struct ls_object *object = build("address dev=a address=192.0.2.1 bare"), *back = NULL;
	struct ls_buf buf = written(object);
	size_t left;
	int r;

	buf.data[buf.length - 1] = 1;
	r = read_back(buf.data, buf.length, &back, &left);
	cr_assert(r == -EBADMSG || (r == 0 && !ls_object_compare(object, back)));
	ls_buf_done(&buf);
}
