/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model: what the kernel holds, as objects. An object has a kind, a key by which the *kernel* tells it from others, and
 * attributes. Every kind describes its attributes in one constant table (struct ls_attr); comparing, printing, JSON and
 * the files of the state directory all walk that table, so a new attribute is one line in it.
 *
 * Objects name links by their names, never by index: names survive a reboot, indexes do not.
 *
 * Pure: this room knows no netlink library and no kernel. What a kind does with the kernel stands in its slots
 * (struct ls_kind, filled in kinds/).
 */
#pragma once

#include <linkspan/util.h>

struct json_t;
struct nl_msg;
struct ls_kernel;
struct ls_object;
struct ls_set;
struct ls_operation;

/* ---- attributes -------------------------------------------------------------------------------------------------- */

enum ls_type {
	LS_TYPE_BOOL,   /* uint8_t, 0 or 1 */
	LS_TYPE_U8,     /* uint8_t */
	LS_TYPE_U16,    /* uint16_t */
	LS_TYPE_U32,    /* uint32_t */
	LS_TYPE_ENUM,   /* uint8_t, an index into ls_attr.names */
	LS_TYPE_STRING, /* const char *, in the arena of the object */
	LS_TYPE_LINK,   /* const char *, the name of a link that the object refers to */
	LS_TYPE_IP,     /* struct ls_ip */
	LS_TYPE_PREFIX, /* struct ls_prefix */
	LS_TYPE_MAC,    /* struct ls_mac */
	LS_TYPE_HOPS,   /* struct ls_hops, its array in the arena of the object */
};

/* What it takes to change an attribute of an object that exists. Ordered: the worst of several counts. */
enum ls_change {
	LS_CHANGE_INFO,     /* never compared: told by the kernel, not asked for */
	LS_CHANGE_LIVE,     /* changes in place, nothing else notices */
	LS_CHANGE_REPLACE,  /* one message swaps the whole object */
	LS_CHANGE_RECREATE, /* delete and add */
	LS_CHANGE_KEY,      /* another value is another object */
};

enum ls_attr_flag {
	LS_ATTR_OPTIONAL = 1, /* left alone where the wanted object does not set it */
	LS_ATTR_LATE = 2,     /* changed in a step of its own, at the kind's late_rank */
	LS_ATTR_HIDDEN =
		4, /* in files of the state directory only: means nothing on another machine or after a reboot */
	LS_ATTR_LEARNED = 8, /* the kernel may come to another value by itself */
	LS_ATTR_UNTOLD = 16, /* a found object may leave it out though it has one: then it is no difference */
	LS_ATTR_ASKED = 32,  /* INFO that a spec asks for: the kernel knows nothing of it, a generation does */
};

size_t ls_type_size(enum ls_type type); /* bytes of a value in its struct */

struct ls_attr {
	const char *name; /* as in JSON; field's term */
	enum ls_type type;
	enum ls_change change;
	uint8_t flags;
	uint16_t offset;          /* of the value in the kind's struct */
	const char *const *names; /* ENUM: texts, NULL at the end; NULL entries are not allowed in between */
};

/* ---- objects ----------------------------------------------------------------------------------------------------- */

enum ls_owner {
	LS_OWNER_FOREIGN, /* no mark of ours */
	LS_OWNER_DERIVED, /* made by the kernel itself: prefix routes, link-local addresses, router advertisements */
	LS_OWNER_OURS,
};

enum ls_object_flag {
	LS_OBJECT_ADJUST = 1, /* exists by itself (a matched link, a sysctl): only its `managed` attributes are ours */
	LS_OBJECT_ADOPT = 2,  /* desired: may take the place of a foreign object */
	LS_OBJECT_EXACT =
		16,          /* desired: as it was dumped, also in what no spec asks for (who is primary in a subnet) */
	LS_OBJECT_TOLD = 32, /* desired: the kernel has been told before, and what it has learned since will do */
	LS_OBJECT_REMADE = 8,  /* in a plan and its journal: goes and is made anew on the way */
	LS_OBJECT_SIBLING = 4, /* shares its slot with another object on purpose: added beside it, not instead of it */
};

/* The head of every object. `set` has bit i when attribute i of the kind has a value. `managed`, for ADJUST objects:
 * the attributes to bring about; one that is managed but not set is to have no value (a port leaves its bridge). */
struct ls_object {
	const struct ls_kind *kind;
	uint32_t set;
	uint32_t managed;
	uint8_t owner; /* enum ls_owner */
	uint8_t flags; /* enum ls_object_flag */
	uint16_t raw_length;
	uint32_t line, column; /* where the spec asks for it; 0 = nowhere */
	const void *raw;       /* foreign objects: the kernel's own message, so that all of it can be put back */
};

enum ls_kind_id {
	LS_KIND_LINK = 1, /* the numbers stand in files: never reuse one */
	LS_KIND_ADDRESS = 2,
	LS_KIND_ROUTE = 3,
	LS_KIND_SYSCTL = 4,
	LS_KIND_RULE = 5,
	LS_KIND_NEIGHBOUR = 6,
	LS_KIND_NEXTHOP = 7,
	LS_KIND_NFT_TABLE = 8,
	LS_KIND_NFT_SET = 9,
	LS_KIND_NFT_CHAIN = 10,
	LS_KIND_NFT_RULE = 11,
	LS_KIND_NFT_ELEMENT = 12,
	LS_KIND_WIREGUARD = 13,
	LS_KIND_WG_PEER = 14,
	LS_KIND_XFRM_STATE = 15,
	LS_KIND_XFRM_POLICY = 16,
	LS_KIND_DHCP_CLIENT = 17,
};

