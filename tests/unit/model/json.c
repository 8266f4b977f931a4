/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects as JSON: what is written is read back, and what is wrong is said in words. */
#include "builders.h"
#include "samples.h"

#include <jansson.h>

TestSuite(json);

static const char *const samples[] = {
	"nft_rule chain=forward name=known text='accept' place=2 ours",
	"link name=lo mtu=65536 up=true",
	("link name=v10 type=vlan master=br0 parent=eth0 peer=x mtu=1496 vlan_id=4094 mac=02:00:5e:00:53:01 "
	 "permanent_mac=02:00:5e:00:53:02 up=true stp=true ours"),
	"link name=br0 type=bridge up=false stp=false",
	"link name=vx type=vxlan parent=eth0 vni=16777215 local=192.0.2.1 remote=239.0.0.1 port=4789 learning=true "
	"ttl=255",
	"link name=vx type=vxlan vni=0 local=2001:db8::1 remote=2001:db8::2 port=65535 learning=false ttl=0 ours",
	"link name=blue type=vrf table=4294967295",
	"link name=mv type=macvlan parent=eth0 macvlan_mode=source",
	"link name=bo type=bond bond_mode=802.3ad miimon=100",
	"address dev=eth0 address=192.0.2.1/24 ours",
	"address dev=eth0 address=192.0.2.7/24 scope=global secondary=true",
	"address dev=eth0 address=2001:db8::1/64 derived",
	"address dev=eth0 address=192.0.2.1/32 peer=192.0.2.2 scope=link dynamic=true noprefixroute=true",
	("route to=::/0 table=4294967295 metric=4294967295 tos=255 type=throw dev=eth0 via=2001:db8::1 onlink=true "
	 "src=2001:db8::2 mtu=1280 scope=nowhere protocol=4 nexthops='via 2001:db8::3 dev eth1 weight 2' other='from "
	 "::/0'"),
	"sysctl path=net/ipv4/ip_forward value=1",
	"sysctl path=net/ipv6/conf/eth0.5/accept_ra value=''",
	SAMPLES,
};

static struct ls_object *there_and_back(const struct ls_object *object)
{
	json_t *json = ls_object_to_json(object), *parsed;
	struct ls_object *back = NULL;
	struct ls_error err = { 0 };
	char *text;

	cr_assert_not_null(json);
	text = json_dumps(json, 0);
	parsed = json_loads(text, 0, NULL);
	cr_assert_not_null(parsed, "%s", text);
	cr_assert_eq(
		ls_object_from_json(parsed, object->kind, build_arena(), &back, &err), 0, "%s: %s", text, err.message);
	json_decref(json);
	json_decref(parsed);
	free(text);
	return back;
}

Test(json, what_is_written_is_read_back)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(samples); i++) {
		const struct ls_object *object = build(samples[i]), *back = there_and_back(object);

		cr_assert_eq(back->set, object->set, "%s", samples[i]);
		cr_assert_eq(back->owner, object->owner, "%s", samples[i]);
		for (unsigned k = 0; k < object->kind->n_attrs; k++)
			if (ls_object_has(object, k))
				cr_assert(ls_attr_equal(&object->kind->attrs[k], object, back), "%s: %s", samples[i],
					object->kind->attrs[k].name);
	}
}

Test(json, every_attribute_that_means_something_elsewhere_has_a_sample)
{
	for (size_t k = 0; ls_kinds[k]; k++) {
		uint32_t seen = 0;

		for (size_t i = 0; i < LS_ARRAY_SIZE(samples); i++)
			seen |= build(samples[i])->kind == ls_kinds[k] ? build(samples[i])->set : 0;
		for (unsigned i = 0; i < ls_kinds[k]->n_attrs; i++)
			cr_assert(seen & LS_BIT(i) || ls_kinds[k]->attrs[i].flags & LS_ATTR_HIDDEN, "%s.%s",
				ls_kinds[k]->name, ls_kinds[k]->attrs[i].name);
	}
}

Test(json, what_means_nothing_elsewhere_stays_out)
{
	json_t *json = ls_object_to_json(build("link name=a index=7 carrier=true up=true"));

	cr_assert_null(json_object_get(json, "index"));
	cr_assert_null(json_object_get(json, "carrier"));
	cr_assert_not_null(json_object_get(json, "up"));
	json_decref(json);
	json = ls_object_to_json(
		build("address dev=a address=192.0.2.1/24 tentative=true dadfailed=true secondary=true"));
	cr_assert(json_is_true(json_object_get(json, "secondary")));
	cr_assert_eq(json_object_size(json), 6); /* dev, address, prefix_length, scope, secondary, owner */
	json_decref(json);
}

