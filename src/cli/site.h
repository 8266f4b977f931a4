/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli, inside: what the commands of a site share. */
#pragma once

#include "cli.h"

#define CLI_ALLOCATIONS "allocations.json"
#define CLI_INTENDED "allocations.json.next" /* what that is to become, while specs are written */
#define CLI_TEMPORARY ".linkspan-"           /* and 16 digits: what a spec is written to first */
#define CLI_SITE_FILE_MAX 80                 /* of the name of a spec's file */
#define CLI_ALLOCATIONS_MAX (256u << 20)     /* bytes */

/* A site as a command needs it, from its file to its layout. */
struct cli_site {
	struct cli_source source;
	struct ls_diag diag;
	struct ls_site *site;           /* NULL unless valid */
	struct ls_arena *arena;         /* of the record */
	struct ls_site_record record;   /* of DIR, or empty */
	struct ls_site_record intended; /* of a render of DIR that was cut short, or empty */
	struct ls_site_layout layout;
	int base; /* the directory of the site's file, for its keys; -1: not opened */
	int dir;  /* DIR; -1: there is none, or not yet */
};

/* A host's spec as text, in a buffer that many share. */
struct cli_site_spec {
	struct ls_site_host host;
	size_t offset; /* of host.length bytes */
};

struct cli_site_specs {
	struct cli_site_spec *items; /* in order of their names */
	size_t n;
	struct ls_buf text;
};

/* Reads the site. CLI_EXIT_DONE: it is there. Otherwise diag tells why not. */
enum cli_exit cli_site_read(struct cli *cli, struct cli_site *site);
/* The same for its record, from `dir`, and its layout. Who writes to DIR has locked it by then. */
enum cli_exit cli_site_allocate(struct cli *cli, struct cli_site *site);
/* All of that, for who only reads. */
enum cli_exit cli_site_open(struct cli *cli, struct cli_site *site);
void cli_site_done(struct cli_site *site);
/* Findings, and what was suppressed; for commands that answer in text. */
void cli_site_print_findings(struct cli *cli, struct cli_site *site);
/* `,"suppressed":[...]` */
void cli_site_json_suppressed(struct cli *cli, const struct cli_site *site);
/* Renders every host. Keys that cannot be read are findings, and specs that the host would refuse. */
enum cli_exit cli_site_specs(struct cli_site *site, struct cli_site_specs *ret);
void cli_site_specs_done(struct cli_site_specs *specs);
/* What is wrong with the site's file, with DIR or with what is in it becomes a finding, which JSON tells as well. How
 * to exit, which is for cli_site_refuse. */
enum cli_exit cli_site_fail(struct cli_site *site, const struct ls_error *err);
/* The error is about a file, with whose name it begins: of that directory. Returns its code. */
int cli_site_in_dir(const char *dir, struct ls_error *err);
/* Of a host's spec. */
const char *cli_site_file(const char *host, char name[static CLI_SITE_FILE_MAX]);
/* A file of DIR as it is: has the render that was cut short made it? `intended` may be NULL. */
bool cli_site_is_intended(const struct ls_site_host *intended, uint32_t crc, uint32_t length);
/* Its file is not as it was rendered. */
void cli_site_warn_edited(struct cli *cli, struct cli_site *site, const char *host);
/* site_verify.c: reads a spec as its host would, unless the record says that it was rendered before. What is wrong is a
 * finding at `mark`, the host's place in the site. 0 or negative. */
int cli_site_verify(struct cli_site *site, const struct ls_site_host *host, const char *text, struct ls_mark mark);
/* What a site that is not valid answers. */
enum cli_exit cli_site_refuse(struct cli *cli, struct cli_site *site, enum cli_exit status);

/* allocations.json (site_record.c). Where it is: a file of the directory `fd`, which messages call `dir`. */
struct cli_site_place {
	int fd;
	const char *dir, *name;
};

/* Without such a file, *ret is of a site that was never rendered. -EINVAL: it is damaged. */
int cli_site_record_read(
	const struct cli_site_place *place, struct ls_arena *arena, struct ls_site_record *ret, struct ls_error *err);
/* What a render makes, or, with `temporary`, is about to make. */
struct cli_site_outcome {
	const struct ls_site_layout *layout;
	const struct cli_site_specs *specs;
	const char *const *removed; /* hosts that are no longer in the site, whose files are there */
	size_t n_removed;
	const char *temporary;
};

int cli_site_record_write(const struct cli_site_outcome *outcome, struct ls_buf *buf); /* 0 or -ENOMEM */
