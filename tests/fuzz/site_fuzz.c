/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sites: whatever is read as a valid one can be allocated and rendered, and upgraded or not. */
#include <linkspan/compile.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fake_key(void *user, const char *path, char text[static LS_KEY_TEXT_MAX], struct ls_error *err)
{
	(void)user;
	(void)path;
	(void)err;
	memcpy(text, "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=", LS_KEY_TEXT_MAX);
	return 0;
}

static void render_all(const struct ls_site_layout *layout)
{
	struct ls_site_place place = { 0 };
	struct ls_buf buf = { 0 };

	while (ls_site_next_host(layout->site, &place)) {
		struct ls_site_host host;

		buf.length = 0;
		if (ls_site_render(layout, &place, fake_key, NULL, &buf, &host, NULL) < 0 || host.length != buf.length)
			abort();
	}
	ls_buf_done(&buf);
}

static void allocate(const struct ls_site *site, struct ls_diag *diag)
{
	struct ls_site_layout layout;
	int r = ls_site_allocate(site, NULL, &layout, diag);

	if ((r == 0) != (diag->n_errors == 0))
		abort();
	if (r == 0)
		render_all(&layout);
	if (layout.site)
		ls_site_layout_done(&layout);
}

static void upgrade(const char *text, size_t size)
{
	struct ls_diag diag = { 0 };
	struct ls_error err = { 0 };
	char *upgraded = NULL;

	if ((ls_site_upgrade("fuzz.yaml", text, size, &upgraded, &diag, &err) == 0) != (upgraded != NULL))
		abort();
	free(upgraded);
	ls_diag_done(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1); /* as from a file: with a zero behind it */
	struct ls_site *site = NULL;
	struct ls_diag diag = { 0 };
	struct ls_error err = { 0 };
	int r;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	r = ls_site_parse("fuzz.yaml", text, size, &site, &diag, &err);
	if ((r == 0) != (site != NULL) || (r == 0) != (diag.n_errors == 0))
		abort();
	if (site)
		allocate(site, &diag);
	ls_site_free(site);
	ls_diag_done(&diag);
	upgrade(text, size);
	free(text);
	return 0;
}