/* Kinds' ranks: the order of adds and changes; deletes go backwards. */
enum ls_rank {
	LS_RANK_LINK = 10,
	LS_RANK_NFT = 15, /* before the host begins to forward, and until it has stopped */
	LS_RANK_SYSCTL = 20,
	LS_RANK_WIREGUARD = 25, /* a device that comes up has its keys, and a device has its own before its peers */
	LS_RANK_WG_PEER = 26,
	LS_RANK_XFRM_STATE = 27, /* before the policies that ask for it, and gone after them */
	LS_RANK_XFRM_POLICY = 28,
	LS_RANK_LINK_UP = 30,     /* after the sysctls, so that a new link never speaks before it is told how */
	LS_RANK_DHCP_CLIENT = 35, /* what it gets is there for the routes, and goes after them */
	LS_RANK_ADDRESS = 40,
	LS_RANK_NEIGHBOUR = 45,
	LS_RANK_NEXTHOP = 50,
	LS_RANK_ROUTE = 60,
	LS_RANK_RULE = 70, /* a table is filled before anything is sent there, and emptied after */
};

enum ls_op { LS_OP_ADD, LS_OP_CHANGE, LS_OP_REPLACE, LS_OP_DELETE };

/* What an object does not survive although its link stays. */
enum ls_loss {
	LS_LOST_DOWN = 1,         /* the link is set down */
	LS_LOST_QUIET = 2,        /* it loses its IPv6: disable_ipv6, an MTU below 1280, set down */
	LS_LOST_MAC = 4,          /* it gets another MAC address */
	LS_LOST_LAST_ADDRESS = 8, /* its last IPv4 address goes */
};

/* What an object needs of its links to be made. */
enum ls_need { LS_NEEDS_LINK, LS_NEEDS_UP, LS_NEEDS_CARRIER };

/* What one kind of object can do. One constant table per kind, in kinds/; the registry is ls_kinds. */
struct ls_kind {
	const char *name;
	enum ls_kind_id id;
	uint8_t rank;
	uint8_t late_rank;  /* for attributes flagged LATE; 0 = none */
	bool adjusted;      /* objects exist by themselves and are only adjusted (sysctl) */
	uint8_t needs;      /* enum ls_need */
	bool delete_marks;  /* the message that deletes names the mark: it cannot hit a stranger's */
	bool never_adopted; /* a stranger's could not be put back */
	uint16_t size;      /* of the kind's struct */
	const struct ls_attr *attrs;
	size_t n_attrs;

	/* Order of keys: 0 when both live in the same slot of the kernel. Both are of this kind. */
	int (*compare)(const struct ls_object *a, const struct ls_object *b);
	/* The key as a person writes it: "2001:db8::/64 metric 1024". Truncates. */
	void (*describe)(const struct ls_object *object, char *text, size_t size);

	/* What it takes to change `bits`, where that depends on the values. NULL: the worst of the attributes' classes.
	 */
	enum ls_change (*change)(const struct ls_object *want, const struct ls_object *have, uint32_t bits);
	/* Attributes that the creating message cannot set for good: set in a step of its own at late_rank. NULL: none.
	 */
	uint32_t (*after_creation)(const struct ls_object *want);
	/* Bits of enum ls_loss. NULL: none. */
	unsigned (*lost_with)(const struct ls_object *object);
	/* Does an adopted object keep the mark that it had? NULL: it gets ours. */
	bool (*keeps_mark)(const struct ls_object *object);
	/* Does a change give up what another object of the kind may get? Then it comes behind those that only get.
	 * NULL: no. */
	bool (*gives_up)(const struct ls_object *want, const struct ls_object *have);
	/* What stands between, when a change gets something as well as giving something up: as wanted, and with what it
	 * had. Goes with `gives_up`. NULL: out of memory. */
	struct ls_object *(*between)(
		struct ls_arena *arena, const struct ls_object *want, const struct ls_object *have);
	/* Lists that are some of those before and after (NULL: it was, or will be, not there), as they are while the
	 * kernel goes from one to the other: bits of such attributes. NULL: none. */
	uint32_t (*passes)(const struct ls_object *before, const struct ls_object *after, const struct ls_object *now);
	/* Do the values go together (a prefix length with its address)? For what comes from files. NULL: they always
	 * do. */
	bool (*valid)(const struct ls_object *object);

	/* Does this kernel have what the object needs? 0, or -EOPNOTSUPP with the name of what is missing. */
	int (*probe)(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err);
	/* Adds all objects of the kind in the kernel to `ret`, in the kernel's order. `scope`: objects of interest, for
	 * kinds that cannot list (sysctl), or look for strangers' only where they matter (dhcp_client); others ignore
	 * it. */
	int (*dump)(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err);
	/* Writes one message for the operation (ls_tx_message). *ret is NULL when the operation needs no message of its
	 * own (a veth's peer comes and goes with it). Marks what it adds, guards what it changes: see the table's file.
	 */
	int (*encode)(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
		const struct ls_object *want, struct nl_msg **ret, struct ls_error *err);
	/* What the kernel means by an error, where strerror(3) does not say it. NULL, or no function: it does. */
	const char *(*explain)(enum ls_op op, int code);
	/* Makes ours the objects of `actual` (sorted, and stays so) that `made`, an object of the record, stands for
	 * and whose mark the kernel does not tell. NULL: it always tells. */
	void (*claim)(struct ls_kernel *kernel, const struct ls_object *made, struct ls_set *actual);
	/* Deletes many objects of ours at once, much faster than one by one. Nothing is lost when it fails (-EAGAIN:
	 * something was not as it should be): then they are deleted singly. NULL: there is no such way. */
	int (*sweep)(struct ls_kernel *kernel, const struct ls_object *const *doomed, size_t n, struct ls_error *err);
	/* Adds many at once, where one by one takes much longer. After a failure they are added one by one, so that to
	 * add one twice must do no harm. NULL: one by one. */
	int (*add_many)(
		struct ls_kernel *kernel, const struct ls_object *const *wanted, size_t n, struct ls_error *err);
	/* Kinds outside netlink do it at once instead; encode is NULL then. */
	int (*perform)(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
		const struct ls_object *want, struct ls_error *err);
	/* Kinds whose changes go in one transaction, those of all kinds with the same function together: it is carried
	 * out whole or not at all. `commit` false: the kernel only checks it. -ESTALE: the state is not the one that
	 * was dumped last. *ret_failed: the change that was refused, n where it was none in particular. encode is NULL
	 * then, and there are no phases: what goes and what comes are one group of steps. */
	int (*transact)(struct ls_kernel *kernel, const struct ls_operation *operations, size_t n, bool commit,
		size_t *ret_failed, struct ls_error *err);
};

