/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linkspan/util.h>

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* prctl(2): a process that has a secret leaves no core dump. */
Test(key, process_is_hidden_that_has_one)
{
	struct ls_crypto_key found;

	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	cr_assert_eq(ls_key_generate(&found, NULL), 0);
	cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
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

static size_t count_files(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	cr_assert_not_null(directory);
	while ((entry = readdir(directory)))
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(directory);
	return n;
}

Test(key, file_is_new_and_its_owners_alone)
{
	char path[] = "/tmp/linkspan-key.XXXXXX", name[64], *text;
	struct ls_crypto_key back;
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
	cr_assert_eq(ls_key_read(name, &back, &err), 0, "%s", err.message);
	cr_expect_arr_eq(back.bytes, secret.bytes, LS_KEY_SIZE);
	cr_expect_eq(ls_key_create(name, &public, &err), -EEXIST);
	cr_expect_not_null(strstr(err.message, "never written over another"), "%s", err.message);
	cr_expect_eq(stat(name, &st), 0);
	cr_expect_eq(st.st_size, 45, "untouched");
	cr_assert_eq(chmod(name, 0640), 0);
	cr_expect_eq(ls_key_read(name, &back, &err), -EPERM);
	cr_expect_not_null(strstr(err.message, "chmod 600"), "%s", err.message);
	cr_assert_eq(chmod(name, 0600), 0);
	cr_assert_eq(truncate(name, 40), 0);
	cr_expect_eq(ls_key_read(name, &back, &err), -EINVAL);
	cr_expect_eq(ls_key_read(path, &back, &err), -EINVAL);
	snprintf(name, sizeof(name), "%s/nowhere/a.key", path);
	cr_expect_eq(ls_key_create(name, &public, &err), -ENOENT);
	snprintf(name, sizeof(name), "%s/dangling", path);
	cr_assert_eq(symlink("elsewhere", name), 0);
	cr_expect_eq(ls_key_create(name, &public, &err), -EEXIST);
	cr_assert_eq(chdir(path), 0);
	cr_expect_eq(ls_key_create("b.key", &secret, &err), 0, "%s", err.message);
	cr_expect_eq(count_files("."), 3, "nothing is left beside them");
	cr_assert_eq(chdir("/"), 0);
	snprintf(name, sizeof(name), "rm -r %s", path);
	cr_assert_eq(system(name), 0);
}

Test(key, file_is_there_whole_or_not_at_all)
{
	char path[] = "/tmp/linkspan-key.XXXXXX", name[64];
	struct rlimit limit, few;
	struct ls_error err;

	cr_assert_not_null(mkdtemp(path));
	snprintf(name, sizeof(name), "%s/a.key", path);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	few = limit;
	few.rlim_cur = 20; /* bytes, of 45 */
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
	cr_expect_lt(ls_key_create(name, &secret, &err), 0);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_expect_eq(count_files(path), 0);
	cr_assert_eq(rmdir(path), 0);
}

Test(key, placed_file_takes_the_place_of_another)
{
	char path[] = "/tmp/linkspan-key.XXXXXX", name[64];
	struct ls_secret made, back = { 0 };
	struct ls_error err;
	int fd;

	cr_assert_not_null(mkdtemp(path));
	snprintf(name, sizeof(name), "%s/a.key", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t size = 16; size <= LS_SECRET_SIZE_MAX; size += 40) {
		cr_assert_eq(ls_secret_generate(size, &made, &err), 0);
		cr_assert_eq(ls_secret_place_at(fd, "a.key", &made, &err), 0, "%s", err.message);
		cr_assert_eq(ls_secret_read(name, &back, &err), 0, "%s", err.message);
		cr_expect_eq(back.size, size);
		cr_expect_arr_eq(back.bytes, made.bytes, size);
	}
	cr_expect_eq(count_files(path), 1);
	close(fd);
	cr_assert_eq(unlink(name), 0);
	cr_assert_eq(rmdir(path), 0);
}

Test(key, secret_has_the_length_that_it_was_made_with)
{
	char path[] = "/tmp/linkspan-key.XXXXXX", name[256];
	struct ls_secret made, back = { 0 };
	struct ls_crypto_key key;
	struct ls_error err;

	cr_assert_not_null(mkdtemp(path));
	snprintf(name, sizeof(name), "%s/a.key", path);
	for (size_t size = 16; size <= LS_SECRET_SIZE_MAX; size += 40) {
		(void)unlink(name);
		cr_assert_eq(ls_secret_generate(size, &made, &err), 0);
		cr_assert_eq(ls_secret_create(name, &made, &err), 0);
		cr_assert_eq(ls_secret_read(name, &back, &err), 0, "%s", err.message);
		cr_expect_eq(back.size, size);
		cr_expect_arr_eq(back.bytes, made.bytes, size);
	}
	cr_expect_eq(ls_key_read(name, &key, &err), -EINVAL);
	cr_expect_not_null(strstr(err.message, "holds 96 bytes"), "%s", err.message);
	snprintf(name, sizeof(name), "(cat %s/a.key; cat %s/a.key) | tr -d '\\n' >%s/b.key; chmod 600 %s/b.key", path,
		path, path, path);
	cr_assert_eq(system(name), 0);
	snprintf(name, sizeof(name), "%s/b.key", path);
	cr_expect_eq(ls_secret_read(name, &back, &err), -EINVAL, "too long");
	snprintf(name, sizeof(name), "rm -r %s", path);
	cr_assert_eq(system(name), 0);
}

/* ---- keyring ----------------------------------------------------------------------------------------------------- */

Test(key, keyring_gives_back_by_name_what_was_added)
{
	enum { N = 1000 };
	static struct ls_crypto_key keys[N];
	static char names[N][LS_SECRET_NAME_MAX];
	struct ls_keyring *ring = ls_keyring_new();
	char again[LS_SECRET_NAME_MAX];
	struct ls_crypto_key found;

	cr_assert_not_null(ring);
	cr_expect_not(ls_keyring_find(ring, "key-00000000000000000000000000000000", &found));
	for (size_t i = 0; i < N; i++) {
		cr_assert_eq(ls_key_generate(&keys[i], NULL), 0);
		cr_assert(ls_keyring_add(ring, &keys[i], names[i]));
	}
	for (size_t i = 0; i < N; i++) {
		cr_assert(ls_keyring_find(ring, names[i], &found));
		cr_assert_arr_eq(found.bytes, keys[i].bytes, LS_KEY_SIZE);
	}
	cr_assert(ls_keyring_add(ring, &keys[7], again));
	cr_expect_str_eq(again, names[7]);
	cr_expect_not(ls_keyring_find(ring, "key-0", &found));
	ls_keyring_free(ring);
}

Test(key, names_are_the_salts)
{
	static const uint8_t salt[LS_KEY_SIZE] = { 1 };
	struct ls_keyring *a = ls_keyring_new(), *b = ls_keyring_new();
	char one[LS_SECRET_NAME_MAX], other[LS_SECRET_NAME_MAX], text[LS_KEY_TEXT_MAX];

	cr_assert(ls_keyring_add(a, &secret, one) && ls_keyring_add(b, &secret, other));
	cr_expect_str_neq(one, other);
	cr_expect_null(strstr(one, ls_key_format(&secret, text)));
	ls_keyring_free(a);
	a = ls_keyring_new();
	ls_keyring_set_salt(a, salt);
	ls_keyring_free(b);
	b = ls_keyring_new();
	ls_keyring_set_salt(b, salt);
	cr_assert(ls_keyring_add(a, &secret, one) && ls_keyring_add(b, &secret, other));
	cr_expect_str_eq(one, other);
	ls_keyring_free(a);
	ls_keyring_free(b);
}
