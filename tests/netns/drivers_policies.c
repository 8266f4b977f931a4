/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drivers of rules, neighbours, nexthop objects and of routes with several next hops against a real kernel: what
 * linkspan reads is what iproute2 shows, what it makes iproute2 shows as asked for, and what strangers made comes back
 * as it was.
 */
#include "driver_tools.h"

#include "../unit/model/builders.h"

TestSuite(drivers_policies, .init = enter_namespace);

static const char *const addresses = "ip addr add 192.0.2.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0";

static void begin_with_addresses(void)
{
	begin();
	make_pair();
	run("%s", addresses);
	settle();
	dump(LS_DUMP_ALL);
}

static void need_nexthops(void)
{
	if (!run_quietly("ip nexthop add id 4242 blackhole && ip nexthop del id 4242"))
		cr_skip_test("no nexthop objects");
}

static void expect_gone(const struct ls_object *object)
{
	char text[LS_DESCRIBE_MAX];

	dump(LS_DUMP_ALL);
	cr_expect_null(found(object), "%s is there", ls_object_describe(object, text, sizeof(text)));
}

static size_t count_kind(const struct ls_kind *kind)
{
	size_t n = 0;

	ls_set_each (&have, i)
		n += have.objects[i]->kind == kind;
	return n;
}

/* Both files and JSON, of all objects of a kind. */
static void expect_round_trips(const struct ls_kind *kind)
{
	ls_set_each (&have, i)
		if (have.objects[i]->kind == kind)
			expect_round_trip(have.objects[i]);
}

/* Two lists of ip in one. */
#define BOTH(a, b) "echo '['; " a "; echo ,; " b "; echo ']'"
#define RULES BOTH("ip -j -d -4 rule", "ip -j -d -6 rule")

static char *dumped(const json_t *json)
{
	return json_dumps(json, JSON_SORT_KEYS);
}

/* The first thing that ip shows; NULL: nothing. */
static json_t *LS_PRINTF(1, 2) ip_one(const char *format, ...)
{
	char command[512];
	va_list args;
	json_t *list, *one;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	list = ask("ip -j -d -N %s 2>/dev/null", command);
	one = json_incref(json_array_get(list, 0));
	json_decref(list);
	return one;
}

/* A field's text as ip shows it; "-" where there is none; a flag (null) is "+". */
static void expect_field(const json_t *json, const char *name, const char *expected)
{
	const json_t *value = json_object_get(json, name);
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : strdup("-");

	if (json_is_string(value))
		cr_expect_str_eq(json_string_value(value), expected, "%s: %s", name, dumped(json));
	else
		cr_expect_str_eq(json_is_null(value) ? "+" : text, expected, "%s: %s", name, dumped(json));
	free(text);
}

