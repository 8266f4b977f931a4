/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan site check, plan and upgrade, and what the commands of a site share: from the file to the layout, and from
 * there to all specs in memory, so that nothing is written before it is known that all of it can be.
 */
#include "site.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* ---- what is wrong ----------------------------------------------------------------------------------------------- */

int cli_site_in_dir(const char *dir, struct ls_error *err)
{
	struct ls_error told = *err;

	return ls_error_set(err, told.code, "%.200s/%.800s", dir, told.message);
}

enum cli_exit cli_site_fail(struct cli_site *site, const struct ls_error *err)
{
	bool denied = err->code == -EACCES || err->code == -EPERM;

	ls_diag_report(&site->diag, LS_SEVERITY_ERROR, (struct ls_location){ 0 }, "file", "%s%s", err->message,
		denied ? "; run this as its owner, or change its permissions" : "");
	if (denied)
		return CLI_EXIT_PRIVILEGE;
	return err->code == -EBUSY ? CLI_EXIT_BUSY : CLI_EXIT_FAILED;
}

/* ---- the site ---------------------------------------------------------------------------------------------------- */

static enum cli_exit read_text(struct cli *cli, struct cli_site *site)
{
	const char *path = cli->args.operand, *slash = strrchr(path, '/');
	char *base;
	struct ls_error err = { 0 };
	int r;

	site->base = site->dir = -1;
	site->source.name = strcmp(path, "-") != 0 ? path : "<stdin>";
	r = ls_file_read(path, LS_SPEC_SIZE_MAX, &site->source.text, &site->source.length, &err);
	if (r == -ENOMEM)
		return cli_site_fail(site, &err);
	if (r < 0) {
		ls_diag_report(&site->diag, LS_SEVERITY_ERROR, (struct ls_location){ .file = site->source.name },
			"file", "%s", strerror(-r));
		return CLI_EXIT_INVALID;
	}
	base = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	site->base = base ? open(base, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	free(base);
	return CLI_EXIT_DONE;
}

/* A DIR that is not there has never been rendered to. */
static enum cli_exit open_dir(struct cli *cli, struct cli_site *site)
{
	struct ls_error err = { 0 };

	if (!cli->args.second)
		return CLI_EXIT_DONE;
	site->dir = open(cli->args.second, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (site->dir >= 0 || errno == ENOENT)
		return CLI_EXIT_DONE;
	(void)ls_error_set(&err, -errno, "%s: %s", cli->args.second, strerror(errno));
	return cli_site_fail(site, &err);
}

static int read_records(struct cli *cli, struct cli_site *site, struct ls_error *err)
{
	struct cli_site_place place = { .fd = site->dir, .dir = cli->args.second, .name = CLI_ALLOCATIONS };
	int r;

	site->arena = ls_arena_new();
	if (!site->arena)
		return ls_error_set(err, -ENOMEM, "out of memory");
	r = cli_site_record_read(&place, site->arena, &site->record, err);
	place.name = CLI_INTENDED;
	if (r == 0)
		r = cli_site_record_read(&place, site->arena, &site->intended, err);
	site->record.intended = site->intended.rendered ? &site->intended : NULL;
	return r;
}

static enum cli_exit read_record(struct cli *cli, struct cli_site *site)
{
	struct ls_error err = { 0 };
	int r = site->dir < 0 ? 0 : read_records(cli, site, &err);
	enum cli_exit status = r < 0 ? cli_site_fail(site, &err) : CLI_EXIT_DONE;

	return r == -EINVAL ? CLI_EXIT_INVALID : status;
}

static enum cli_exit parse(struct cli *cli, struct cli_site *site)
{
	struct ls_error err = { 0 };
	int r = ls_site_parse(
		cli->args.operand, site->source.text, site->source.length, &site->site, &site->diag, &err);

	if (r < 0 && r != -EINVAL)
		return cli_site_fail(site, &err);
	return r < 0 ? CLI_EXIT_INVALID : CLI_EXIT_DONE;
}

static enum cli_exit allocate(struct cli_site *site)
{
	struct ls_error err = { 0 };
	int r = ls_site_allocate(site->site, &site->record, &site->layout, &site->diag);