/* What is done to one object. */
struct ls_operation {
	enum ls_op op;
	const struct ls_object *have, *want; /* NULL: it is added, deleted */
};

extern const struct ls_kind ls_kind_link, ls_kind_address, ls_kind_route, ls_kind_sysctl, ls_kind_rule,
	ls_kind_neighbour, ls_kind_nexthop, ls_kind_nft_table, ls_kind_nft_set, ls_kind_nft_chain, ls_kind_nft_rule,
	ls_kind_nft_element, ls_kind_wireguard, ls_kind_wg_peer, ls_kind_xfrm_state, ls_kind_xfrm_policy,
	ls_kind_dhcp_client;
extern const struct ls_kind *const ls_kinds[]; /* in order of rank, NULL at the end */
const struct ls_kind *ls_kind_by_name(const char *name);
const struct ls_kind *ls_kind_by_id(unsigned id);

/* ---- the kinds' structs ------------------------------------------------------------------------------------------ */

/* A link (rtnetlink.h, if_link.h). Key: name. Mark: link group LS_MARK_LINK_GROUP, the only mark that the creating
 * message itself can carry (alias and alternative names need a second one). */
struct ls_link {
	struct ls_object object;
	const char *name;   /* 1-15 bytes (IFNAMSIZ) */
	const char *type;   /* IFLA_INFO_KIND: "dummy", "veth", "bridge", "vlan", ...; unset: physical or loopback */
	const char *master; /* the bridge (bond, vrf) it is a port of */
	const char *parent; /* vlan, macvlan, vxlan: the link below, with which this one goes */
	const char *peer;   /* veth: the other end, if it lives in this namespace */
	uint32_t mtu;       /* bytes */
	uint32_t index;     /* kernel's ifindex; a link that is put back gets it again */
	uint16_t vlan_id;   /* 1-4094 */
	struct ls_mac mac;  /* a bond's port: the one that it gets back when it leaves */
	struct ls_mac permanent_mac;
	uint8_t up;      /* IFF_UP */
	uint8_t carrier; /* IFF_LOWER_UP: told, never asked for */
	uint8_t stp;     /* bridge: spanning tree */

	uint8_t learning;     /* vxlan: addresses behind the tunnel are learned from what comes out of it */
	uint8_t ttl;          /* vxlan: of the outer packets; 0: the kernel's choice */
	uint16_t port;        /* vxlan: UDP port of the other ends */
	uint32_t vni;         /* vxlan: 0-16777215 */
	struct ls_ip local;   /* vxlan: outer source address */
	struct ls_ip remote;  /* vxlan: where frames with unknown destination go, one host or a multicast group */
	uint32_t table;       /* vrf: the routing table of its ports */
	uint32_t miimon;      /* bond: milliseconds between looks at the carrier of its ports; 0: none */
	uint32_t if_id;       /* xfrm: of the policies and states that are this link's */
	uint8_t macvlan_mode; /* enum ls_macvlan_mode */
	uint8_t bond_mode;    /* enum ls_bond_mode */
};

/* What goes without saying comes first. */
enum ls_macvlan_mode {
	LS_MACVLAN_BRIDGE,
	LS_MACVLAN_PRIVATE,
	LS_MACVLAN_VEPA,
	LS_MACVLAN_PASSTHRU,
	LS_MACVLAN_SOURCE,
};
extern const char *const ls_macvlan_mode_names[];

enum ls_bond_mode {
	LS_BOND_ACTIVE_BACKUP,
	LS_BOND_BALANCE_RR,
	LS_BOND_BALANCE_XOR,
	LS_BOND_BROADCAST,
	LS_BOND_8023AD,
	LS_BOND_BALANCE_TLB,
	LS_BOND_BALANCE_ALB,
};
extern const char *const ls_bond_mode_names[];

bool ls_link_is(const struct ls_link *link, const char *type);
enum ls_link_attr {
	LS_LINK_NAME,
	LS_LINK_TYPE,
	LS_LINK_MASTER,
	LS_LINK_PARENT,
	LS_LINK_PEER,
	LS_LINK_MTU,
	LS_LINK_INDEX,
	LS_LINK_VLAN_ID,
	LS_LINK_MAC,
	LS_LINK_PERMANENT_MAC,
	LS_LINK_UP,
	LS_LINK_CARRIER,
	LS_LINK_STP,
	LS_LINK_VNI,
	LS_LINK_LOCAL,
	LS_LINK_REMOTE,
	LS_LINK_PORT,
	LS_LINK_LEARNING,
	LS_LINK_TTL,
	LS_LINK_TABLE,
	LS_LINK_MACVLAN_MODE,
	LS_LINK_BOND_MODE,
	LS_LINK_MIIMON,
	LS_LINK_IF_ID,
};

/* An address of a link (if_addr.h). Key: IPv4 link, address and prefix length; IPv6 link and address. Mark: IFA_PROTO
 * (kernel 5.18 and later; before, the generation's record). */
