/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables that --help is made of: commands and exit codes. A new command is an entry here and a file.
 */
#include "cli.h"

const struct cli_exit_code cli_exits[CLI_N_EXITS] = {
	[CLI_EXIT_DONE] = { 0, "done, or nothing to do" },
	[CLI_EXIT_FAILED] = { 1, "failed, or refused for a conflict; the host is as it was before" },
	[CLI_EXIT_CHANGES] = { 2, "plan: there are changes; status --check: there is drift" },
	[CLI_EXIT_DIRTY] = { 3, "failed, and the host is not as it was before (what differs is named)" },
	[CLI_EXIT_USAGE] = { 64, "wrong usage" },
	[CLI_EXIT_INVALID] = { 65, "the spec (or the snapshot) is not valid or cannot be read" },
	[CLI_EXIT_UNSUPPORTED] = { 69, "this kernel lacks what the spec needs (which is named)" },
	[CLI_EXIT_BUSY] = { 75, "try again later: another run holds the lock" },
	[CLI_EXIT_PRIVILEGE] = { 77, "privilege is missing" },
};

#define READS (LS_BIT(CLI_EXIT_DONE) | LS_BIT(CLI_EXIT_FAILED) | LS_BIT(CLI_EXIT_USAGE) | LS_BIT(CLI_EXIT_PRIVILEGE))
#define CHANGES (READS | LS_BIT(CLI_EXIT_DIRTY) | LS_BIT(CLI_EXIT_UNSUPPORTED) | LS_BIT(CLI_EXIT_BUSY))

static const char check_text[] =
	"Reads SPEC (\"-\": standard input), checks it and prints every error that it has. Never\n"
	"looks at the kernel, so a spec can be checked on any machine.";

static const char plan_text[] =
	"Prints what apply would do, step by step in its order, and what each step may interrupt;\n"
	"changes nothing. Needs neither root nor a state directory.\n"
	"\n"
	"  + add   ~ change in place   = replace in one message   - delete\n"
	"\n"
	"  [flow]     packets of some flows may be lost\n"
	"  [session]  connections may end\n"
	"  [lockout]  the SSH session that you are in may end\n"
	"\n"
	"With --from, SNAPSHOT (\"-\": standard input) stands for the kernel, and the plan is made\n"
	"without looking at this host at all.";

static const char apply_text[] =
	"Brings the host to SPEC (\"-\": standard input): afterwards the spec is in force, or the\n"
	"host is as it was before. What linkspan did not make is left alone. A second apply of the\n"
	"same spec changes nothing. An interrupt (Ctrl-C, SIGTERM) takes everything back, and with\n"
	"--test so does success.";

static const char recover_text[] =
	"Finishes what a run that was cut short (a crash, a power failure) left behind: puts the\n"
	"host back to what it was before that run. Values that somebody else has changed since are\n"
	"left alone and reported (exit 3). Does nothing when there is nothing to recover, so it can\n"
	"run at every boot.";

static const char rollback_text[] =
	"Brings the host back to the generation before the current one, or to generation N (see\n"
	"`linkspan history`). This makes a new generation: going back can be taken back.";

static const char down_text[] =
	"Removes everything that linkspan made on this host and gives back what it displaced\n"
	"(sysctls, settings of links, adopted objects), unless somebody has changed that since.";

static const char status_text[] =
	"Prints the current generation and how the host differs from it: what is missing, what is\n"
	"there too much, what is otherwise.";

static const char history_text[] = "Lists the generations: one for each successful apply, rollback and down.";

static const char snapshot_text[] =
	"Prints the objects of this host that linkspan made, or all of them, without anything that\n"
	"changes by itself: two snapshots of the same configuration are the same, byte for byte.\n"
	"With --all --json the output can be given to `linkspan plan --from`.";

static const char show_text[] =
	"Prints what is recorded of generation N: when, who, by which command and why, how long\n"
	"each phase took, the steps (the first 1,000), and the spec.";

