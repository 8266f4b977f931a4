/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a file to a spec: read, validate the encoding, decode, check. Whatever is found goes to the diagnostics; a spec
 * comes out only where there is no error. What the caller gets is the head of a struct ls_host.
 */
#include "checks.h"
#include "host.h"
#include "tunnels.h"

#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool pad_name(const char *name, char padded[static IFNAMSIZ])
{
	size_t length = strnlen(name, IFNAMSIZ);

	memset(padded, 0, IFNAMSIZ);
	memcpy(padded, name, length < IFNAMSIZ ? length : 0);
	return length > 0 && length < IFNAMSIZ;
}

static int index_names(struct ls_host *host)
{
	char name[IFNAMSIZ];
	void **slot;

	for (size_t i = 0; i < host->spec.n_interfaces; i++) {
		(void)pad_name(host->spec.interfaces[i].name, name);
		slot = ls_table_slot(&host->by_name, name);
		if (!slot)
			return -ENOMEM;
		*slot = &host->spec.interfaces[i];
	}
	return 0;
}

const struct ls_spec_interface *ls_spec_find_interface(const struct ls_spec *spec, const char *name)
{
	const struct ls_host *host = (const struct ls_host *)spec;
	char padded[IFNAMSIZ];

	return name && pad_name(name, padded) ? ls_table_find(&host->by_name, padded) : NULL;
}

const struct ls_spec_family *ls_spec_family(const struct ls_spec_interface *interface, uint8_t family)
{
	return family == AF_INET6 ? &interface->ipv6 : &interface->ipv4;
}

/* ---- the struct -------------------------------------------------------------------------------------------------- */

void ls_spec_free(struct ls_spec *spec)
{
	struct ls_host *host = (struct ls_host *)spec;

	if (!spec)
		return;
	for (struct ls_owned *owned = host->owned; owned; owned = owned->next)
		free(owned->memory);
	ls_table_done(&host->by_name);
	ls_arena_free(spec->arena); /* and with it the struct itself */
}

static void free_host(struct ls_host **host)
{
	ls_spec_free((struct ls_spec *)*host);
}

/* An empty spec, or NULL. */
static struct ls_host *new_host(const char *file)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	struct ls_host *host;

	host = arena ? ls_arena_alloc(arena, sizeof(*host)) : NULL;
	if (!host)
		return NULL;
	host->spec.file = ls_arena_intern(arena, file, strlen(file));
	if (!host->spec.file)
		return NULL;
	ls_table_init(&host->by_name, IFNAMSIZ);
	host->spec.arena = LS_TAKE_PTR(arena);
	return host;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int decode(struct ls_report *report, struct ls_host *host)
{
	static const struct ls_key root = { .name = "spec", LS_MAPPING(&ls_host_mapping) };
	struct ls_spec *spec = &host->spec;
	struct ls_decoder decoder = { .report = report, .arena = spec->arena, .owned = &host->owned };

	return ls_decode_document(&decoder, spec->text, spec->text_length, &root,
		"the spec is empty; it begins with 'linkspan: 1', 'kind: gateway' (or appliance) and 'name: ...'",
		spec);
}

/* Checks only what has been read to its end: half a spec lacks what the other half refers to. */
static int decode_and_check(struct ls_report *report, struct ls_host *host)
{
	bool interfaces_unknown;
	int r;

	r = decode(report, host);
	interfaces_unknown = report->n_errors > 0 && host->interfaces_mark.line && host->spec.n_interfaces == 0;
	if (r == 0)
		r = ls_tunnels_as_interfaces(&host->spec);
	if (r == 0)
		r = index_names(host);
	if (r < 0)
		return r;
	ls_tunnels_settle(&host->spec);
	return ls_checks_run(&host->spec, report, interfaces_unknown);
}

static int out_of_memory(struct ls_diag *diag, const char *file, struct ls_error *err)
{
	diag->out_of_memory = true;
	return ls_error_set(err, -ENOMEM, "%s: out of memory", file);
}

static int report_unread(struct ls_diag *diag, const char *file, int code, const struct ls_error *err)
{
	ls_diag_report(diag, LS_SEVERITY_ERROR, (struct ls_location){ .file = file }, "file", "%s", err->message);
	return code;
}

/* Takes `owned`, from malloc, which is the text or NULL. */
static int parse(const char *file, const char *text, size_t length, char *owned, struct ls_spec **ret,
	struct ls_diag *diag, struct ls_error *err)
{
	LS_CLEANUP(free_host) struct ls_host *host = new_host(file);
	struct ls_report report;
	int r;

	if (!host)
		free(owned);
	if (!host || (owned && ls_own(host->spec.arena, &host->owned, owned) < 0))
		return out_of_memory(diag, file, err);
	host->spec.text = text;
	host->spec.text_length = length;
	ls_report_init(&report, diag, file);
	r = decode_and_check(&report, host);
	ls_report_finish(&report);
	if (r == -ENOMEM || diag->out_of_memory)
		return out_of_memory(diag, file, err);
	if (r < 0 || report.n_errors > 0)
		return -EINVAL;
	*ret = &LS_TAKE_PTR(host)->spec;
	return 0;
}

int ls_spec_parse(const char *file, const char *text, size_t length, struct ls_spec **ret, struct ls_diag *diag,
	struct ls_error *err)
{
	struct ls_error own = { 0 };
	int r;

	if (!err)
		err = &own;
	if (strcmp(file, "-") == 0)
		file = "<stdin>";
	if (length > LS_SPEC_SIZE_MAX) {
		r = ls_error_set(err, -EFBIG, "%s: larger than %u MiB", file, LS_SPEC_SIZE_MAX >> 20);
		return report_unread(diag, file, r, err);
	}
	return parse(file, text, length, NULL, ret, diag, err);
}

int ls_spec_load(const char *path, struct ls_spec **ret, struct ls_diag *diag, struct ls_error *err)
{
	const char *file = strcmp(path, "-") == 0 ? "<stdin>" : path;
	struct ls_error own = { 0 };
	char *text = NULL;
	size_t length;
	int r;

	if (!err)
		err = &own;
	r = ls_file_read(path, LS_SPEC_SIZE_MAX, &text, &length, err);
	if (r < 0)
		return report_unread(diag, file, r, err);
	return parse(file, text, length, text, ret, diag, err);
}