struct ls_address {
	struct ls_object object;
	const char *dev;
	struct ls_ip address;  /* IFA_LOCAL, or IFA_ADDRESS where there is no local one */
	struct ls_ip peer;     /* point-to-point: the other end, where it is not the address itself */
	uint8_t prefix_length; /* 0-32, 0-128 */
	uint8_t scope;         /* enum ls_scope */
	uint8_t dynamic;       /* has a lifetime: not permanent */
	uint8_t noprefixroute; /* IFA_F_NOPREFIXROUTE */
	uint8_t tentative;     /* IFA_F_TENTATIVE: duplicate address detection has not ended */
	uint8_t dadfailed;     /* IFA_F_DADFAILED */
	uint8_t secondary;     /* IPv4: IFA_F_SECONDARY, deleted with its primary */
	uint8_t deprecated; /* IFA_F_DEPRECATED of a permanent one: IPv6 takes others as a source (RFC 6724, rule 3) */
};
enum ls_address_attr {
	LS_ADDRESS_DEV,
	LS_ADDRESS_ADDRESS,
	LS_ADDRESS_PREFIX_LENGTH,
	LS_ADDRESS_PEER,
	LS_ADDRESS_SCOPE,
	LS_ADDRESS_DYNAMIC,
	LS_ADDRESS_NOPREFIXROUTE,
	LS_ADDRESS_TENTATIVE,
	LS_ADDRESS_DADFAILED,
	LS_ADDRESS_SECONDARY,
	LS_ADDRESS_DEPRECATED,
};

enum ls_scope { LS_SCOPE_GLOBAL, LS_SCOPE_SITE, LS_SCOPE_LINK, LS_SCOPE_HOST, LS_SCOPE_NOWHERE };
extern const char *const ls_scope_names[];

/* One of the next hops of an IPv4 multipath route. Unused bytes are zero. */
struct ls_hop {
	const char *dev; /* NULL: none told */
	struct ls_ip via;
	uint8_t onlink;
	uint16_t weight; /* 1-256: rtnh_hops + 1 */
};
/* Sorted by address and link: their order says nothing. */
struct ls_hops {
	size_t n;
	struct ls_hop *hops;
};
void ls_hops_sort(struct ls_hops *hops);

/* A route (rtnetlink.h). Key: table, destination, TOS (IPv4) and metric: the slot that NLM_F_REPLACE works on. Several
 * routes can live in one slot (the next hops of an IPv6 multipath route, each an object of its own; IPv4 routes
 * appended); then a set holds several objects that compare equal. Mark: rtm_protocol LS_MARK_PROTOCOL; of an IPv6
 * multipath route the kernel tells the first one's only, the record has to tell the rest. */
struct ls_route {
	struct ls_object object;
	struct ls_prefix to; /* host bits zero; 0.0.0.0/0 and ::/0 are the default routes */
	struct ls_ip via;    /* next hop */
	struct ls_ip src;    /* RTA_PREFSRC */
	uint32_t table;      /* 1-4294967295; 254 = main */
	uint32_t metric;     /* RTA_PRIORITY; IPv4 default 0, IPv6 1024 */
	uint32_t mtu;        /* RTAX_MTU, bytes */
	uint32_t nexthop;    /* id of a nexthop object (RTA_NH_ID), instead of dev, via and hops */
	const char *dev;     /* unset for blackhole, unreachable, prohibit */
	struct ls_hops hops; /* IPv4 multipath, instead of dev and via; foreign IPv6 multipath as well */
	const char *other;   /* foreign attributes that linkspan has no word for, as text; never asked for */
	uint8_t type;        /* enum ls_route_type */
	uint8_t scope;       /* IPv4: enum ls_scope */
	uint8_t tos;         /* IPv4 */
	uint8_t onlink;      /* RTNH_F_ONLINK: next hop is on the link though no prefix says so */
	uint8_t protocol;    /* rtm_protocol: who made it */
	uint16_t weight;     /* of a next hop of an IPv6 multipath route, 2-256; unset: 1 */
};
enum ls_route_attr {
	LS_ROUTE_TO,
	LS_ROUTE_TABLE,
	LS_ROUTE_METRIC,
	LS_ROUTE_TOS,
	LS_ROUTE_TYPE,
	LS_ROUTE_DEV,
	LS_ROUTE_VIA,
	LS_ROUTE_ONLINK,
	LS_ROUTE_SRC,
	LS_ROUTE_MTU,
	LS_ROUTE_SCOPE,
	LS_ROUTE_PROTOCOL,
	LS_ROUTE_HOPS,
	LS_ROUTE_OTHER,
	LS_ROUTE_NEXTHOP,
	LS_ROUTE_WEIGHT,
};

/* Of two routes in one slot: do they lead to the same next hop, with the same weight? All that the kernel tells of the
 * later hops of an IPv6 multipath route. */
bool ls_route_same_hop(const struct ls_route *a, const struct ls_route *b);

enum ls_route_type {
	LS_ROUTE_UNICAST,
	LS_ROUTE_BLACKHOLE,
	LS_ROUTE_UNREACHABLE,
	LS_ROUTE_PROHIBIT,
	LS_ROUTE_LOCAL,
	LS_ROUTE_BROADCAST,
	LS_ROUTE_ANYCAST,
	LS_ROUTE_MULTICAST,
	LS_ROUTE_THROW,
	LS_ROUTE_OTHER_TYPE,
};
extern const char *const ls_route_type_names[];

enum ls_family { LS_FAMILY_IPV4, LS_FAMILY_IPV6, LS_N_FAMILIES };
extern const char *const ls_family_names[];
/* From AF_INET or AF_INET6, and back. */
uint8_t ls_family_from_socket(int family);
uint8_t ls_family_to_socket(uint8_t family);