static const char explain_text[] =
	"Says of one object where in the spec it comes from, whose it is, whether it is as recorded,\n"
	"what it depends on and what depends on it. OBJECT is written as plan and status print it:\n"
	"\"route 2001:db8::/64 metric 1024\", \"address 192.0.2.1/24 dev lan0\"; \"lan0\" alone is enough\n"
	"where it can mean one object only.";

static const char schema_text[] =
	"Prints the JSON Schema (draft 2020-12) of specs, for editors and for programs that write\n"
	"them. It says of a spec what `linkspan check` says, but for what takes more than one place\n"
	"of it: names that must exist, objects that are asked for twice, next hops and subnets.";

static const char keygen_text[] =
	"Makes a key pair of Curve25519, as WireGuard uses it: the private key goes into FILE, which\n"
	"must not be there yet and which only its owner can read; the public key is printed. With\n"
	"--preshared FILE gets a key that both ends of a tunnel have, and nothing is printed. With\n"
	"--esp it gets the keys of a security association of IPsec, in one direction: as many\n"
	"bytes as PROPOSAL needs.";

static const char graph_text[] =
	"Prints what a spec describes as a graph in DOT, the language of Graphviz: interfaces with\n"
	"their addresses, networks, public addresses and what they lead to. `linkspan graph SPEC |\n"
	"dot -Tsvg >picture.svg` makes a picture of it.";

static const char site_check_text[] =
	"Reads the spec of a provider's whole site (\"-\": standard input), checks it and prints every\n"
	"error that it has. With DIR, where it was rendered to, it also has to fit what its tenants\n"
	"hold since then: public addresses, ports, gateways of the time before IPv6.";

static const char site_plan_text[] =
	"Compares SITE with what was rendered into DIR last, and lists per side which gateways must be\n"
	"reconfigured and which appliances deployed, redeployed or reconfigured, and why. Changes\n"
	"nothing. Who has only IPv4 while IPv6 communication is on stays in the list until that is\n"
	"done.";

static const char site_render_text[] =
	"Writes the spec of each gateway and appliance of SITE into DIR, as NAME.yaml, and records what\n"
	"its tenants hold in DIR/allocations.json. Files that are as they should be are not touched;\n"
	"those of hosts that are no longer in the site are listed, and removed with --prune. Keys are\n"
	"read from beside SITE: public ones only.";

static const char site_upgrade_text[] =
	"Prints the site OLD, of the time before IPv6, in today's format: with IPv6 communication off\n"
	"until somebody turns it on. Refuses a site that has anything of IPv6.";

static const char site_graph_text[] =
	"Prints a site as a graph in DOT, the language of Graphviz: gateways, tenants with their\n"
	"networks, and how tunnels come in. `linkspan site graph SITE | dot -Tsvg >picture.svg`";

static const char site_schema_text[] =
	"Prints the JSON Schema (draft 2020-12) of sites, as `linkspan schema` does that of hosts.";

#define SITE_READS \
	(LS_BIT(CLI_EXIT_DONE) | LS_BIT(CLI_EXIT_FAILED) | LS_BIT(CLI_EXIT_USAGE) | LS_BIT(CLI_EXIT_INVALID) | \
		LS_BIT(CLI_EXIT_PRIVILEGE))

