/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan keygen: the private key goes into the file and nowhere else; the public one is the answer.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

static void answer(struct cli *cli, const struct ls_crypto_key *secret)
{
	char text[LS_KEY_TEXT_MAX];
	struct ls_crypto_key public;

	ls_key_public(secret, &public);
	ls_key_format(&public, text);
	if (cli_given(cli, CLI_JSON)) {
		cli_json_value(cli, json_pack("{s:i, s:s}", "format", 1, "public_key", text));
		cli_json_raw(cli, "\n");
	} else if (!cli_given(cli, CLI_QUIET)) {
		fprintf(cli->out.file, "%s\n", text);
	}
}

static int make_pair(struct cli *cli, struct ls_error *err)
{
	LS_CLEANUP(ls_key_wipe) struct ls_crypto_key secret = { 0 };
	int r = ls_key_generate_private(&secret, err);

	if (r >= 0)
		r = ls_key_create(cli->args.operand, &secret, err);
	if (r >= 0)
		answer(cli, &secret);
	return r;
}

/* What both ends have: there is nothing to tell. */
static int make_shared(struct cli *cli, size_t size, struct ls_error *err)
{
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { 0 };
	int r = ls_secret_generate(size, &secret, err);

	if (r >= 0)
		r = ls_secret_create(cli->args.operand, &secret, err);
	if (r >= 0 && cli_given(cli, CLI_JSON))
		cli_json_raw(cli, "{\"format\":1}\n");
	return r;
}

enum cli_exit cli_keygen(struct cli *cli)
{
	const struct ls_esp_proposal *esp = cli->args.esp;
	bool preshared = cli_given(cli, CLI_PRESHARED);
	struct ls_error err = { 0 };
	int r;

	if (!strcmp(cli->args.operand, "-")) {
		cli_error(cli, "a key is written to a file, never to standard output");
		return CLI_EXIT_USAGE;
	}
	if (preshared && esp) {
		cli_error(cli, "--preshared and --esp are two sorts of keys; give one of them");
		return CLI_EXIT_USAGE;
	}
	r = preshared ? make_shared(cli, LS_KEY_SIZE, &err)
	    : esp     ? make_shared(cli, (size_t)esp->encryption + esp->integrity, &err)
		      : make_pair(cli, &err);
	return r < 0 ? cli_fail(cli, &err) : CLI_EXIT_DONE;
}