/* A static neighbour (NUD_PERMANENT), or a proxy entry, which answers for an address (neighbour.h). Key: link, address,
 * proxy or not. Entries that the kernel learns are no objects. Mark: NDA_PROTOCOL (kernel 4.20). */
struct ls_neighbour {
	struct ls_object object;
	const char *dev;
	struct ls_ip address;
	struct ls_mac mac; /* none for proxies, and for links without such addresses */
	uint8_t proxy;     /* NTF_PROXY: table of its own */
	uint8_t router;    /* NTF_ROUTER, IPv6 */
	uint8_t protocol;
};
enum ls_neighbour_attr {
	LS_NEIGHBOUR_DEV,
	LS_NEIGHBOUR_ADDRESS,
	LS_NEIGHBOUR_PROXY,
	LS_NEIGHBOUR_MAC,
	LS_NEIGHBOUR_ROUTER,
	LS_NEIGHBOUR_PROTOCOL,
};

/* A nexthop object (nexthop.h, kernel 5.3), which routes name by its id. Key: id. Mark: nh_protocol. */
struct ls_nexthop {
	struct ls_object object;
	uint32_t id;    /* 1-4294967295 */
	uint8_t type;   /* enum ls_nexthop_type */
	uint8_t family; /* enum ls_family; groups have none */
	uint8_t onlink;
	uint8_t protocol;
	struct ls_ip via;
	const char *dev;
	const char *members; /* of a group, by id: "10*1 11*3", id and weight (1-256), ids ascending */
	const char *other;   /* foreign attributes that linkspan has no word for */
};
enum ls_nexthop_attr {
	LS_NEXTHOP_ID,
	LS_NEXTHOP_TYPE,
	LS_NEXTHOP_FAMILY,
	LS_NEXTHOP_VIA,
	LS_NEXTHOP_DEV,
	LS_NEXTHOP_ONLINK,
	LS_NEXTHOP_MEMBERS,
	LS_NEXTHOP_PROTOCOL,
	LS_NEXTHOP_OTHER,
};
enum ls_nexthop_type { LS_NEXTHOP_SINGLE, LS_NEXTHOP_BLACKHOLE, LS_NEXTHOP_GROUP };
extern const char *const ls_nexthop_type_names[];
/* The members of a group one after the other: begin with *at = members; false at the end. */
bool ls_nexthop_next_member(const char **at, uint32_t *ret_id, uint32_t *ret_weight);
/* Has `of` all these members, with these weights? */
bool ls_nexthop_members_within(const char *members, const char *of);

/* A policy rule (fib_rules.h). Key: all of it: the kernel changes none in place, and the same priority can have
 * several. The links of iif and oif need not exist. Mark: FRA_PROTOCOL (kernel 4.17). */
struct ls_rule {
	struct ls_object object;
	struct ls_prefix from, to;
	const char *iif, *oif; /* iif "lo": what this host sends itself */
	const char *other;     /* foreign attributes that linkspan has no word for */
	uint32_t priority;     /* the lowest is asked first */
	uint32_t table;        /* action lookup; 0 with l3mdev */
	uint32_t fwmark, fwmask;
	uint32_t suppress_prefix_length; /* routes of that length or shorter do not count */
	uint32_t uid_start, uid_end;     /* of the sender's socket, both ends included */
	uint8_t family;                  /* enum ls_family */
	uint8_t action;                  /* enum ls_rule_action */
	uint8_t invert;                  /* FIB_RULE_INVERT: all that does not match */
	uint8_t l3mdev;                  /* the table of the vrf that the packet comes from or goes to */
	uint8_t protocol;
};
enum ls_rule_attr {
	LS_RULE_FAMILY,
	LS_RULE_PRIORITY,
	LS_RULE_INVERT,
	LS_RULE_FROM,
	LS_RULE_TO,
	LS_RULE_IIF,
	LS_RULE_OIF,
	LS_RULE_FWMARK,
	LS_RULE_FWMASK,
	LS_RULE_UID_START,
	LS_RULE_UID_END,
	LS_RULE_L3MDEV,
	LS_RULE_ACTION,
	LS_RULE_TABLE,
	LS_RULE_SUPPRESS_PREFIX_LENGTH,
	LS_RULE_OTHER,
	LS_RULE_PROTOCOL,
};
enum ls_rule_action {
	LS_RULE_LOOKUP,
	LS_RULE_BLACKHOLE,
	LS_RULE_UNREACHABLE,
	LS_RULE_PROHIBIT,
	LS_RULE_OTHER_ACTION,
};
extern const char *const ls_rule_action_names[];

/* A sysctl below /proc/sys/net. Key: path. It exists by itself; there is no mark, the record of the displaced value is
 * what makes it ours. Order of keys is the order in which writing is safe: ip_forward before all other IPv4 values (it
 * resets them), accept_ra before IPv6 forwarding (which drops the advertised default route otherwise). */
struct ls_sysctl {
	struct ls_object object;
	const char *path;  /* below /proc/sys, with slashes: "net/ipv4/conf/eth0.5/rp_filter" */
	const char *value; /* white space folded to single blanks, none at the ends */
	const char *dev;   /* the link that it belongs to, if any */
};
enum ls_sysctl_attr { LS_SYSCTL_PATH, LS_SYSCTL_VALUE, LS_SYSCTL_DEV };

/* nftables (nf_tables.h): linkspan's table, and all in it, whoever put it there: the table is the mark. Its sets,
 * chains and rules are always the same (nft.h). */
struct ls_nft_table {
	struct ls_object object;
	const char *name;
};
enum ls_nft_table_attr { LS_NFT_TABLE_NAME };

/* Key: name. */
struct ls_nft_set {
	struct ls_object object;
	const char *name;
	const char *type; /* "ipv4_addr . inet_proto . inet_service : ipv4_addr" */
};
enum ls_nft_set_attr { LS_NFT_SET_NAME, LS_NFT_SET_TYPE };

