/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of options and the functions that read their arguments. A flag is a bit in cli_args.given and needs nothing
 * else; an option with an argument says where its value goes and how it is read.
 */
#include "cli.h"

#include <string.h>

static const char *read_text(const char *text, void *value)
{
	*(const char **)value = text;
	return NULL;
}

static const char *read_path(const char *text, void *value)
{
	*(const char **)value = text;
	return *text ? NULL : "is empty";
}

/* ip-netns(8) keeps namespaces as files below /run/netns: a name must stay one file there. */
static const char *read_namespace(const char *text, void *value)
{
	*(const char **)value = text;
	if (!*text || strchr(text, '/') || !strcmp(text, ".") || !strcmp(text, ".."))
		return "is not the name of a network namespace";
	return strlen(text) > 255 ? "is too long for the name of a network namespace" : NULL;
}

const char *cli_read_generation(const char *text, void *value)
{
	static const char complaint[] = "is not the number of a generation: 1, 2, ...";
	unsigned long long number;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return complaint;
	errno = 0;
	number = strtoull(text, NULL, 10);
	if (errno || !number)
		return complaint;
	*(uint64_t *)value = number;
	return NULL;
}

static const char *read_color(const char *text, void *value)
{
	static const char *const words[] = {
		[CLI_COLOR_AUTO] = "auto",
		[CLI_COLOR_ALWAYS] = "always",
		[CLI_COLOR_NEVER] = "never",
	};

	for (unsigned i = 0; i < LS_ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*(enum cli_color *)value = (enum cli_color)i;
		return NULL;
	}
	return "is none of auto, always, never";
}

static const char *read_failover(const char *text, void *value)
{
	return ls_failover_by_word(text, value) ? NULL : LS_FAILOVER_COMPLAINT;
}

static const char *read_proposal(const char *text, void *value)
{
	const struct ls_esp_proposal *proposal = ls_esp_proposal_by_name(text);

	*(const struct ls_esp_proposal **)value = proposal;
	return proposal ? NULL : "is none of aes128, aes192 or aes256 with -sha256, -sha384 or -sha512";
}

static const char *read_wait(const char *text, void *value)
{
	size_t length = strlen(text);
	unsigned long seconds = strtoul(text, NULL, 10);

	if (length == 0 || length > 4 || strspn(text, "0123456789") != length || seconds > CLI_WAIT_MAX)
		return "is not a number of seconds, 0 to 3600";
	*(unsigned *)value = (unsigned)seconds;
	return NULL;
}

#define FLAG(option, short, text) .name = (option), .letter = (short), .help = (text)
#define VALUE(option, short, what, field, reader, text) \
	FLAG(option, short, text), .argument = (what), .offset = offsetof(struct cli_args, field), .read = (reader)

const struct cli_option cli_options[CLI_N_OPTIONS] = {
	[CLI_JSON] = { FLAG("json", 'j', "print JSON") },
	[CLI_STATE_DIR] = { VALUE(
		"state-dir", 0, "DIR", state_dir, read_path, "keep the record of changes in DIR (" LS_STATE_DIR ")") },
	[CLI_NETNS] = { VALUE(
		"netns", 'n', "NAME", netns, read_namespace, "work in the network namespace NAME (see ip-netns(8))") },
	[CLI_QUIET] = { FLAG("quiet", 'q', "print errors and warnings only") },
	[CLI_VERBOSE] = { FLAG("verbose", 'v', "print more") },
	[CLI_COLOR] = { VALUE(
		"color", 0, "WHEN", color, read_color, "colour: auto, always or never (auto; NO_COLOR is honoured)") },
	[CLI_HELP] = { FLAG("help", 'h', "print this help") },
	[CLI_VERSION] = { FLAG("version", 'V', "print the version") },
	[CLI_FROM] = { VALUE("from", 0, "SNAPSHOT", from, read_path,
		"plan against a file that `linkspan snapshot --all --json` wrote") },
	[CLI_ADOPT] = { FLAG("adopt", 0, "take over what linkspan did not make, where it is in the way") },
	[CLI_FORCE] = { FLAG("force", 0, "let what linkspan did not make go with what it depends on") },
	[CLI_MESSAGE] = { VALUE("message", 'm', "TEXT", message, read_text, "say why, for `linkspan history`") },
	[CLI_TO] = { VALUE("to", 0, "N", to, cli_read_generation, "go back to generation N") },
	[CLI_CHECK] = { FLAG("check", 0, "exit 2 when the host differs from the current generation") },
	[CLI_ALL] = { FLAG("all", 'a', "also what linkspan did not make") },
	[CLI_KERNEL_CHECK] = { FLAG("kernel-check", 0, "let the kernel check the nftables part, without doing it") },
	[CLI_TEST] = { FLAG("test", 0, "take it back as soon as it is in force and verified") },
	[CLI_PRESHARED] = { FLAG("preshared", 0, "make a preshared key, which both ends have, instead of a pair") },
	[CLI_ESP] = { VALUE("esp", 0, "PROPOSAL", esp, read_proposal,
		"make a key for a security association of IPsec, like aes256-sha256") },
	[CLI_FAILOVER] = { VALUE(
		"failover", 0, "MODE", failover, read_failover, "in that mode of failover, whatever the spec says") },
	[CLI_PRUNE] = { FLAG("prune", 0, "remove the specs of hosts that the site no longer has") },
	[CLI_WAIT] = { VALUE(
		"wait", 0, "SECONDS", wait, read_wait, "wait so long, at most, for automatic addresses (20)") },
	[CLI_ABANDON] = { FLAG("abandon", 0, "leave the host as it is and forget the interrupted run") },
};
