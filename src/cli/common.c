/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What several commands begin with: reading the spec, opening the host, the options of a plan.
 *
 * The spec is read here and parsed from memory, because findings are shown with their line of the source, also when the
 * spec is not valid and when it came through a pipe.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- the spec ---------------------------------------------------------------------------------------------------- */

static enum cli_exit refuse_file(struct cli_spec *spec, const struct ls_error *err)
{
	const struct ls_location location = { .file = spec->source.name };
	const char *message = err->message;
	size_t n = strlen(spec->source.name);

	/* The message begins with the name, as the location does. */
	if (!strncmp(message, spec->source.name, n) && message[n] == ':')
		message += n + 1 + (message[n + 1] == ' ');
	ls_diag_report(&spec->diag, LS_SEVERITY_ERROR, location, "file", "%s", message);
	return CLI_EXIT_INVALID;
}

enum cli_exit cli_spec_read(struct cli *cli, struct cli_spec *spec)
{
	const char *path = cli->args.operand;
	struct ls_error err = { 0 };
	int r;

	spec->source.name = strcmp(path, "-") != 0 ? path : "<stdin>";
	r = ls_file_read(path, LS_SPEC_SIZE_MAX, &spec->source.text, &spec->source.length, &err);
	if (r == -ENOMEM)
		return cli_fail(cli, &err);
	if (r < 0)
		return refuse_file(spec, &err);
	r = ls_spec_parse(path, spec->source.text, spec->source.length, &spec->spec, &spec->diag, &err);
	if (r == 0 && cli_given(cli, CLI_FAILOVER))
		r = ls_spec_set_failover(spec->spec, cli->args.failover, &spec->diag);
	if (r < 0 && r != -EINVAL)
		return cli_fail(cli, &err);
	return r < 0 ? CLI_EXIT_INVALID : CLI_EXIT_DONE;
}

void cli_spec_done(struct cli_spec *spec)
{
	ls_spec_free(spec->spec);
	ls_diag_done(&spec->diag);
	cli_source_done(&spec->source);
}

/* ---- the host ---------------------------------------------------------------------------------------------------- */

static int open_host(const struct cli *cli, bool change, struct ls_host **ret, struct ls_error *err)
{
	const struct ls_host_options options = {
		.state_dir = cli->args.state_dir,
		.netns = cli->args.netns,
		.change = change,
	};

	return ls_host_open(&options, ret, err);
}

void cli_host_ahead(struct cli *cli, bool change)
{
	cli->ahead.tried = true;
	if (open_host(cli, change, &cli->ahead.host, &cli->ahead.err) >= 0)
		ls_host_read_ahead(cli->ahead.host);
}

void cli_host_forget(struct cli *cli)
{
	ls_host_close(LS_TAKE_PTR(cli->ahead.host));
}

enum cli_exit cli_host_open(struct cli *cli, bool change, struct ls_host **ret)
{
	struct ls_error err = { 0 };

	if (cli->ahead.tried && !cli->ahead.host)
		return cli_fail(cli, &cli->ahead.err);
	if (!cli->ahead.tried)
		return open_host(cli, change, ret, &err) < 0 ? cli_fail(cli, &err) : CLI_EXIT_DONE;
	*ret = LS_TAKE_PTR(cli->ahead.host);
	return CLI_EXIT_DONE;
}

static const char hidden_record[] =
	"the state directory may not be read, so what linkspan has applied here is not known";

enum cli_exit cli_need_record(struct cli *cli, const struct ls_host *host)
{
	struct ls_error err = { 0 };

	if (!ls_host_is_hidden(host))
		return CLI_EXIT_DONE;
	(void)ls_error_set(&err, -EACCES, "%s", hidden_record);
	return cli_fail(cli, &err);
}

void cli_want_record(struct cli *cli, const struct ls_host *host)
{
	if (ls_host_is_hidden(host))
		cli_warning(cli, "%s: run as root to take it into account", hidden_record);
}

void cli_host_closep(struct ls_host **host)
{
	ls_host_close(*host);
}

void cli_arena_done(struct ls_set *set)
{
	ls_set_done(set);
	ls_arena_free(set->arena);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* sshd(8): "client-address client-port server-address server-port". A link-local address has its link behind a '%'. */
struct ls_ip cli_session_address(const char *connection)
{
	char address[LS_IP_TEXT_MAX] = "";
	struct ls_ip ip = { 0 };

	if (!connection || sscanf(connection, "%*s %*s %45[0-9a-fA-F.:]", address) != 1)
		return ip;
	if (ls_ip_parse(address, &ip) < 0)
		return (struct ls_ip){ 0 };
	return ip;
}

struct ls_plan_options cli_plan_options(const struct cli *cli)
{
	return (struct ls_plan_options){
		.adopt = cli_given(cli, CLI_ADOPT),
		.force = cli_given(cli, CLI_FORCE),
		.session = cli_session_address(getenv("SSH_CONNECTION")), /* NOLINT(concurrency-mt-unsafe) */
	};
}

/* ---- times ------------------------------------------------------------------------------------------------------- */

const char *cli_format_time(int64_t seconds, char text[static CLI_TIME_MAX])
{
	time_t when = (time_t)seconds;
	struct tm local;
	size_t n;

	if (!localtime_r(&when, &local))
		return "?";
	n = strftime(text, CLI_TIME_MAX - 1, "%Y-%m-%dT%H:%M:%S%z", &local);
	if (n < 5)
		return "?";
	/* RFC 3339 wants a colon in the offset. */
	memmove(text + n - 1, text + n - 2, 3);
	text[n - 2] = ':';
	return text;
}