/* Key: name. */
struct ls_nft_chain {
	struct ls_object object;
	const char *name;
	const char *hook; /* "nat prerouting -100"; unset: others jump here */
	uint8_t policy;   /* enum ls_nft_policy */
};
enum ls_nft_chain_attr { LS_NFT_CHAIN_NAME, LS_NFT_CHAIN_HOOK, LS_NFT_CHAIN_POLICY };
enum ls_nft_policy { LS_NFT_POLICY_ACCEPT, LS_NFT_POLICY_DROP };

/* Key: chain and name, which the rule carries as its comment. One without is called by its handle. */
struct ls_nft_rule {
	struct ls_object object;
	const char *chain, *name;
	const char *text; /* what it does */
	uint32_t handle;  /* the kernel's number for it */
	uint32_t place;   /* in its chain, from 0 */
};
enum ls_nft_rule_attr {
	LS_NFT_RULE_CHAIN,
	LS_NFT_RULE_NAME,
	LS_NFT_RULE_TEXT,
	LS_NFT_RULE_HANDLE,
	LS_NFT_RULE_PLACE,
};

/* An element of one of the sets. Key: the set, and of the next six those that its key consists of. */
struct ls_nft_element {
	struct ls_object object;
	const char *protocol; /* "tcp", "udp"; others by their number */
	uint8_t set;          /* enum ls_nft_set_id; just before the address, see the comparison */
	struct ls_ip address;
	uint16_t port, last_port; /* last_port: of a range */
	struct ls_prefix prefix;
	struct ls_ip last; /* of a range of addresses that is no prefix; a stranger's */
	const char *iif, *oif;
	struct ls_ip to;
	uint16_t to_port;
	struct ls_prefix to_prefix;
	uint16_t mss; /* bytes */
	struct ls_prefix destination;
};
enum ls_nft_element_attr {
	LS_NFT_ELEMENT_SET,
	LS_NFT_ELEMENT_ADDRESS,
	LS_NFT_ELEMENT_LAST,
	LS_NFT_ELEMENT_PREFIX,
	LS_NFT_ELEMENT_PROTOCOL,
	LS_NFT_ELEMENT_PORT,
	LS_NFT_ELEMENT_LAST_PORT,
	LS_NFT_ELEMENT_IIF,
	LS_NFT_ELEMENT_OIF,
	LS_NFT_ELEMENT_TO,
	LS_NFT_ELEMENT_TO_PORT,
	LS_NFT_ELEMENT_TO_PREFIX,
	LS_NFT_ELEMENT_MSS,
	LS_NFT_ELEMENT_DESTINATION,
};

#define LS_MARK_PROTOCOL 108       /* rtm_protocol, IFA_PROTO: free in rtnetlink.h and iproute2's rt_protos */
#define LS_MARK_LINK_GROUP 0x6c73u /* "ls" */
#define LS_MARK_SWEEP_GROUP \
	0x6c736400u /* and the next LS_SWEEP_GROUPS: links that are about to be deleted together \
		     */
#define LS_SWEEP_GROUPS 16u
#define LS_MESSAGE_MAX 1024u /* longest message that a driver writes itself, bytes */
#define LS_RAW_MAX 65535u

/* What makes a link of type wireguard a tunnel (linux/wireguard.h). Key: the link. There is none until it has a private
 * key. Mark: the link's; devices that are not ours are not read, for they would tell their keys. */
struct ls_wireguard {
	struct ls_object object;
	const char *dev;
	const char *public_key;  /* base64; tells the private one */
	const char *private_key; /* its name in the keyring */
	uint16_t listen_port;    /* UDP */
	uint32_t fwmark;         /* of the outer packets; 0: none */
};
enum ls_wireguard_attr {
	LS_WIREGUARD_DEV,
	LS_WIREGUARD_PUBLIC_KEY,
	LS_WIREGUARD_PRIVATE_KEY,
	LS_WIREGUARD_LISTEN_PORT,
	LS_WIREGUARD_FWMARK,
};

/* What a peer has been doing: as the kernel told, on a found peer only. Neither compared nor kept. */
struct ls_wg_activity {
	int64_t last_handshake;  /* seconds since the epoch; 0: none yet */
	uint64_t received, sent; /* bytes, with WireGuard's headers */
};

/* A peer of such a link. Key: link and public key. Mark: the link's. */
struct ls_wg_peer {
	struct ls_object object;
	const char *dev;
	const char *public_key;    /* base64 */
	const char *preshared_key; /* its name in the keyring */
	struct ls_ip endpoint;     /* where it is; the kernel learns another one when it moves */
	uint16_t endpoint_port;
	uint16_t keepalive;      /* seconds, 0: none */
	const char *allowed_ips; /* prefixes with blanks between, in order; a prefix is of one peer of a link */
	/* Desired: "HOST:PORT", whose address is looked up when the plan stands; the object has no endpoint then. */
	const char *endpoint_name;
	uint8_t endpoint_family; /* enum ls_family: only such addresses; unset: any */
	struct ls_wg_activity activity;
};
enum ls_wg_peer_attr {
	LS_WG_PEER_DEV,
	LS_WG_PEER_PUBLIC_KEY,
	LS_WG_PEER_PRESHARED_KEY,
	LS_WG_PEER_ENDPOINT,
	LS_WG_PEER_ENDPOINT_PORT,
	LS_WG_PEER_KEEPALIVE,
	LS_WG_PEER_ALLOWED_IPS,
	LS_WG_PEER_ENDPOINT_NAME,
	LS_WG_PEER_ENDPOINT_FAMILY,
};

/* IPsec: what manual keys can be used with (RFC 8221 forbids counter modes with them): AES-CBC (RFC 3602) with
 * HMAC-SHA-2 (RFC 4868). Names as strongSwan's swanctl has them. */