	if (r < 0 && r != -EINVAL) {
		(void)ls_error_set(&err, r, "%s: out of memory", site->source.name);
		return cli_site_fail(site, &err);
	}
	return r < 0 ? CLI_EXIT_INVALID : CLI_EXIT_DONE;
}

enum cli_exit cli_site_read(struct cli *cli, struct cli_site *site)
{
	enum cli_exit status = read_text(cli, site);

	return status == CLI_EXIT_DONE ? parse(cli, site) : status;
}

enum cli_exit cli_site_allocate(struct cli *cli, struct cli_site *site)
{
	enum cli_exit status = read_record(cli, site);

	return status == CLI_EXIT_DONE ? allocate(site) : status;
}

enum cli_exit cli_site_open(struct cli *cli, struct cli_site *site)
{
	enum cli_exit status = cli_site_read(cli, site);

	if (status == CLI_EXIT_DONE)
		status = open_dir(cli, site);
	if (status == CLI_EXIT_DONE)
		status = cli_site_allocate(cli, site);
	if (site->record.intended)
		ls_diag_report(&site->diag, LS_SEVERITY_WARNING, (struct ls_location){ .file = cli->args.second },
			"file", "a render to it goes on, or was cut short: then render again, which completes it");
	return status;
}

void cli_site_done(struct cli_site *site)
{
	if (site->layout.site)
		ls_site_layout_done(&site->layout);
	ls_site_free(site->site);
	ls_arena_free(site->arena);
	ls_diag_done(&site->diag);
	cli_source_done(&site->source);
	ls_close(&site->base);
	ls_close(&site->dir);
}

/* ---- findings ---------------------------------------------------------------------------------------------------- */

void cli_site_print_findings(struct cli *cli, struct cli_site *site)
{
	size_t n = site->site ? site->site->n_director_dual_stack : 0;

	cli_print_findings(cli, &site->diag, &site->source);
	if (n)
		cli_hint(cli, "%zu warning%s suppressed, as the site says [director-dual-stack]", n, n == 1 ? "" : "s");
}

void cli_site_json_suppressed(struct cli *cli, const struct cli_site *site)
{
	size_t n = site->site ? site->site->n_director_dual_stack : 0;

	if (n)
		fprintf(cli->out.file, ",\"suppressed\":[{\"id\":\"director-dual-stack\",\"count\":%zu}]", n);
	else
		cli_json_raw(cli, ",\"suppressed\":[]");
}

static void json_check(struct cli *cli, struct cli_site *site, bool valid)
{
	fprintf(cli->out.file, "{\"format\":1,\"valid\":%s,", valid ? "true" : "false");
	cli_json_findings(cli, "findings", LS_SEVERITY_ERROR, &site->diag, NULL);
	cli_site_json_suppressed(cli, site);
	cli_json_raw(cli, "}\n");
}

enum cli_exit cli_site_refuse(struct cli *cli, struct cli_site *site, enum cli_exit status)
{
	if (cli_given(cli, CLI_JSON))
		json_check(cli, site, false);
	else
		cli_site_print_findings(cli, site);
	return status;
}

enum cli_exit cli_site_check(struct cli *cli)
{
	LS_CLEANUP(cli_site_done) struct cli_site site = { 0 };
	enum cli_exit status = cli_site_open(cli, &site);
	size_t n;

