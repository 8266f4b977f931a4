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

enum cli_exit cli_keygen(struct cli *cli)
{
	LS_CLEANUP(ls_key_wipe) struct ls_crypto_key secret = { 0 };
	bool preshared = cli_given(cli, CLI_PRESHARED);
	struct ls_error err = { 0 };
	int r;

	if (!strcmp(cli->args.operand, "-")) {
		cli_error(cli, "a key is written to a file, never to standard output");
		return CLI_EXIT_USAGE;
	}
	r = preshared ? ls_key_generate(&secret, &err) : ls_key_generate_private(&secret, &err);
	if (r >= 0)
		r = ls_key_create(cli->args.operand, &secret, &err);
	if (r < 0)
		return cli_fail(cli, &err);
	if (!preshared)
		answer(cli, &secret);
	else if (cli_given(cli, CLI_JSON))
		cli_json_raw(cli, "{\"format\":1}\n");
	return CLI_EXIT_DONE;
}