struct ls_esp_proposal {
	const char *name;              /* "aes256-sha256" */
	uint8_t encryption, integrity; /* bytes of the keys */
	uint8_t icv;                   /* bytes of the integrity check value: half the hash */
	const char *integrity_name;    /* as the kernel calls it: "hmac(sha256)" */
};
#define LS_ESP_CIPHER "cbc(aes)"
#define LS_ESP_IV 16u                                                    /* bytes, and of a block */
extern const struct ls_esp_proposal ls_esp_proposals[];                  /* name NULL at the end */
const struct ls_esp_proposal *ls_esp_proposal_by_name(const char *name); /* NULL: no such */
/* The largest packet that fits into `mtu` bytes: between outer header, ESP header, IV and check value whole blocks, of
 * which two bytes are the trailer's (RFC 4303, section 2). `outer`: family of the outer header. */
uint32_t ls_esp_room(const struct ls_esp_proposal *proposal, uint8_t outer, uint32_t mtu);

#define LS_MARK_REQID 0x6c730001u     /* states and policies with manual keys; IKE daemons count from 1 or 16384 */
#define LS_MARK_REQID_IKE 0x6c730002u /* policies whose states come from an IKE daemon, which has to use it */

/* What a state has been doing: as the kernel told, on a found one only. Neither compared nor kept. */
struct ls_xfrm_activity {
	uint64_t added; /* seconds since the epoch */
	uint64_t bytes; /* of inner packets */
};

/* A security association of ESP in tunnel mode (linux/xfrm.h, RFC 4301, section 4.4.2). Key: destination and SPI. Mark:
 * reqid LS_MARK_REQID. The kernel changes none in place: it says it did, and keeps the old key (xfrm_state_update). */
struct ls_xfrm_state {
	struct ls_object object;
	struct ls_ip src, dst; /* of the outer packets */
	uint32_t spi;          /* 256-4294967295 (RFC 4303, section 2.1) */
	uint32_t if_id;
	uint32_t reqid;
	const char *proposal; /* "aes256-sha256" */
	const char *key;      /* its name in the keyring: the encryption key and behind it the integrity key */
	const char *other;    /* what linkspan has no words for */
	struct ls_xfrm_activity activity;
};
enum ls_xfrm_state_attr {
	LS_XFRM_STATE_DST,
	LS_XFRM_STATE_SPI,
	LS_XFRM_STATE_SRC,
	LS_XFRM_STATE_IF_ID,
	LS_XFRM_STATE_REQID,
	LS_XFRM_STATE_PROPOSAL,
	LS_XFRM_STATE_KEY,
	LS_XFRM_STATE_OTHER,
};

/* A security policy (RFC 4301, section 4.4.1) of an XFRM interface. Key: selector, direction and if_id. Mark: the reqid
 * of its template. */
struct ls_xfrm_policy {
	struct ls_object object;
	struct ls_prefix src, dst; /* of the inner packets */
	uint32_t if_id;
	uint32_t reqid;
	uint32_t priority;                   /* the lowest is asked first */
	uint32_t spi;                        /* out: which state to use; unset: any that fits */
	struct ls_ip tunnel_src, tunnel_dst; /* of the outer packets */
	uint8_t direction;                   /* enum ls_xfrm_direction */
	const char *other;                   /* what linkspan has no words for */
};
enum ls_xfrm_policy_attr {
	LS_XFRM_POLICY_DIRECTION,
	LS_XFRM_POLICY_SRC,
	LS_XFRM_POLICY_DST,
	LS_XFRM_POLICY_IF_ID,
	LS_XFRM_POLICY_REQID,
	LS_XFRM_POLICY_PRIORITY,
	LS_XFRM_POLICY_TUNNEL_SRC,
	LS_XFRM_POLICY_TUNNEL_DST,
	LS_XFRM_POLICY_SPI,
	LS_XFRM_POLICY_OTHER,
};
enum ls_xfrm_direction { LS_XFRM_IN, LS_XFRM_OUT, LS_XFRM_FWD }; /* as in linux/xfrm.h, XFRM_POLICY_IN, ... */
extern const char *const ls_xfrm_direction_names[];

/* A DHCP client that runs for a link and gets it an IPv4 address (RFC 2131) or, where router advertisements say so, an
 * IPv6 one (RFC 8415): dhcpcd of Debian's dhcpcd-base 9.4. Key: link and family. Mark: the name of a file that is open
 * in its process. A stranger's is one of the system's: dhcpcd, dhclient, udhcpc, systemd-networkd or NetworkManager;
 * or, in a dump whose scope asks for it, none, where router advertisements say that there is nothing to ask for. */
struct ls_dhcp_client {
	struct ls_object object;
	const char *dev;
	uint8_t family; /* enum ls_family */
};
enum ls_dhcp_client_attr {
	LS_DHCP_CLIENT_DEV,
	LS_DHCP_CLIENT_FAMILY,
};

/* ---- one object -------------------------------------------------------------------------------------------------- */

struct ls_object *ls_object_new(struct ls_arena *arena, const struct ls_kind *kind); /* NULL: out of memory */
/* A deep copy: strings and raw message move to the arena as well. */
struct ls_object *ls_object_copy(struct ls_arena *arena, const struct ls_object *object);

static inline bool ls_object_has(const struct ls_object *object, unsigned attr)
{
	return object->set & LS_BIT(attr);
}

static inline const void *ls_object_value(const struct ls_object *object, const struct ls_attr *attr)
{
	return (const char *)object + attr->offset;
}

/* Kind, then key. */
int ls_object_compare(const struct ls_object *a, const struct ls_object *b);
/* The attributes (bits) in which `have` is not what `want` asks for. INFO attributes never differ; OPTIONAL ones only
 * where `want` sets them, those of an ADJUST object only where it manages them. */