	if (status != CLI_EXIT_DONE)
		return cli_site_refuse(cli, &site, status);
	if (cli_given(cli, CLI_JSON))
		json_check(cli, &site, true);
	else
		cli_site_print_findings(cli, &site);
	n = ls_site_count_hosts(site.site);
	if (cli_talks(cli))
		fprintf(cli->out.file, "%s: valid, %zu tenant%s, %zu host%s\n", site.source.name, site.site->n_tenants,
			site.site->n_tenants == 1 ? "" : "s", n, n == 1 ? "" : "s");
	return CLI_EXIT_DONE;
}

/* ---- specs ------------------------------------------------------------------------------------------------------- */

/* A line of base64, as `linkspan keygen` prints it. */
static int read_key(void *user, const char *path, char text[static LS_KEY_TEXT_MAX], struct ls_error *err)
{
	const struct cli_site *site = user;
	LS_CLEANUP(ls_close) int fd = openat(site->base, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char data[LS_KEY_TEXT_MAX + 2];
	struct ls_crypto_key key;
	ssize_t n;

	if (fd < 0)
		return ls_error_set(err, -errno, "cannot read the public key %s: %s", path, strerror(errno));
	n = read(fd, data, sizeof(data) - 1);
	if (n < 0)
		return ls_error_set(err, -errno, "cannot read the public key %s: %s", path, strerror(errno));
	data[n] = '\0';
	data[strcspn(data, "\r\n")] = '\0';
	if (ls_key_parse(data, &key) < 0)
		return ls_error_set(err, -EBADMSG, "%s is no public key: 32 bytes as base64", path);
	memcpy(text, data, LS_KEY_TEXT_MAX);
	return 0;
}

static int compare_specs(const void *a, const void *b)
{
	return strcmp(((const struct cli_site_spec *)a)->host.name, ((const struct cli_site_spec *)b)->host.name);
}

static int render(struct cli_site *site, const struct ls_site_place *place, struct cli_site_specs *specs)
{
	const struct ls_site_tenant *tenant = place->tenant;
	struct cli_site_spec *spec = &specs->items[specs->n];
	struct ls_error err = { 0 };
	size_t start = specs->text.length;
	int r = ls_site_render(&site->layout, place, read_key, site, &specs->text, &spec->host, &err);

	if (r == 0) {
		spec->offset = start;
		spec->host.failover =
			tenant && place->appliance == tenant->provider ? tenant->failover.mode : LS_FAILOVER_NONE;
		specs->n++;
		return cli_site_verify(site, &spec->host, (const char *)specs->text.data + start,
			tenant ? place->appliance->mark : place->gateway->mark);
	}
	if (r != -ENOMEM && tenant) {
		ls_diag_report(&site->diag, LS_SEVERITY_ERROR,
			(struct ls_location){ .file = site->source.name,
				.line = tenant->tunnels.key_dir_mark.line,
				.column = tenant->tunnels.key_dir_mark.column },
			"file", "%s; make the pair with `linkspan keygen`, and keep what that prints", err.message);
		return 0;
	}
	return r;
}

enum cli_exit cli_site_specs(struct cli_site *site, struct cli_site_specs *ret)
{
	struct ls_error err = { .code = -ENOMEM, .message = "out of memory" };
	struct ls_site_place place = { 0 };
	int r = 0;

	ret->items = calloc(ls_site_count_hosts(site->site) + 1, sizeof(*ret->items));
	if (!ret->items)
		return cli_site_fail(site, &err);
	while (r == 0 && ls_site_next_host(site->site, &place))
		r = render(site, &place, ret);
	if (r < 0)
		return cli_site_fail(site, &err);
	qsort(ret->items, ret->n, sizeof(*ret->items), compare_specs);
	return ls_diag_failed(&site->diag) ? CLI_EXIT_INVALID : CLI_EXIT_DONE;
}

void cli_site_specs_done(struct cli_site_specs *specs)
{
	free(specs->items);
	ls_buf_done(&specs->text);
}

/* ---- files of DIR ------------------------------------------------------------------------------------------------ */

const char *cli_site_file(const char *host, char name[static CLI_SITE_FILE_MAX])
{
	(void)snprintf(name, CLI_SITE_FILE_MAX, "%s.yaml", host);
	return name;
}

bool cli_site_is_intended(const struct ls_site_host *intended, uint32_t crc, uint32_t length)
{
	return ls_site_was_rendered_to(intended, crc, length) ||
	       (intended && intended->found_crc == crc && intended->found_length == length);
}

void cli_site_warn_edited(struct cli *cli, struct cli_site *site, const char *host)
{
	ls_diag_report(&site->diag, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "file",
		"%s/%s.yaml had been changed by somebody else; it is replaced", cli->args.second, host);
}

/* ---- plan -------------------------------------------------------------------------------------------------------- */

struct todo {
	const struct ls_site_host *host;
	enum ls_site_action action;
	char reason[LS_SITE_REASON_MAX];
};

struct todos {
	struct todo *items;
	size_t n;
	size_t n_missing; /* files */
};

static void todos_done(struct todos *todos)
{
	free(todos->items);
}

struct pair {
	const struct ls_site_host *was;
	const struct cli_site_spec *now;
};

#define MISSING_MAX 8u /* files that are told of one by one */

/* A directory without specs is not told of by a line for each. */
static void tell_missing(struct cli *cli, struct cli_site *site, struct todos *todos, const char *host)
{
	if (todos->n_missing++ < MISSING_MAX)
		ls_diag_report(&site->diag, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "file",
			"%s/%s.yaml is missing; render writes it anew", cli->args.second, host);
}

/* What render would say of the file of a host that was rendered and is so again; and in which parts it differs from
 * what it is to be. */
static void look_at_file(struct cli *cli, struct cli_site *site, const struct cli_site_specs *specs,
	const struct pair *pair, struct todos *todos, char parts[static LS_SITE_PARTS_MAX])
{
	const struct ls_site_host *was = pair->was, *now = &pair->now->host;
	const char *wanted = (const char *)specs->text.data + pair->now->offset;
	LS_CLEANUP(ls_free) char *text = NULL;
	char name[CLI_SITE_FILE_MAX];
	size_t length = 0;
	uint32_t crc;
	int r;

	r = ls_file_read_at(site->dir, cli_site_file(now->name, name), LS_SPEC_SIZE_MAX, &text, &length, NULL);
	if (r == -ENOENT)
		tell_missing(cli, site, todos, now->name);
	if (r < 0)
		return;
	crc = ls_crc32c(0, text, length);
	if (ls_site_was_rendered_to(was, crc, (uint32_t)length))
		(void)ls_site_differing_parts(text, length, wanted, now->length, parts);
	else if (!ls_site_was_rendered_to(now, crc, (uint32_t)length) &&
		 !cli_site_is_intended(ls_site_find_host(&site->intended, now->name), crc, (uint32_t)length))
		cli_site_warn_edited(cli, site, now->name);
}

static void add_todo(struct cli *cli, struct cli_site *site, const struct cli_site_specs *specs,
	const struct pair *pair, struct todos *todos)
{
	struct todo *todo = &todos->items[todos->n];
	const struct ls_site_host *now = pair->now ? &pair->now->host : NULL;
	char parts[LS_SITE_PARTS_MAX] = "";

	if (pair->was && now)
		look_at_file(cli, site, specs, pair, todos, parts);
	todo->action = ls_site_compare(site->site, pair->was, now, parts, todo->reason);
	todo->host = now ? now : pair->was;
	todos->n += todo->host && todo->action != LS_SITE_KEEP;
}

/* Both are in the order of their names. False: out of memory. */
static bool compare(struct cli *cli, struct cli_site *site, const struct cli_site_specs *specs, struct todos *ret)
{
	const struct ls_site_record *record = &site->record;
	size_t i = 0, k = 0;

	ret->items = calloc(specs->n + record->n_hosts + 1, sizeof(*ret->items));
	while (ret->items && (i < specs->n || k < record->n_hosts)) {
		int order = i == specs->n          ? 1
			    : k == record->n_hosts ? -1
						   : strcmp(specs->items[i].host.name, record->hosts[k].name);

		const struct pair pair = {
			.was = order >= 0 ? &record->hosts[k] : NULL,
			.now = order <= 0 ? &specs->items[i] : NULL,
		};

		add_todo(cli, site, specs, &pair, ret);
		i += order <= 0;
		k += order >= 0;
	}
	if (ret->n_missing > MISSING_MAX)
		ls_diag_report(&site->diag, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "file",
			"%zu more specs of %s are missing", ret->n_missing - MISSING_MAX, cli->args.second);
	return ret->items != NULL;
}

static const char *const side_titles[LS_N_SIDES] = {
	[LS_SIDE_GATEWAY] = "Gateways",
	[LS_SIDE_PROVIDER] = "Appliances at the provider",
	[LS_SIDE_TENANT] = "Appliances at tenants",
};

static const struct {
	const char *word, *title;
} actions[LS_N_SITE_ACTIONS] = {
	[LS_SITE_DEPLOY] = { "deploy", "to deploy" },
	[LS_SITE_REDEPLOY] = { "redeploy", "to redeploy" },
	[LS_SITE_RECONFIGURE] = { "reconfigure", "to reconfigure" },
	[LS_SITE_REMOVE] = { "remove", "to remove" },
};

static void print_todos(struct cli *cli, const struct todos *todos, unsigned side, unsigned action)
{
	bool first = true;

	for (size_t i = 0; i < todos->n; i++) {
		const struct todo *todo = &todos->items[i];

		if (todo->host->side != side || todo->action != action)
			continue;
		if (first)
			fprintf(cli->out.file, "%s %s:\n", side_titles[side], actions[action].title);
		first = false;
		fprintf(cli->out.file, "  %-24s %s\n", todo->host->name, todo->reason);
	}
}

static void print_plan(struct cli *cli, const struct cli_site *site, const struct todos *todos)
{
	if (site->record.rendered && site->record.ipv6_communication != site->site->ipv6_communication)
		fprintf(cli->out.file, "IPv6 communication is turned %s.\n",
			site->site->ipv6_communication ? "on" : "off");
	for (unsigned side = 0; side < LS_N_SIDES; side++)
		for (unsigned action = LS_SITE_DEPLOY; action < LS_N_SITE_ACTIONS; action++)
			print_todos(cli, todos, side, action);
	if (!todos->n)
		fputs("Nothing to do.\n", cli->out.file);
}

static void json_plan(struct cli *cli, const struct cli_site *site, const struct todos *todos)
{
	bool first = true;

	fprintf(cli->out.file, "{\"format\":1,\"ipv6_communication\":{\"was\":%s,\"is\":%s},\"hosts\":[",
		!site->record.rendered            ? "null"
		: site->record.ipv6_communication ? "true"
						  : "false",
		site->site->ipv6_communication ? "true" : "false");
	for (size_t i = 0; i < todos->n; i++)
		cli_json_element(cli, &first,
			json_pack("{s:s, s:s, s:s, s:s}", "name", todos->items[i].host->name, "side",
				ls_site_sides[todos->items[i].host->side], "action",
				actions[todos->items[i].action].word, "reason", todos->items[i].reason));
	cli_json_raw(cli, first ? "]," : "\n],");
	cli_json_findings(cli, "warnings", LS_SEVERITY_WARNING, &site->diag, NULL);
	cli_site_json_suppressed(cli, site);
	cli_json_raw(cli, "}\n");
}

enum cli_exit cli_site_plan(struct cli *cli)
{
	LS_CLEANUP(cli_site_specs_done) struct cli_site_specs specs = { 0 };
	LS_CLEANUP(cli_site_done) struct cli_site site = { 0 };
	enum cli_exit status = cli_site_open(cli, &site);
	struct todos todos = { 0 };

	if (status == CLI_EXIT_DONE)
		status = cli_site_specs(&site, &specs);
	if (status != CLI_EXIT_DONE)
		return cli_site_refuse(cli, &site, status);
	if (!compare(cli, &site, &specs, &todos)) {
		todos_done(&todos);
		return cli_site_refuse(cli, &site,
			cli_site_fail(&site, &(struct ls_error){ .code = -ENOMEM, .message = "out of memory" }));
	}
	if (cli_given(cli, CLI_JSON))
		json_plan(cli, &site, &todos);
	else
		cli_site_print_findings(cli, &site);
	if (cli_talks(cli))
		print_plan(cli, &site, &todos);
	status = todos.n ? CLI_EXIT_CHANGES : CLI_EXIT_DONE;
	todos_done(&todos);
	return status;
}

/* ---- upgrade ----------------------------------------------------------------------------------------------------- */

enum cli_exit cli_site_upgrade(struct cli *cli)
{
	LS_CLEANUP(cli_site_done) struct cli_site site = { 0 };
	LS_CLEANUP(ls_free) char *upgraded = NULL;
	enum cli_exit status = read_text(cli, &site);
	struct ls_error err = { 0 };
	int r;

	if (status != CLI_EXIT_DONE)
		return cli_site_refuse(cli, &site, status);
	r = ls_site_upgrade(site.source.name, site.source.text, site.source.length, &upgraded, &site.diag, &err);
	if (r < 0)
		return cli_site_refuse(cli, &site, r == -EINVAL ? CLI_EXIT_INVALID : cli_site_fail(&site, &err));
	cli_site_print_findings(cli, &site);
	cli_json_raw(cli, upgraded);
	return CLI_EXIT_DONE;
}