/* "name=value ..." of what ip shows. */
static void expect_shown(json_t *json, const char *fields)
{
	char copy[512], *rest = copy, *word, *value;

	cr_assert_not_null(json, "ip shows nothing; expected %s", fields);
	snprintf(copy, sizeof(copy), "%s", fields);
	while ((word = strsep(&rest, " "))) {
		value = strchr(word, '=');
		cr_assert_not_null(value, "%s", word);
		*value++ = 0;
		expect_field(json, word, value);
	}
	json_decref(json);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All that a command shows, one line a thing, in an order of our own: that of hash tables says nothing. */
static char *shown_by(const char *command)
{
	json_t *list = ask("%s", command), *part, *thing;
	char *lines[64], *text;
	struct ls_buf buf = { 0 };
	size_t i, k, n = 0;

	json_array_foreach(list, i, part) json_array_foreach(part, k, thing)
	{
		cr_assert_lt(n, LS_ARRAY_SIZE(lines));
		lines[n++] = dumped(thing);
	}
	cr_assert_gt(n, 0, "%s", command);
	qsort(lines, n, sizeof(*lines), compare_texts);
	for (i = 0; i < n; i++) {
		(void)ls_buf_printf(&buf, "%s\n", lines[i]);
		free(lines[i]);
	}
	text = strdup((const char *)buf.data);
	ls_buf_done(&buf);
	json_decref(list);
	return text;
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

/* Ours to be: the object, and what ip shows of it. */
static const struct made {
	const char *object, *shown;
} rules[] = {
	{ "rule family=ipv4 priority=7 from=192.0.2.0/24 to=198.51.100.9/32 action=lookup table=200",
		"src=192.0.2.0 srclen=24 dst=198.51.100.9 dstlen=- table=200 protocol=108" },
	{ "rule family=ipv4 priority=8 iif=p0 oif=nowhere0 fwmark=16 fwmask=240 action=lookup table=4294967295",
		"src=all iif=p0 oif=nowhere0 oif_detached=+ fwmark=0x10 fwmask=0xf0 table=4294967295" },
	{ "rule family=ipv4 priority=9 fwmark=0 fwmask=1 action=lookup table=254", "fwmark=0 fwmask=0x1 table=254" },
	{ "rule family=ipv4 priority=10 fwmark=5 fwmask=4294967295 action=prohibit",
		"fwmark=0x5 fwmask=- action=8 table=-" },
	{ "rule family=ipv4 priority=11 uid_start=0 uid_end=0 action=lookup table=5 suppress_prefix_length=0",
		"uid_start=0 uid_end=0 suppress_prefixlen=0" },
	{ "rule family=ipv4 priority=12 invert=true from=10.0.0.0/8 action=blackhole", "not=+ src=10.0.0.0 action=6" },
	{ "rule family=ipv4 priority=0 iif=lo action=unreachable", "priority=0 iif=lo action=7" },
	{ "rule family=ipv4 priority=4294967295 action=lookup table=7", "priority=4294967295 table=7" },
	{ "rule family=ipv4 priority=13 l3mdev=true action=lookup", "l3mdev=+ table=-" },
	{ "rule family=ipv6 priority=7 from=2001:db8::/32 to=2001:db8:1::1/128 action=lookup table=300",
		"src=2001:db8:: srclen=32 dst=2001:db8:1::1 table=300 protocol=108" },
	{ "rule family=ipv6 priority=8 invert=true iif=p0 fwmark=1 fwmask=1 action=unreachable",
		"not=+ iif=p0 fwmark=0x1 fwmask=0x1 action=7" },
	{ "rule family=ipv6 priority=9 uid_start=5 uid_end=4294967294 action=lookup table=254 "
	  "suppress_prefix_length=128",
		"uid_start=5 uid_end=4294967294 suppress_prefixlen=128" },
};

Test(drivers_policies, rules_are_made_as_asked_for_and_deleted)
{
	begin();
	make_pair();
	for (size_t i = 0; i < LS_ARRAY_SIZE(rules); i++) {
		struct ls_object *rule = build(rules[i].object);
		const struct ls_rule *want = (const struct ls_rule *)rule;
		json_t *before = ask(RULES), *after;

		succeed(LS_OP_ADD, NULL, rule);
		expect_ours(rule);
		expect_round_trip(found(rule));
		/* Of priority 0, the kernel's own comes first. */
		expect_shown(want->priority ? ip_one("-%d rule show pref %u", want->family ? 6 : 4, want->priority)
					    : ip_one("-4 rule show pref 0 iif lo"),
			rules[i].shown);
		fail_with(-EEXIST, LS_OP_ADD, NULL, rule);
		succeed(LS_OP_DELETE, found(rule), NULL);
		expect_gone(rule);
		fail_with(-ENOENT, LS_OP_DELETE, rule, NULL);
		after = ask(RULES);
		cr_expect(json_equal(before, after), "%s: %s", rules[i].object, dumped(after));
		json_decref(before);
		json_decref(after);
	}
	end();
}

/* The list of rules is ip's, in its own order. */
static const struct ls_rule *rule_like(const json_t *theirs, uint8_t family)
{
	ls_set_each (&have, i) {
		const struct ls_rule *ours = (const struct ls_rule *)have.objects[i];
		const char *table = text_of(theirs, "table");

		if (have.objects[i]->kind == &ls_kind_rule && ours->family == family &&
			ours->priority == number_of(theirs, "priority") && ours->table == strtoul(table, NULL, 10))
			return ours;
	}
	return NULL;
}

static size_t expect_same_rules(uint8_t family)
{
	json_t *list = ask("ip -j -d -N -%d rule", family ? 6 : 4), *theirs;
	size_t i, n = json_array_size(list);

	json_array_foreach(list, i, theirs)
	{
		const struct ls_rule *ours = rule_like(theirs, family);

		cr_assert_not_null(ours, "%s", dumped(theirs));
		cr_expect_str_eq(ours->iif ? ours->iif : "", text_of(theirs, "iif"));
		cr_expect_str_eq(ours->oif ? ours->oif : "", text_of(theirs, "oif"));
		cr_expect_eq(ours->invert, json_object_get(theirs, "not") != NULL);
		cr_expect_eq(ours->l3mdev, json_object_get(theirs, "l3mdev") != NULL);
		cr_expect_eq(ours->from.length, number_of(theirs, "srclen"));
		cr_expect_eq(ours->fwmark, strtoul(text_of(theirs, "fwmark"), NULL, 0));
		cr_expect_eq(ours->uid_end, number_of(theirs, "uid_end"));
		cr_expect_eq(ours->protocol, strtoul(text_of(theirs, "protocol"), NULL, 10), "%s", dumped(theirs));
		cr_expect_eq(ours->object.owner, ours->protocol == 2 ? LS_OWNER_DERIVED : LS_OWNER_FOREIGN);
	}
	json_decref(list);
	return n;
}

static const struct ls_rule *rule_at(uint32_t priority)
{
	ls_set_each (&have, i)
		if (have.objects[i]->kind == &ls_kind_rule &&
			((const struct ls_rule *)have.objects[i])->priority == priority)
			return (const struct ls_rule *)have.objects[i];
	cr_assert_fail("no rule of priority %u", priority);
	return NULL;
}

static const char *const foreign_rules =
	"ip rule add from 192.0.2.0/24 iif p0 table 100 pref 21 proto static && "
	"ip rule add not fwmark 1/0x10 oif p1 uidrange 5-9 table 101 suppress_prefixlength 3 pref 22 proto bird && "
	"ip rule add tos 0x10 table 102 pref 23 && ip rule add ipproto tcp sport 80-90 dport 443 table 103 pref 24 && "
	"ip rule add goto 32766 pref 25 && ip rule add table 104 suppress_ifgroup 7 pref 26 && "
	"ip rule add realms 5 table 105 pref 27 && ip rule add l3mdev pref 28 && "
	"ip -6 rule add from 2001:db8:5::/48 ipproto udp table 100 pref 21 && ip -6 rule add goto 32766 pref 22";

Test(drivers_policies, dump_of_rules_is_what_ip_shows)
{
	static const struct {
		uint32_t priority;
		const char *other;
	} others[] = { { 23, "tos 0x10" }, { 24, "ipproto 06 sport 50005a00 dport bb01bb01" },
		{ 26, "suppress_ifgroup 07000000" } };

	begin();
	make_pair();
	run("%s", foreign_rules);
	dump(LS_BIT(LS_KIND_RULE));
	cr_expect_eq(have.n_objects, expect_same_rules(LS_FAMILY_IPV4) + expect_same_rules(LS_FAMILY_IPV6));
	for (size_t i = 0; i < LS_ARRAY_SIZE(others); i++)
		cr_expect(!strncmp(rule_at(others[i].priority)->other, others[i].other, strlen(others[i].other)), "%s",
			rule_at(others[i].priority)->other); /* 6.15 and later tell masks of ports, too */
	cr_expect_eq(rule_at(25)->action, LS_RULE_OTHER_ACTION);
	cr_expect_not_null(strstr(rule_at(25)->other, "goto"), "%s", rule_at(25)->other);
	cr_expect_not_null(strstr(rule_at(27)->other, "realms"));
	cr_expect_not(ls_object_has(&rule_at(21)->object, LS_RULE_OTHER));
	expect_round_trips(&ls_kind_rule);
	end();
}

/* rule_exists and rule_find look at the protocol. */
Test(drivers_policies, a_stranger_who_has_the_same_rule_keeps_it)
{
	struct ls_object *rule = build("rule family=ipv4 priority=21 from=192.0.2.0/24 action=lookup table=100");

	begin();
	run("ip rule add from 192.0.2.0/24 table 100 pref 21 proto static");
	fail_with(-ENOENT, LS_OP_DELETE, rule, NULL);
	succeed(LS_OP_ADD, NULL, rule);
	succeed(LS_OP_DELETE, rule, NULL);
	fail_with(-ENOENT, LS_OP_DELETE, rule, NULL);
	expect_shown(ip_one("rule show pref 21"), "protocol=4 table=100");
	end();
}

/* The reason why the planner has some rules go first: see plan/rules.c. */
Test(drivers_policies, a_rule_that_asks_for_less_or_the_opposite_is_taken_for_the_one_that_is_there)
{
	static const char *const taken[] = { "rule family=ipv4 priority=21 to=10.0.0.0/8 action=lookup table=100",
		"rule family=ipv4 priority=21 from=192.0.2.0/24 action=lookup table=100",
		"rule family=ipv4 priority=21 action=lookup table=100",
		"rule family=ipv4 priority=21 invert=true from=192.0.2.0/24 to=10.0.0.0/8 action=lookup table=100" };
	static const char *const others[] = {
		"rule family=ipv4 priority=21 from=192.0.2.0/25 to=10.0.0.0/8 action=lookup table=100",
		"rule family=ipv4 priority=21 iif=p0 from=192.0.2.0/24 to=10.0.0.0/8 action=lookup table=100",
		"rule family=ipv4 priority=21 from=192.0.2.0/24 to=10.0.0.0/8 action=lookup table=101",
		"rule family=ipv4 priority=21 fwmark=1 fwmask=1 action=lookup table=100",
		"rule family=ipv4 priority=21 action=lookup table=100 suppress_prefix_length=5",
		"rule family=ipv4 priority=21 action=blackhole", "rule family=ipv4 priority=22 action=lookup table=100"
	};

	begin();
	succeed(LS_OP_ADD, NULL,
		build("rule family=ipv4 priority=21 from=192.0.2.0/24 to=10.0.0.0/8 action=lookup table=100"));
	for (size_t i = 0; i < LS_ARRAY_SIZE(taken); i++)
		fail_with(-EEXIST, LS_OP_ADD, NULL, build(taken[i]));
	for (size_t i = 0; i < LS_ARRAY_SIZE(others); i++)
		succeed(LS_OP_ADD, NULL, build(others[i]));
	end();
}

/* With our mark, but of somebody else's making: what linkspan has no word for is in the message all the same. */
Test(drivers_policies, rules_with_words_of_others_go_and_come_back_by_the_message_kept)
{
	static const uint32_t priorities[] = { 21, 22, 23, 24, 25 };
	struct ls_object *kept[LS_ARRAY_SIZE(priorities)];
	char *before, *after;

	begin();
	run("ip rule add from 192.0.2.0/24 table 100 pref 21 proto 108 && "
	    "ip rule add from 192.0.2.0/24 tos 0x10 table 100 pref 21 proto 108 && "
	    "ip rule add ipproto tcp sport 80-90 dport 443 iif nowhere0 table 103 pref 22 proto 108 && "
	    "ip rule add goto 32766 pref 23 proto 108 && ip rule add table 104 suppress_ifgroup 7 pref 24 proto 108 && "
	    "ip rule add not tos 0x10 fwmark 1/3 uidrange 1-2 table 105 pref 25 proto 108");
	dump(LS_DUMP_ALL);
	before = shown_by(RULES);
	for (size_t i = 0; i < LS_ARRAY_SIZE(priorities); i++) {
		kept[i] = NULL;
		ls_set_each (&have, k)
			if (have.objects[k]->kind == &ls_kind_rule && ls_object_has(have.objects[k], LS_RULE_OTHER) &&
				((const struct ls_rule *)have.objects[k])->priority == priorities[i])
				kept[i] = ls_object_copy(build_arena(), have.objects[k]);
		cr_assert_not_null(kept[i], "%u", priorities[i]);
		succeed(LS_OP_DELETE, kept[i], NULL);
		fail_with(-ENOENT, LS_OP_DELETE, kept[i], NULL);
	}
	expect_shown(ip_one("rule show pref 21"), "tos=- src=192.0.2.0");
	for (size_t i = 0; i < LS_ARRAY_SIZE(priorities); i++)
		succeed(LS_OP_ADD, NULL, kept[i]);
	after = shown_by(RULES);
	cr_expect_str_eq(before, after, "%s\n%s", before, after);
	free(before);
	free(after);
	end();
}

Test(drivers_policies, strangers_of_the_same_priority_stay_when_ours_goes)
{
	struct ls_object *rule = build("rule family=ipv4 priority=21 action=lookup table=100");
	json_t *before, *after;

	begin();
	run("ip rule add from 192.0.2.0/24 table 100 pref 21 && ip rule add from 192.0.2.0/24 tos 0x10 table 100 pref "
	    "21 "
	    "proto static");
	before = ask("ip -j -d rule");
	succeed(LS_OP_ADD, NULL, rule);
	succeed(LS_OP_DELETE, rule, NULL);
	after = ask("ip -j -d rule");
	cr_expect(json_equal(before, after), "%s", dumped(after));
	json_decref(before);
	json_decref(after);
	end();
}

Test(drivers_policies, rules_are_never_changed_in_place)
{
	struct ls_object *rule = build("rule family=ipv4 priority=21 action=lookup table=100");
	struct nl_msg *message;

	begin();
	cr_expect_eq(ls_kernel_encode(kernel, LS_OP_REPLACE, rule, rule, &message, &failure), -EINVAL);
	cr_expect_eq(ls_kernel_encode(kernel, LS_OP_ADD, NULL, build("rule family=ipv4 priority=5 action=other"),
			     &message, &failure),
		-EINVAL);
	cr_expect_eq(ls_kernel_encode(kernel, LS_OP_ADD, NULL,
			     build("rule family=ipv4 priority=5 action=lookup table=5 other='tos 0x10'"), &message,
			     &failure),
		-EINVAL);
	end();
}

/* ---- neighbours -------------------------------------------------------------------------------------------------- */

static const struct made neighbours[] = {
	{ "neighbour dev=p0 address=192.0.2.9 mac=02:00:00:00:00:09",
		"lladdr=02:00:00:00:00:09 router=- protocol=108" },
	{ "neighbour dev=p0 address=2001:db8::9 mac=02:00:00:00:00:0a router=true",
		"lladdr=02:00:00:00:00:0a router=+ protocol=108" },
	{ "neighbour dev=p0 address=203.0.113.9 proxy=true", "proxy=+ protocol=108" },
	{ "neighbour dev=p0 address=2001:db8:5::9 proxy=true", "proxy=+ protocol=108" },
};

static json_t *ip_neighbour(const struct ls_object *object)
{
	const struct ls_neighbour *neighbour = (const struct ls_neighbour *)object;
	char text[LS_IP_TEXT_MAX];

	return ip_one("neigh show %s%s dev %s", neighbour->proxy ? "proxy " : "",
		ls_ip_format(&neighbour->address, text), neighbour->dev);
}

Test(drivers_policies, neighbours_are_made_as_asked_for_and_deleted)
{
	begin_with_addresses();
	for (size_t i = 0; i < LS_ARRAY_SIZE(neighbours); i++) {
		struct ls_object *neighbour = build(neighbours[i].object);

		succeed(LS_OP_ADD, NULL, neighbour);
		expect_ours(neighbour);
		expect_round_trip(found(neighbour));
		expect_shown(ip_neighbour(neighbour), neighbours[i].shown);
		succeed(LS_OP_DELETE, found(neighbour), NULL);
		expect_gone(neighbour);
		fail_with(-ENOENT, LS_OP_DELETE, neighbour, NULL);
	}
	end();
}

Test(drivers_policies, neighbours_are_changed_in_place)
{
	struct ls_object *first = build("neighbour dev=p0 address=2001:db8::9 mac=02:00:00:00:00:0a"),
			 *second = build("neighbour dev=p0 address=2001:db8::9 mac=02:00:00:00:00:0b router=true");

	begin_with_addresses();
	succeed(LS_OP_ADD, NULL, first);
	succeed(LS_OP_CHANGE, first, second);
	expect_ours(second);
	expect_shown(ip_neighbour(second), "lladdr=02:00:00:00:00:0b router=+");
	succeed(LS_OP_CHANGE, second, first);
	expect_ours(first);
	expect_shown(ip_neighbour(first), "lladdr=02:00:00:00:00:0a router=-");
	end();
}

/* What the kernel learns is no object, and a static entry takes its place. */
Test(drivers_policies, learned_entries_are_no_objects)
{
	struct ls_object *neighbour = build("neighbour dev=p0 address=192.0.2.9 mac=02:00:00:00:00:09");

	begin_with_addresses();
	run("ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:99 dev p0 nud reachable && "
	    "ip neigh add 192.0.2.10 lladdr 02:00:00:00:00:99 dev p0 nud stale && "
	    "ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:99 dev p0 nud delay && "
	    "ip neigh add 192.0.2.11 dev p0 nud failed; ip neigh add 192.0.2.12 lladdr 02:00:00:00:00:12 dev p0 nud "
	    "noarp");
	dump(LS_DUMP_ALL);
	cr_expect_eq(count_kind(&ls_kind_neighbour), 0);
	succeed(LS_OP_ADD, NULL, neighbour);
	expect_ours(neighbour);
	end();
}

static const char *const foreign_neighbours =
	"ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev p0 && "
	"ip neigh add 192.0.2.10 lladdr 02:00:00:00:00:10 dev p0 protocol static && "
	"ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev p0 router protocol bird && "
	"ip neigh add proxy 203.0.113.9 dev p0 && ip neigh add proxy 203.0.113.10 dev p1 protocol static && "
	"ip neigh add proxy 2001:db8:5::9 dev p0 router";

Test(drivers_policies, dump_of_neighbours_is_what_ip_shows)
{
	static const char *const dumps[] = { "neigh show nud permanent", "neigh show proxy" };
	json_t *list, *theirs;
	size_t i, n = 0;

	begin_with_addresses();
	run("%s", foreign_neighbours);
	dump(LS_BIT(LS_KIND_LINK) | LS_BIT(LS_KIND_NEIGHBOUR));
	for (size_t k = 0; k < LS_ARRAY_SIZE(dumps); k++) {
		list = ask("ip -j -d -N %s", dumps[k]);
		json_array_foreach(list, i, theirs)
		{
			char key[256], mac[LS_MAC_TEXT_MAX];
			const struct ls_neighbour *ours;

			snprintf(key, sizeof(key), "neighbour dev=%s address=%s%s", text_of(theirs, "dev"),
				text_of(theirs, "dst"), k ? " proxy=true" : "");
			ours = (const struct ls_neighbour *)found(build(key));
			cr_assert_not_null(ours, "%s", key);
			cr_expect_str_eq(k ? "" : ls_mac_format(&ours->mac, mac), text_of(theirs, "lladdr"));
			cr_expect_eq(ours->router, json_object_get(theirs, "router") != NULL, "%s", key);
			cr_expect_eq(ours->protocol, strtoul(text_of(theirs, "protocol"), NULL, 10), "%s", key);
			cr_expect_eq(ours->object.owner, LS_OWNER_FOREIGN);
			n++;
		}
		json_decref(list);
	}
	cr_expect_eq(n, 6);
	cr_expect_eq(count_kind(&ls_kind_neighbour), n);
	expect_round_trips(&ls_kind_neighbour);
	end();
}

/* ---- putting back ------------------------------------------------------------------------------------------------ */

static void put_back(const struct ls_kind *kind)
{
	ls_set_each (&have, i)
		if (have.objects[i]->kind == kind && have.objects[i]->owner == LS_OWNER_FOREIGN)
			succeed(LS_OP_ADD, NULL, have.objects[i]);
}

/* Looks, loses everything by `command`, puts it back, and looks again. */
static void expect_put_back(const struct ls_kind *kind, const char *show, const char *command)
{
	char *before, *after;

	dump(LS_DUMP_ALL);
	before = shown_by(show);
	run("%s", command);
	put_back(kind);
	after = shown_by(show);
	cr_expect_str_eq(before, after, "%s\n%s", before, after);
	free(before);
	free(after);
}

#define NEIGHBOURS BOTH("ip -j -d neigh show nud permanent", "ip -j -d neigh show proxy")

Test(drivers_policies, foreign_neighbours_come_back_as_they_were)
{
	begin_with_addresses();
	run("%s", foreign_neighbours);
	expect_put_back(&ls_kind_neighbour, NEIGHBOURS,
		"ip neigh flush nud permanent && ip neigh del proxy 203.0.113.9 dev p0 && "
		"ip neigh del proxy 203.0.113.10 dev p1 && ip neigh del proxy 2001:db8:5::9 dev p0");
	end();
}

Test(drivers_policies, neighbours_come_back_though_their_link_has_a_new_index)
{
	struct ls_object *neighbour = build("neighbour dev=p0 address=192.0.2.10"), *kept;

	begin_with_addresses();
	run("%s", foreign_neighbours);
	dump(LS_DUMP_ALL);
	kept = ls_object_copy(build_arena(), found(neighbour));
	run("ip link del p0 && ip link add p7 type veth peer name p8");
	make_pair();
	succeed(LS_OP_ADD, NULL, kept);
	expect_shown(ip_neighbour(neighbour), "lladdr=02:00:00:00:00:10 protocol=4");
	end();
}

Test(drivers_policies, displaced_neighbour_is_given_back)
{
	struct ls_object *want = build("neighbour dev=p0 address=192.0.2.10 mac=02:00:00:00:00:77"), *foreign;

	begin_with_addresses();
	run("%s", foreign_neighbours);
	dump(LS_DUMP_ALL);
	foreign = found(want);
	succeed(LS_OP_CHANGE, foreign, want);
	expect_shown(ip_neighbour(want), "lladdr=02:00:00:00:00:77 protocol=108");
	succeed(LS_OP_CHANGE, want, foreign);
	expect_shown(ip_neighbour(want), "lladdr=02:00:00:00:00:10 protocol=4");
	end();
}

/* ---- nexthop objects --------------------------------------------------------------------------------------------- */

static const struct made nexthops[] = {
	{ "nexthop id=1 type=single family=ipv4 via=192.0.2.9 dev=p0",
		"gateway=192.0.2.9 dev=p0 protocol=108 flags=[]" },
	{ "nexthop id=4294967295 type=single family=ipv4 via=203.0.113.9 dev=p0 onlink=true",
		"gateway=203.0.113.9 flags=[\"onlink\"]" },
	{ "nexthop id=3 type=single family=ipv6 via=2001:db8::9 dev=p0", "gateway=2001:db8::9 dev=p0 protocol=108" },
	{ "nexthop id=4 type=single family=ipv6 dev=p1", "gateway=- dev=p1" },
	{ "nexthop id=5 type=blackhole family=ipv4", "blackhole=+ dev=- protocol=108" },
	{ "nexthop id=6 type=blackhole family=ipv6", "blackhole=+ protocol=108" },
	{ "nexthop id=7 type=group members='100*1 101*3 102*256'", "protocol=108 type=-" },
};

static json_t *ip_nexthop(const struct ls_object *object)
{
	return ip_one("nexthop get id %u", ((const struct ls_nexthop *)object)->id);
}

static void begin_with_members(void)
{
	begin_with_addresses();
	need_nexthops();
	for (uint32_t i = 100; i < 103; i++)
		run("ip nexthop add id %u via 192.0.2.%u dev p0", i, i);
}

Test(drivers_policies, nexthops_are_made_as_asked_for_and_deleted)
{
	begin_with_members();
	for (size_t i = 0; i < LS_ARRAY_SIZE(nexthops); i++) {
		struct ls_object *nexthop = build(nexthops[i].object);

		fail_with(-ENOENT, LS_OP_REPLACE, nexthop, nexthop);
		succeed(LS_OP_ADD, NULL, nexthop);
		expect_ours(nexthop);
		expect_round_trip(found(nexthop));
		expect_shown(ip_nexthop(nexthop), nexthops[i].shown);
		fail_with(-EEXIST, LS_OP_ADD, NULL, nexthop);
		succeed(LS_OP_DELETE, found(nexthop), NULL);
		expect_gone(nexthop);
		fail_with(-ENOENT, LS_OP_DELETE, nexthop, NULL);
	}
	end();
}

Test(drivers_policies, members_and_weights_are_those_asked_for)
{
	struct ls_object *group = build("nexthop id=7 type=group members='100*1 101*3 102*256'");
	json_t *shown, *list;

	begin_with_members();
	succeed(LS_OP_ADD, NULL, group);
	shown = ip_nexthop(group);
	list = json_object_get(shown, "group");
	cr_assert_eq(json_array_size(list), 3);
	cr_expect_eq(number_of(json_array_get(list, 1), "id"), 101);
	cr_expect_eq(number_of(json_array_get(list, 1), "weight"), 3);
	cr_expect_eq(number_of(json_array_get(list, 2), "weight"), 256);
	json_decref(shown);
	end();
}

/* From, to, what ip then shows. */
static const struct {
	const char *from, *to, *shown;
} replacements[] = {
	{ "nexthop id=1 type=single family=ipv4 via=192.0.2.9 dev=p0",
		"nexthop id=1 type=single family=ipv4 via=192.0.2.8 dev=p0", "gateway=192.0.2.8 dev=p0" },
	{ "nexthop id=1 type=single family=ipv4 via=192.0.2.9 dev=p0",
		"nexthop id=1 type=single family=ipv4 via=203.0.113.9 dev=p1 onlink=true",
		"gateway=203.0.113.9 dev=p1 flags=[\"onlink\"]" },
	{ "nexthop id=1 type=single family=ipv6 dev=p1", "nexthop id=1 type=single family=ipv6 via=2001:db8::9 dev=p0",
		"gateway=2001:db8::9 dev=p0" },
	{ "nexthop id=1 type=group members='100*1 101*3'", "nexthop id=1 type=group members='102*2'", "protocol=108" },
};

Test(drivers_policies, nexthops_are_replaced_in_one_message_and_their_routes_stay)
{
	begin_with_members();
	for (size_t i = 0; i < LS_ARRAY_SIZE(replacements); i++) {
		struct ls_object *from = build(replacements[i].from), *to = build(replacements[i].to);
		bool ipv6 = strstr(replacements[i].from, "ipv6");

		succeed(LS_OP_ADD, NULL, from);
		run("ip %s nhid 1", ipv6 ? "-6 route add 2001:db8:9::/48" : "route add 10.9.0.0/16");
		succeed(LS_OP_REPLACE, from, to);
		expect_ours(to);
		expect_shown(ip_nexthop(to), replacements[i].shown);
		expect_shown(ip_one("%s", ipv6 ? "-6 route show 2001:db8:9::/48" : "route show 10.9.0.0/16"), "nhid=1");
		succeed(LS_OP_DELETE, to, NULL);
		cr_expect_null(ip_one("%s", ipv6 ? "-6 route show 2001:db8:9::/48" : "route show 10.9.0.0/16"));
	}
	end();
}

/* The reasons for class RECREATE. */
Test(drivers_policies, a_single_nexthop_becomes_no_group_in_place)
{
	struct ls_object *single = build("nexthop id=1 type=single family=ipv4 via=192.0.2.9 dev=p0"),
			 *group = build("nexthop id=1 type=group members='100*1'");

	begin_with_members();
	succeed(LS_OP_ADD, NULL, single);
	fail_with(-EINVAL, LS_OP_REPLACE, single, group);
	cr_expect_eq(ls_object_change(&ls_kind_nexthop, LS_BIT(LS_NEXTHOP_TYPE)), LS_CHANGE_RECREATE);
	end();
}

static const char *const foreign_nexthops =
	"ip nexthop add id 1 via 192.0.2.9 dev p0 && ip nexthop add id 2 via 203.0.113.9 dev p0 onlink proto static && "
	"ip nexthop add id 3 via 2001:db8::9 dev p0 proto bird && ip -6 nexthop add id 4 dev p1 && "
	"ip nexthop add id 5 blackhole && ip -6 nexthop add id 6 blackhole proto static && "
	"ip nexthop add id 7 dev p1 && ip nexthop add id 8 via 192.0.2.8 fdb && "
	"ip nexthop add id 20 group 2,200/1,3 proto static && ip nexthop add id 21 group 5 && "
	"ip nexthop add id 22 group 8 fdb";
static const char *const more_nexthops = "ip nexthop add id 9 encap ip id 9 dst 192.0.2.3 dev p0";
static const char *const resilient = "ip nexthop add id 23 group 2/1,3 type resilient buckets 16 idle_timer 7 "
				     "unbalanced_timer 50";

static const struct ls_nexthop *nexthop_at(uint32_t id)
{
	struct ls_nexthop key = { .object = { .kind = &ls_kind_nexthop }, .id = id };
	const struct ls_nexthop *there = (const struct ls_nexthop *)found(&key.object);

	cr_assert_not_null(there, "no nexthop %u", id);
	return there;
}

static void expect_same_nexthop(const json_t *theirs)
{
	const struct ls_nexthop *ours = nexthop_at((uint32_t)number_of(theirs, "id"));
	char via[LS_IP_TEXT_MAX];

	cr_expect_str_eq(ours->dev ? ours->dev : "", text_of(theirs, "dev"));
	cr_expect_str_eq(
		ours->via.family ? ls_ip_format(&ours->via, via) : "", text_of(theirs, "gateway"), "%u", ours->id);
	cr_expect_eq(ours->type == LS_NEXTHOP_GROUP, json_object_get(theirs, "group") != NULL, "%u", ours->id);
	cr_expect_eq(ours->type == LS_NEXTHOP_BLACKHOLE, json_object_get(theirs, "blackhole") != NULL, "%u", ours->id);
	cr_expect_eq(ours->onlink, json_array_size(json_object_get(theirs, "flags")) > 0, "%u", ours->id);
	cr_expect_eq(ours->protocol, strtoul(text_of(theirs, "protocol"), NULL, 10), "%u", ours->id);
	cr_expect_eq(ours->object.owner, LS_OWNER_FOREIGN);
}

Test(drivers_policies, dump_of_nexthops_is_what_ip_shows)
{
	json_t *list, *theirs;
	bool is_resilient;
	size_t i;

	begin_with_addresses();
	need_nexthops();
	run("%s && %s", foreign_nexthops, more_nexthops);
	is_resilient = run_quietly(resilient);
	dump(LS_BIT(LS_KIND_LINK) | LS_BIT(LS_KIND_NEXTHOP));
	list = ask("ip -j -d -N nexthop");
	json_array_foreach(list, i, theirs) expect_same_nexthop(theirs);
	cr_expect_eq(count_kind(&ls_kind_nexthop), i);
	cr_expect_eq(i, 12u + is_resilient);
	cr_expect_str_eq(nexthop_at(20)->members, "1*3 2*200");
	cr_expect_eq(nexthop_at(6)->family, LS_FAMILY_IPV6);
	cr_expect_not(ls_object_has(&nexthop_at(20)->object, LS_NEXTHOP_OTHER));
	cr_expect(ls_object_has(&nexthop_at(8)->object, LS_NEXTHOP_OTHER), "fdb");
	cr_expect(ls_object_has(&nexthop_at(9)->object, LS_NEXTHOP_OTHER), "encap");
	if (is_resilient)
		cr_expect_not_null(strstr(nexthop_at(23)->other, "buckets 16 idle_timer 700 unbalanced_timer 5000"),
			"%s", nexthop_at(23)->other);
	expect_round_trips(&ls_kind_nexthop);
	json_decref(list);
	end();
}

#define NEXTHOPS BOTH("ip -j -d nexthop", "echo []")

Test(drivers_policies, foreign_nexthops_come_back_as_they_were)
{
	begin_with_addresses();
	need_nexthops();
	run("%s && %s", foreign_nexthops, more_nexthops);
	/* Members first, as the planner has them. */
	expect_put_back(&ls_kind_nexthop, NEXTHOPS, "ip nexthop flush");
	end();
}

Test(drivers_policies, resilient_groups_come_back_as_they_were)
{
	begin_with_addresses();
	need_nexthops();
	run("%s", foreign_nexthops);
	if (!run_quietly(resilient))
		cr_skip_test("no resilient groups");
	expect_put_back(&ls_kind_nexthop, NEXTHOPS, "ip nexthop flush");
	end();
}

/* unbalanced_time goes on by itself while flows hold on to their buckets. */
Test(drivers_policies, a_resilient_group_out_of_balance_looks_the_same_at_every_look)
{
	struct ls_object *first;

	begin_with_addresses();
	need_nexthops();
	run("%s", foreign_nexthops);
	if (!run_quietly("ip nexthop add id 23 group 2/3 type resilient buckets 8 idle_timer 0 unbalanced_timer 0") ||
		!run_quietly("ip nexthop replace id 23 group 2,255/3 type resilient idle_timer 500"))
		cr_skip_test("no resilient groups");
	dump(LS_DUMP_ALL);
	first = ls_object_copy(build_arena(), &nexthop_at(23)->object);
	usleep(1100000);
	dump(LS_DUMP_ALL);
	cr_expect_eq(ls_object_diff(first, &nexthop_at(23)->object), 0);
	end();
}

Test(drivers_policies, displaced_nexthop_is_given_back)
{
	static const char *const wants[] = { "nexthop id=2 type=single family=ipv4 via=192.0.2.7 dev=p0",
		"nexthop id=3 type=single family=ipv6 via=2001:db8::7 dev=p0",
		"nexthop id=20 type=group members='2*7'" };
	char *before, *after;

	begin_with_addresses();
	need_nexthops();
	run("%s", foreign_nexthops);
	before = shown_by(NEXTHOPS);
	for (size_t i = 0; i < LS_ARRAY_SIZE(wants); i++) {
		struct ls_object *want = build(wants[i]), *foreign;

		dump(LS_DUMP_ALL);
		foreign = ls_object_copy(build_arena(), found(want));
		succeed(LS_OP_REPLACE, foreign, want);
		dump(LS_DUMP_ALL);
		cr_expect_eq(ls_object_diff(want, found(want)), 0, "%s", wants[i]);
		succeed(LS_OP_REPLACE, want, foreign);
	}
	after = shown_by(NEXTHOPS);
	cr_expect_str_eq(before, after, "%s\n%s", before, after);
	free(before);
	free(after);
	end();
}

Test(drivers_policies, nexthops_need_a_link_with_carrier)
{
	struct ls_object *nexthop = build("nexthop id=1 type=single family=ipv4 via=192.0.2.9 dev=p0");

	begin_with_addresses();
	need_nexthops();
	run("ip link set p1 down");
	fail_with(-ENETDOWN, LS_OP_ADD, NULL, nexthop);
	end();
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

#define HOP_A "via 192.0.2.9 dev p0 weight 1"
#define HOP_B "via 192.0.2.8 dev p0 weight 256"

Test(drivers_policies, ipv4_multipath_routes_are_made_replaced_and_deleted)
{
	struct ls_object *first = build("route to=10.1.0.0/16 nexthops='" HOP_A ", " HOP_B "'"),
			 *second = build("route to=10.1.0.0/16 nexthops='via 192.0.2.7 dev p0 weight 2, " HOP_B "'"),
			 *single = build("route to=10.1.0.0/16 via=192.0.2.9 dev=p0");
	json_t *route;

	begin_with_addresses();
	succeed(LS_OP_ADD, NULL, first);
	expect_ours(first);
	expect_round_trip(found(first));
	route = ip_one("route show 10.1.0.0/16");
	cr_assert_eq(json_array_size(json_object_get(route, "nexthops")), 2);
	cr_expect_eq(number_of(pick(json_object_get(route, "nexthops"), "gateway", "192.0.2.8"), "weight"), 256);
	json_decref(route);
	fail_with(-EEXIST, LS_OP_ADD, NULL, second);
	succeed(LS_OP_REPLACE, first, second);
	expect_ours(second);
	succeed(LS_OP_REPLACE, second, single);
	expect_ours(single);
	succeed(LS_OP_REPLACE, single, first);
	succeed(LS_OP_DELETE, first, NULL);
	expect_gone(first);
	end();
}

/* Hops on the link, without an address, and of the other family. */
Test(drivers_policies, hops_of_every_sort_are_made)
{
	static struct ls_hop hops[] = { { .dev = "p1", .weight = 1 }, { .dev = "p0", .weight = 2, .onlink = 1 },
		{ .dev = "p0", .weight = 3 } };
	struct ls_object *object = build("route to=10.1.0.0/16 nexthops=''");

	begin_with_addresses();
	hops[1].via = ip("203.0.113.9");
	hops[2].via = ip("2001:db8::9");
	((struct ls_route *)object)->hops = (struct ls_hops){ .n = 3, .hops = hops };
	ls_hops_sort(&((struct ls_route *)object)->hops);
	succeed(LS_OP_ADD, NULL, object);
	expect_ours(object);
	succeed(LS_OP_DELETE, object, NULL);
	expect_gone(object);
	end();
}

static const struct ls_route *sibling(const char *via)
{
	struct ls_ip address = ip(via);

	ls_set_each (&have, i) {
		const struct ls_route *route = (const struct ls_route *)have.objects[i];

		if (have.objects[i]->kind == &ls_kind_route && route->to.length == 48 &&
			!memcmp(&route->via, &address, sizeof(address)))
			return route;
	}
	return NULL;
}

Test(drivers_policies, ipv6_next_hops_come_and_go_one_by_one)
{
	struct ls_object *first = build("route to=2001:db8:1::/48 via=2001:db8::9 dev=p0 sibling"),
			 *second = build("route to=2001:db8:1::/48 via=2001:db8::8 dev=p0 weight=256 sibling"),
			 *third = build("route to=2001:db8:1::/48 via=fe80::7 dev=p1 weight=2 sibling");

	begin_with_addresses();
	succeed(LS_OP_ADD, NULL, first);
	succeed(LS_OP_ADD, NULL, second);
	succeed(LS_OP_ADD, NULL, third);
	fail_with(-EEXIST, LS_OP_ADD, NULL, second);
	run("test \"$(ip -6 route show 2001:db8:1::/48 | grep -c 'nexthop via')\" = 3 && "
	    "ip -6 route show 2001:db8:1::/48 | grep -q 'via 2001:db8::8 dev p0 weight 256' && "
	    "ip -6 route show 2001:db8:1::/48 | grep -q 'via fe80::7 dev p1 weight 2'");
	dump(LS_DUMP_ALL);
	cr_assert(sibling("2001:db8::9") && sibling("2001:db8::8") && sibling("fe80::7"));
	cr_expect(ls_route_same_hop((const struct ls_route *)second, sibling("2001:db8::8")));
	cr_expect_eq(sibling("2001:db8::9")->object.owner, LS_OWNER_OURS, "the first one's protocol is told");
	cr_expect_eq(sibling("2001:db8::8")->object.owner, LS_OWNER_FOREIGN, "that of the others is not");
	cr_expect(sibling("fe80::7")->object.flags & LS_OBJECT_SIBLING);
	succeed(LS_OP_DELETE, first, NULL);
	succeed(LS_OP_DELETE, third, NULL);
	dump(LS_DUMP_ALL);
	cr_expect(!sibling("2001:db8::9") && !sibling("fe80::7") && sibling("2001:db8::8"));
	succeed(LS_OP_DELETE, second, NULL);
	run("test -z \"$(ip -6 route show 2001:db8:1::/48)\"");
	end();
}

Test(drivers_policies, routes_by_nexthop_are_made_replaced_and_deleted)
{
	struct ls_object *v4 = build("route to=10.1.0.0/16 nexthop=1 metric=7 mtu=1400"),
			 *group = build("route to=10.1.0.0/16 nexthop=20 metric=7"),
			 *plain = build("route to=10.1.0.0/16 via=192.0.2.9 dev=p0 metric=7"),
			 *v6 = build("route to=2001:db8:1::/48 nexthop=3");

	begin_with_addresses();
	need_nexthops();
	run("%s && ip nexthop add id 30 group 1/2", foreign_nexthops);
	((struct ls_route *)group)->nexthop = 30;
	fail_with(-EINVAL, LS_OP_ADD, NULL, build("route to=10.1.0.0/16 nexthop=999"));
	succeed(LS_OP_ADD, NULL, v4);
	expect_ours(v4);
	expect_round_trip(found(v4));
	expect_shown(ip_one("route show 10.1.0.0/16"), "nhid=1 protocol=108 metric=7");
	succeed(LS_OP_REPLACE, v4, group);
	expect_ours(group);
	expect_shown(ip_one("route show 10.1.0.0/16"), "nhid=30 metrics=-");
	succeed(LS_OP_REPLACE, group, plain);
	expect_ours(plain);
	succeed(LS_OP_REPLACE, plain, v4);
	succeed(LS_OP_DELETE, v4, NULL);
	expect_gone(v4);
	succeed(LS_OP_ADD, NULL, v6);
	expect_ours(v6);
	succeed(LS_OP_DELETE, v6, NULL);
	expect_gone(v6);
	end();
}

Test(drivers_policies, delete_of_a_route_by_nexthop_spares_a_stranger_s)
{
	struct ls_object *route = build("route to=10.1.0.0/16 nexthop=1");

	begin_with_addresses();
	need_nexthops();
	run("%s && ip route add 10.1.0.0/16 nhid 2 proto static", foreign_nexthops);
	fail_with(-EEXIST, LS_OP_ADD, NULL, route);
	fail_with(-ESRCH, LS_OP_DELETE, route, NULL);
	expect_shown(ip_one("route show 10.1.0.0/16"), "nhid=2");
	end();
}