const struct cli_command cli_commands[] = {
	{ "check", "read and check a spec; no kernel access", "SPEC", check_text, 0,
		LS_BIT(CLI_EXIT_DONE) | LS_BIT(CLI_EXIT_FAILED) | LS_BIT(CLI_EXIT_USAGE) | LS_BIT(CLI_EXIT_INVALID),
		false, cli_check, false },
	{ "plan", "show what apply would do", "SPEC", plan_text,
		LS_BIT(CLI_FROM) | LS_BIT(CLI_ADOPT) | LS_BIT(CLI_FORCE) | LS_BIT(CLI_KERNEL_CHECK) |
			LS_BIT(CLI_FAILOVER),
		READS | LS_BIT(CLI_EXIT_CHANGES) | LS_BIT(CLI_EXIT_INVALID) | LS_BIT(CLI_EXIT_UNSUPPORTED), false,
		cli_plan, false },
	{ "apply", "bring the host to a spec", "SPEC", apply_text,
		LS_BIT(CLI_ADOPT) | LS_BIT(CLI_FORCE) | LS_BIT(CLI_MESSAGE) | LS_BIT(CLI_TEST) | LS_BIT(CLI_FAILOVER) |
			LS_BIT(CLI_WAIT),
		CHANGES | LS_BIT(CLI_EXIT_INVALID), true, cli_apply, false },
	{ "rollback", "go back to an earlier generation", NULL, rollback_text,
		LS_BIT(CLI_TO) | LS_BIT(CLI_FORCE) | LS_BIT(CLI_WAIT), CHANGES, true, cli_rollback, false },
	{ "down", "remove all that linkspan made", NULL, down_text, LS_BIT(CLI_FORCE), CHANGES, true, cli_down, false },
	{ "status", "show the current generation and what differs from it", NULL, status_text, LS_BIT(CLI_CHECK),
		READS | LS_BIT(CLI_EXIT_CHANGES), false, cli_status, false },
	{ "explain", "say of an object where it comes from and whose it is", "OBJECT", explain_text, 0, READS, false,
		cli_explain, true },
	{ "history", "list the generations", NULL, history_text, 0, READS, false, cli_history, false },
	{ "show", "show one generation: its steps and its spec", "N", show_text, 0, READS, false, cli_show, false },
	{ "snapshot", "print the kernel's objects", NULL, snapshot_text, LS_BIT(CLI_ALL), READS, false, cli_snapshot,
		false },
	{ "recover", "finish what a crash left behind", NULL, recover_text, LS_BIT(CLI_ABANDON), CHANGES, true,
		cli_recover, false },
	{ "schema", "print the JSON Schema of specs", NULL, schema_text, 0,
		LS_BIT(CLI_EXIT_DONE) | LS_BIT(CLI_EXIT_FAILED) | LS_BIT(CLI_EXIT_USAGE), false, cli_schema, false },
	{ "graph", "draw a spec, in Graphviz' DOT", "SPEC", graph_text, 0,
		LS_BIT(CLI_EXIT_DONE) | LS_BIT(CLI_EXIT_FAILED) | LS_BIT(CLI_EXIT_USAGE) | LS_BIT(CLI_EXIT_INVALID),
		false, cli_graph, false },
	{ "keygen", "make a key pair for a tunnel", "FILE", keygen_text, LS_BIT(CLI_PRESHARED) | LS_BIT(CLI_ESP),
		LS_BIT(CLI_EXIT_DONE) | LS_BIT(CLI_EXIT_FAILED) | LS_BIT(CLI_EXIT_USAGE), false, cli_keygen, false },
	{ "site check", "read and check the spec of a whole site", "SITE [DIR]", site_check_text, 0, SITE_READS, false,
		cli_site_check, false },
	{ "site plan", "say who must be reconfigured or redeployed", "SITE DIR", site_plan_text, 0,
		SITE_READS | LS_BIT(CLI_EXIT_CHANGES), false, cli_site_plan, false },
	{ "site render", "write the specs of all hosts of a site", "SITE DIR", site_render_text, LS_BIT(CLI_PRUNE),
		SITE_READS | LS_BIT(CLI_EXIT_BUSY), false, cli_site_render, false },
	{ "site upgrade", "bring a site of before to today's format", "OLD", site_upgrade_text, 0, SITE_READS, false,
		cli_site_upgrade, false },
	{ "site graph", "draw a site, in Graphviz' DOT", "SITE", site_graph_text, 0, SITE_READS, false, cli_site_graph,
		false },
	{ "site schema", "print the JSON Schema of sites", NULL, site_schema_text, 0,
		LS_BIT(CLI_EXIT_DONE) | LS_BIT(CLI_EXIT_FAILED) | LS_BIT(CLI_EXIT_USAGE), false, cli_site_schema,
		false },
	{ 0 },
};
