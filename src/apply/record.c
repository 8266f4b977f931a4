/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of every file in the state directory: magic, format version, type, epoch, and a table of sections with
 * length and CRC32C each; the head has a CRC of its own. A file that was not written to its end lacks bytes that the
 * table promises, so it reads as damaged. Sections are read singly, so that looking up the ledger does not read a
 * hundred thousand objects. They are written one by one too, in any order, and the head last.
 */
#include "state.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char magic[8] = { 'l', 'i', 'n', 'k', 's', 'p', 'a', 'n' };
#define FORMAT_VERSION 1u
#define SECTION_LENGTH_MAX (1u << 30)
#define APPEND_SIZE (256u << 10) /* bytes that are gathered before they are written */

struct file_section {
	uint64_t offset, length;
	uint32_t crc, reserved;
};

struct file_head {
	char magic[8];
	uint32_t version, type;
	uint8_t machine[16], boot[16];
	uint64_t netns;
	uint32_t n_sections, reserved;
	struct file_section sections[LS_RECORD_SECTIONS];
	uint32_t end_reserved, crc; /* of all before it */
};

void ls_record_done(struct ls_record *record)
{
	for (size_t i = 0; i < LS_RECORD_SECTIONS; i++)
		ls_buf_done(&record->sections[i]);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

int ls_record_begin(struct ls_host *host, int dirfd, const char *name, enum ls_record_type type,
	struct ls_record_draft *ret, struct ls_error *err)
{
	struct ls_record_draft draft = { .host = host, .type = type, .end = sizeof(struct file_head) };
	int r = ls_file_begin_at(dirfd, name, &draft.file, err);

	if (r < 0)
		(void)ls_error_context(err, r, "state directory %s", host->state_path);
	else
		*ret = draft;
	return r;
}

void ls_record_section(struct ls_record_draft *draft, unsigned index)
{
	draft->section = index;
	draft->sections[index].offset = draft->end;
	draft->n_sections = draft->n_sections > index ? draft->n_sections : index + 1;
}

int ls_record_append(struct ls_record_draft *draft, struct ls_buf *buf, struct ls_error *err)
{
	struct ls_record_extent *section = &draft->sections[draft->section];
	int r;

	if (buf->failed)
		return ls_error_set(err, -ENOMEM, "out of memory while writing %s", draft->file.name);
	r = ls_file_write_at(&draft->file, draft->end, buf->data, buf->length, err);
	if (r < 0)
		return ls_error_context(err, r, "state directory %s", draft->host->state_path);
	section->crc = ls_crc32c(section->crc, buf->data, buf->length);
	section->length += buf->length;
	draft->end += buf->length;
	buf->length = 0;
	return 0;
}

int ls_record_append_set(
	struct ls_record_draft *draft, struct ls_buf *buf, const struct ls_set *set, struct ls_error *err)
{
	int r = 0;

	ls_write_u64(buf, set->n_objects);
	for (size_t i = 0; i < set->n_objects && r >= 0; i++) {
		ls_object_write(buf, set->objects[i]);
		if (buf->length >= APPEND_SIZE)
			r = ls_record_append(draft, buf, err);
	}
	return r < 0 ? r : ls_record_append(draft, buf, err);
}

static void make_head(const struct ls_record_draft *draft, struct file_head *head)
{
	const struct ls_epoch *epoch = &draft->host->epoch;

	*head = (struct file_head){ .version = htole32(FORMAT_VERSION),
		.type = htole32(draft->type),
		.netns = htole64(epoch->netns),
		.n_sections = htole32(draft->n_sections) };
	memcpy(head->magic, magic, sizeof(magic));
	memcpy(head->machine, epoch->machine, sizeof(head->machine));
	memcpy(head->boot, epoch->boot, sizeof(head->boot));
	for (uint32_t i = 0; i < draft->n_sections; i++) {
		head->sections[i].offset = htole64(draft->sections[i].offset);
		head->sections[i].length = htole64(draft->sections[i].length);
		head->sections[i].crc = htole32(draft->sections[i].crc);
	}
	head->crc = htole32(ls_crc32c(0, head, offsetof(struct file_head, crc)));
}

int ls_record_finish(struct ls_record_draft *draft, struct ls_error *err)
{
	struct file_head head;
	int r;

	make_head(draft, &head);
	r = ls_file_write_at(&draft->file, 0, &head, sizeof(head), err);
	if (r >= 0)
		r = ls_file_finish(&draft->file, err);
	ls_record_drop(draft);
	return r < 0 ? ls_error_context(err, r, "state directory %s", draft->host->state_path) : 0;
}

void ls_record_drop(struct ls_record_draft *draft)
{
	ls_file_drop(&draft->file);
}

int ls_record_write(struct ls_host *host, int dirfd, const char *name, enum ls_record_type type,
	struct ls_record *record, struct ls_error *err)
{
	struct ls_record_draft draft;
	int r = ls_record_begin(host, dirfd, name, type, &draft, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < record->n_sections && r >= 0; i++) {
		ls_record_section(&draft, i);
		r = ls_record_append(&draft, &record->sections[i], err);
	}
	if (r >= 0)
		return ls_record_finish(&draft, err);
	ls_record_drop(&draft);
	return r;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int read_exactly(int fd, void *data, size_t length, uint64_t offset)
{
	char *p = data;

	while (length) {
		ssize_t n = pread(fd, p, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		p += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

static int check_head(const struct file_head *head, enum ls_record_type type, const char *name, struct ls_error *err)
{
	if (memcmp(head->magic, magic, sizeof(magic)) != 0)
		return ls_error_set(err, -EBADMSG, "%s is not a file of linkspan", name);
	if (le32toh(head->version) > FORMAT_VERSION)
		return ls_error_set(err, -EPROTO,
			"%s has format %u: it needs the linkspan that wrote it, or a newer one", name,
			le32toh(head->version));
	if (le32toh(head->crc) != ls_crc32c(0, head, offsetof(struct file_head, crc)) || le32toh(head->type) != type ||
		le32toh(head->n_sections) > LS_RECORD_SECTIONS)
		return ls_error_set(err, -EBADMSG, "%s is damaged", name);
	return 0;
}

static int read_section(int fd, const struct file_section *section, struct ls_buf *ret)
{
	uint64_t length = le64toh(section->length);
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (length > SECTION_LENGTH_MAX || le64toh(section->offset) > (uint64_t)st.st_size ||
		length > (uint64_t)st.st_size - le64toh(section->offset))
		return -EBADMSG;
	ret->data = malloc(length + 1);
	if (!ret->data)
		return -ENOMEM;
	ret->size = length + 1;
	ret->length = length;
	ret->data[length] = 0;
	r = read_exactly(fd, ret->data, length, le64toh(section->offset));
	if (r < 0)
		return r;
	return ls_crc32c(0, ret->data, length) == le32toh(section->crc) ? 0 : -EBADMSG;
}

static int read_sections(int fd, const struct file_head *head, const char *name, uint32_t wanted, struct ls_record *ret,
	struct ls_error *err)
{
	for (uint32_t i = 0; i < ret->n_sections; i++) {
		int r = wanted & LS_BIT(i) ? read_section(fd, &head->sections[i], &ret->sections[i]) : 0;

		if (r < 0)
			return ls_error_set(err, r, "%s is damaged (section %u)", name, i);
	}
	return 0;
}

int ls_record_read(int dirfd, const char *name, enum ls_record_type type, uint32_t wanted, struct ls_record *ret,
	struct ls_error *err)
{
	LS_CLEANUP(ls_close) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct ls_record record = { 0 };
	struct file_head head;
	int r;

	if (fd < 0)
		return ls_error_set(err, -errno, "cannot open %s: %s", name, strerror(errno));
	r = read_exactly(fd, &head, sizeof(head), 0);
	if (r < 0)
		return ls_error_set(err, r, "%s is damaged: it ends early", name);
	r = check_head(&head, type, name, err);
	if (r < 0)
		return r;
	memcpy(record.epoch.machine, head.machine, sizeof(head.machine));
	memcpy(record.epoch.boot, head.boot, sizeof(head.boot));
	record.epoch.netns = le64toh(head.netns);
	record.n_sections = le32toh(head.n_sections);
	r = read_sections(fd, &head, name, wanted, &record, err);
	if (r < 0)
		ls_record_done(&record);
	else
		*ret = record;
	return r;
}
