/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linkspan/util.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

TestSuite(key);

/* RFC 7748, section 6.1: Alice's. */
static const struct ls_crypto_key secret = { { 0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72,
	0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9,
	0x2c, 0x2a } };
static const struct ls_crypto_key public = { { 0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d, 0xdc,
	0xb4, 0x3e, 0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b,
	0x4e, 0x6a } };

Test(key, public_key_is_that_of_the_standard)
{
	struct ls_crypto_key found;

	ls_key_public(&secret, &found);
	cr_assert_arr_eq(found.bytes, public.bytes, LS_KEY_SIZE);
}

Test(key, text_is_base64_and_nothing_else)
{
	static const char *const bad[] = { "", "AAAA", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo",
		"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo= ", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCr=",
		"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCoAAAA=" };
	char text[LS_KEY_TEXT_MAX];
	struct ls_crypto_key back;

	cr_assert_str_eq(ls_key_format(&secret, text), "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=");
	cr_assert_eq(ls_key_parse(text, &back), 0);
	cr_assert_arr_eq(back.bytes, secret.bytes, LS_KEY_SIZE);
	for (size_t i = 0; i < LS_ARRAY_SIZE(bad); i++)
		cr_expect_eq(ls_key_parse(bad[i], &back), -EINVAL, "%s", bad[i]);
}

Test(key, generated_ones_differ_and_private_ones_are_clamped)
{
	struct ls_crypto_key a, b;

	cr_assert_eq(ls_key_generate(&a, NULL), 0);
	cr_assert_eq(ls_key_generate(&b, NULL), 0);
	cr_expect(memcmp(&a, &b, sizeof(a)) != 0);
	for (int i = 0; i < 50; i++) {
		cr_assert_eq(ls_key_generate_private(&a, NULL), 0);
		cr_assert((a.bytes[0] & 7) == 0 && (a.bytes[31] & 192) == 64);
	}
	ls_key_wipe(&a);
	cr_expect_eq(a.bytes[31], 0);
}

Test(key, file_is_new_and_its_owners_alone)
{
	char path[] = "/tmp/linkspan-key.XXXXXX", name[64], *text;
	struct ls_error err;
	struct stat st;
	size_t length;

	cr_assert_not_null(mkdtemp(path));
	snprintf(name, sizeof(name), "%s/a.key", path);
	cr_assert_eq(ls_key_create(name, &secret, &err), 0);
	cr_assert_eq(stat(name, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(ls_file_read(name, 100, &text, &length, NULL), 0);
	cr_expect_str_eq(text, "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n");
	free(text);
	cr_expect_eq(ls_key_create(name, &public, &err), -EEXIST);
	cr_expect_not_null(strstr(err.message, "never written over another"), "%s", err.message);
	cr_expect_eq(stat(name, &st), 0);
	cr_expect_eq(st.st_size, 45, "untouched");
	snprintf(name, sizeof(name), "%s/nowhere/a.key", path);
	cr_expect_eq(ls_key_create(name, &public, &err), -ENOENT);
	snprintf(name, sizeof(name), "rm -r %s", path);
	cr_assert_eq(system(name), 0);
}