uint32_t ls_object_diff(const struct ls_object *want, const struct ls_object *have);
bool ls_attr_equal(const struct ls_attr *attr, const struct ls_object *a, const struct ls_object *b);
/* Both objects are there (not NULL), and have the same value of attribute `i`, or both none. */
bool ls_attr_same(unsigned i, const struct ls_object *a, const struct ls_object *b);
/* Same attributes, with the same values as far as they are compared at all (not INFO). */
bool ls_object_same(const struct ls_object *a, const struct ls_object *b);
/* The worst class of change among the attributes in `bits`. */
enum ls_change ls_object_change(const struct ls_kind *kind, uint32_t bits);
/* The same where the values of both sides count as well (the kind's `change`). */
enum ls_change ls_object_change_to(const struct ls_object *want, const struct ls_object *have, uint32_t bits);
/* Calls `fn` for the name of each link that the object refers to, until it returns true: then that is returned. */
typedef bool ls_link_fn(const char *link, void *data);
bool ls_object_each_link(const struct ls_object *object, ls_link_fn *fn, void *data);
/* Why `from` needs `to`, in a word or two ("preferred source", or the name of the attribute); NULL: it does not. */
const char *ls_object_reference(const struct ls_object *from, const struct ls_object *to);
void ls_attr_format(const struct ls_attr *attr, const struct ls_object *object, char *text, size_t size);
/* The same of attribute `i`, also where the object (which may be NULL) has no value of it: "none", or "false". */
const char *ls_object_format_attr(const struct ls_object *object, unsigned i, char *text, size_t size);
/* "route 2001:db8::/64 metric 1024" */
const char *ls_object_describe(const struct ls_object *object, char *text, size_t size);
#define LS_DESCRIBE_MAX 256

/* ---- sets -------------------------------------------------------------------------------------------------------- */

/* Objects of any kind, borrowed from an arena. After ls_set_sort they are in order of kind's rank and key, objects of
 * equal key in the order added; lookups need a sorted set. */
struct ls_set {
	struct ls_object **objects;
	size_t n_objects;
	size_t size;
	struct ls_arena *arena; /* borrowed: where objects added later come from */
	size_t *ends;           /* of the runs that are in order, as far as they are known */
	size_t n_runs, ends_size;
	bool has_equals; /* two of equal key have been met while ordering; they may have gone since */
};

#define ls_set_each(set, i) for (size_t i = 0; (i) < (set)->n_objects; (i)++)

void ls_set_init(struct ls_set *set, struct ls_arena *arena);
void ls_set_done(struct ls_set *set);                         /* the objects stay: they are the arena's */
int ls_set_add(struct ls_set *set, struct ls_object *object); /* -ENOMEM */
/* The same of an object whose key is filled in later. */
int ls_set_add_blank(struct ls_set *set, struct ls_object *object);
/* Adds an object to a sorted set, behind those of equal key, and keeps it sorted. */
int ls_set_insert(struct ls_set *set, struct ls_object *object);
/* Makes an empty set hold the objects of another one. -ENOMEM. */
int ls_set_copy(struct ls_set *set, const struct ls_set *from);
/* The kernel has been told what is wanted here, as far as `told` (NULL: all of it) has just that: what it has learned
 * since (LS_ATTR_LEARNED) is no difference. Puts marked copies in their place. -ENOMEM. */
int ls_set_mark_told(struct ls_set *set, const struct ls_set *told);
bool ls_set_learns(const struct ls_set *set); /* is there anything that could be marked? */
void ls_set_remove(struct ls_set *set, size_t i);
void ls_set_truncate(struct ls_set *set, size_t n_objects); /* forgets all but the first ones */
void ls_set_sort(struct ls_set *set);
bool ls_set_is_sorted(const struct ls_set *set);
/* First object of that key, or NULL. `key` needs only its kind and key attributes. */
struct ls_object *ls_set_find(const struct ls_set *set, const struct ls_object *key);
/* The object of that key that is as `object` asks for (ls_object_diff), where a slot may hold several; or NULL. */
struct ls_object *ls_set_find_same(const struct ls_set *set, const struct ls_object *object);
/* First index with that key or greater, of n_objects. */
size_t ls_set_lower(const struct ls_set *set, const struct ls_object *key);
/* First index of that kind; *ret_to is one behind the last. */
size_t ls_set_of_kind(const struct ls_set *set, const struct ls_kind *kind, size_t *ret_to);
const struct ls_link *ls_set_link(const struct ls_set *set, const char *name);

/* ---- files and JSON ---------------------------------------------------------------------------------------------- */

/* Binary form for the state directory: kind, flags, owner, place, attributes by number, raw message. A null object is
 * written as kind 0. */
int ls_object_write(struct ls_buf *buf, const struct ls_object *object);

struct ls_reader {
	const uint8_t *data;
	size_t left;
};
/* *ret is NULL for a null object. -EBADMSG when the bytes are not an object. */
int ls_object_read(struct ls_reader *reader, struct ls_arena *arena, struct ls_object **ret);
int ls_read_u32(struct ls_reader *reader, uint32_t *ret);
int ls_read_u64(struct ls_reader *reader, uint64_t *ret);
int ls_read_bytes(struct ls_reader *reader, size_t length, const uint8_t **ret);
int ls_write_u32(struct ls_buf *buf, uint32_t value); /* little endian */
int ls_write_u64(struct ls_buf *buf, uint64_t value);

/* JSON object of all set attributes but HIDDEN ones; NULL when memory ran out. */
struct json_t *ls_object_to_json(const struct ls_object *object);
int ls_object_from_json(const struct json_t *json, const struct ls_kind *kind, struct ls_arena *arena,
	struct ls_object **ret, struct ls_error *err);
