/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli_test.h"

#include "../../../src/cli/keygen.c"

#include <sys/stat.h>

static char directory[] = "/tmp/linkspan-keygen.XXXXXX";

static void begin(void)
{
	cr_assert_not_null(mkdtemp(directory));
}

static void end(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", directory);
	cr_assert_eq(system(command), 0);
}

TestSuite(keygen, .init = begin, .fini = end);

static const char *path(const char *name)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s/%s", directory, name);
	return text;
}

static struct ls_crypto_key key_in(const char *name)
{
	struct ls_crypto_key key;
	size_t length;
	char *text;

	cr_assert_eq(ls_file_read(path(name), 64, &text, &length, NULL), 0);
	cr_assert_eq(length, LS_KEY_TEXT_MAX);
	text[length - 1] = '\0';
	cr_assert_eq(ls_key_parse(text, &key), 0);
	free(text);
	return key;
}

Test(keygen, prints_the_public_key_of_the_private_one_in_the_file)
{
	char expected[LS_KEY_TEXT_MAX], hidden[LS_KEY_TEXT_MAX];
	struct ls_crypto_key secret, public;
	struct told told;

	cr_assert_eq(told_run(&told, told_words("keygen", path("a"))), CLI_EXIT_DONE);
	secret = key_in("a");
	ls_key_public(&secret, &public);
	cr_assert_says(told.out, ls_key_format(&public, expected));
	cr_expect_eq(strlen(told.out), LS_KEY_TEXT_MAX, "the key and a newline");
	cr_assert_does_not_say(told.out, ls_key_format(&secret, hidden));
	cr_expect_str_eq(told.err, "");
	told_done(&told);
	cr_assert_eq(told_run(&told, told_words("keygen", path("a"))), CLI_EXIT_FAILED);
	cr_assert_says(told.err, "is there already");
	cr_expect_str_eq(told.out, "");
	told_done(&told);
}

Test(keygen, answers_in_json_and_quietly)
{
	char expected[LS_KEY_TEXT_MAX];
	struct ls_crypto_key secret, public;
	struct told told;
	json_t *json;

	cr_assert_eq(told_run(&told, told_words("keygen", "--json", path("a"))), CLI_EXIT_DONE);
	secret = key_in("a");
	ls_key_public(&secret, &public);
	json = told_json(&told);
	cr_expect_str_eq(json_text_at(json, "public_key"), ls_key_format(&public, expected));
	json_decref(json);
	told_done(&told);
	cr_assert_eq(told_run(&told, told_words("keygen", "--quiet", path("b"))), CLI_EXIT_DONE);
	cr_expect_str_eq(told.out, "");
	(void)key_in("b");
	told_done(&told);
}

Test(keygen, preshared_key_is_printed_by_nobody)
{
	struct ls_crypto_key a, b;
	struct told told;

	cr_assert_eq(told_run(&told, told_words("keygen", "--preshared", path("a"))), CLI_EXIT_DONE);
	cr_expect_str_eq(told.out, "");
	told_done(&told);
	cr_assert_eq(told_run(&told, told_words("keygen", "--preshared", "--json", path("b"))), CLI_EXIT_DONE);
	cr_expect_str_eq(told.out, "{\"format\":1}\n");
	told_done(&told);
	a = key_in("a");
	b = key_in("b");
	cr_expect(memcmp(&a, &b, sizeof(a)) != 0);
}

/* As many bytes as the two keys of the proposal have, as base64 and a newline. */
Test(keygen, key_of_ipsec_has_the_length_of_its_proposal)
{
	struct told told;
	struct stat st;

	cr_assert_eq(told_run(&told, told_words("keygen", "--esp", "aes256-sha512", path("a"))), CLI_EXIT_DONE);
	cr_expect_str_eq(told.out, "");
	told_done(&told);
	cr_assert_eq(stat(path("a"), &st), 0);
	cr_expect_eq(st.st_size, 129);
	cr_assert_eq(told_run(&told, told_words("keygen", "--esp", "aes128-sha256", "--preshared", path("b"))),
		CLI_EXIT_USAGE);
	told_done(&told);
	cr_expect_eq(stat(path("b"), &st), -1);
}

Test(keygen, standard_output_is_no_place_for_a_key)
{
	struct told told;

	cr_assert_eq(told_run(&told, told_words("keygen", "-")), CLI_EXIT_USAGE);
	cr_expect_str_eq(told.out, "");
	told_done(&told);
	cr_assert_eq(told_run(&told, told_words("keygen", path("nowhere/a"))), CLI_EXIT_FAILED);
	cr_assert_says(told.err, "No such file");
	told_done(&told);
}