Test(json, values_have_their_natural_json_types)
{
	json_t *json = ls_object_to_json(build("link name=a mtu=1500 up=true mac=02:00:00:00:00:01 ours"));

	cr_assert(json_is_string(json_object_get(json, "name")));
	cr_assert(json_is_integer(json_object_get(json, "mtu")));
	cr_assert(json_is_true(json_object_get(json, "up")));
	cr_assert_str_eq(json_string_value(json_object_get(json, "mac")), "02:00:00:00:00:01");
	cr_assert_str_eq(json_string_value(json_object_get(json, "owner")), "linkspan");
	json_decref(json);
}

Test(json, a_sysctl_that_is_read_exists_by_itself)
{
	cr_assert_eq(there_and_back(build("sysctl path=net/a value=1"))->flags, LS_OBJECT_ADJUST);
	cr_assert_eq(there_and_back(build("link name=a"))->flags, 0);
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static void assert_refused(const struct ls_kind *kind, const char *text, const char *message)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
	struct ls_object *object = NULL;
	struct ls_error err = { 0 };

	cr_assert_not_null(json, "%s", text);
	cr_assert_eq(ls_object_from_json(json, kind, build_arena(), &object, &err), -EINVAL, "%s", text);
	cr_assert_str_eq(err.message, message);
	cr_assert_null(object);
	json_decref(json);
}

Test(json, what_is_no_json_object_is_refused)
{
	assert_refused(&ls_kind_link, "[]", "a link is not a JSON object");
	assert_refused(&ls_kind_route, "\"default\"", "a route is not a JSON object");
}

Test(json, an_attribute_that_the_kind_does_not_have_is_refused)
{
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"metric\":1}", "a link has no 'metric'");
}

Test(json, an_object_without_its_key_is_refused)
{
	assert_refused(&ls_kind_link, "{\"mtu\":1500}", "a link without 'name'");
	assert_refused(&ls_kind_address, "{\"dev\":\"a\",\"prefix_length\":24}", "a address without 'address'");
	assert_refused(&ls_kind_route, "{\"to\":\"10.0.0.0/8\",\"metric\":0,\"tos\":0}", "a route without 'table'");
}

Test(json, an_owner_that_is_none_is_refused)
{
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"owner\":\"me\"}", "link: bad owner");
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"owner\":2}", "link: bad owner");
}

Test(json, a_value_of_the_wrong_type_is_refused)
{
	assert_refused(&ls_kind_link, "{\"name\":7}", "link: bad value of 'name'");
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"mtu\":\"1500\"}", "link: bad value of 'mtu'");
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"mtu\":1500.0}", "link: bad value of 'mtu'");
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"up\":1}", "link: bad value of 'up'");
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"up\":null}", "link: bad value of 'up'");
}

Test(json, a_value_out_of_range_is_refused)
{
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"mtu\":-1}", "link: bad value of 'mtu'");
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"mtu\":4294967296}", "link: bad value of 'mtu'");
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"vlan_id\":65536}", "link: bad value of 'vlan_id'");
	assert_refused(&ls_kind_link, "{\"name\":\"a\",\"mac\":\"02:00\"}", "link: bad value of 'mac'");
	assert_refused(&ls_kind_address, "{\"dev\":\"a\",\"address\":\"192.0.2\"}", "address: bad value of 'address'");
	assert_refused(&ls_kind_address, "{\"dev\":\"a\",\"address\":\"192.0.2.1\",\"scope\":\"wide\"}",
		"address: bad value of 'scope'");
	assert_refused(&ls_kind_route, "{\"to\":\"10.0.0.0/33\"}", "route: bad value of 'to'");
	assert_refused(&ls_kind_route, "{\"to\":\"default\"}", "route: bad value of 'to'");
}

/* A prefix length that the family does not have would shift bits that are not there. */
Test(json, a_prefix_length_beyond_its_address_is_refused)
{
	json_t *json = json_loads("{\"dev\":\"a\",\"address\":\"192.0.2.1\",\"prefix_length\":64}", 0, NULL);
	struct ls_object *object = NULL;

	cr_assert_lt(ls_object_from_json(json, &ls_kind_address, build_arena(), &object, NULL), 0);
	json_decref(json);
}

/* A destination with host bits is no slot of the kernel: it would never be found again. */
Test(json, a_destination_with_host_bits_is_refused)
{
	json_t *json = json_loads("{\"to\":\"10.0.0.1/8\",\"table\":254,\"metric\":0,\"tos\":0}", 0, NULL);
	struct ls_object *object = NULL;

	cr_assert_lt(ls_object_from_json(json, &ls_kind_route, build_arena(), &object, NULL), 0);
	json_decref(json);
}

/* The kernel's names are bytes. One that is no UTF-8 must not make a snapshot of the host impossible. */
Test(json, a_name_that_is_no_utf8_is_still_written)
{
	json_t *json = ls_object_to_json(build("link name=eth\xff"));

	cr_assert_not_null(json);
	json_decref(json);
}
