/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of every file in the state directory: magic, format version, type, epoch, and a table of sections with
 * length and CRC32C each; the head has a CRC of its own. A file that was not written to its end lacks bytes that the
 * table promises, so it reads as damaged. Sections are read singly, so that looking up the ledger does not read a
 * hundred thousand objects.
 */
#include "state.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char magic[8] = { 'l', 'i', 'n', 'k', 's', 'p', 'a', 'n' };
#define FORMAT_VERSION 1u
#define SECTION_LENGTH_MAX (1u << 30)

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

static void make_head(
	const struct ls_host *host, enum ls_record_type type, const struct ls_record *record, struct file_head *head)
{
	uint64_t offset = sizeof(*head);

	*head = (struct file_head){ .version = htole32(FORMAT_VERSION),
		.type = htole32(type),
		.netns = htole64(host->epoch.netns),
		.n_sections = htole32(record->n_sections) };
	memcpy(head->magic, magic, sizeof(magic));
	memcpy(head->machine, host->epoch.machine, sizeof(head->machine));
	memcpy(head->boot, host->epoch.boot, sizeof(head->boot));
	for (uint32_t i = 0; i < record->n_sections; i++) {
		const struct ls_buf *section = &record->sections[i];

		head->sections[i].offset = htole64(offset);
		head->sections[i].length = htole64(section->length);
		head->sections[i].crc = htole32(ls_crc32c(0, section->data, section->length));
		offset += section->length;
	}
	head->crc = htole32(ls_crc32c(0, head, offsetof(struct file_head, crc)));
}

int ls_record_write(struct ls_host *host, int dirfd, const char *name, enum ls_record_type type,
	const struct ls_record *record, struct ls_error *err)
{
	struct iovec parts[1 + LS_RECORD_SECTIONS];
	struct file_head head;
	int r;

	make_head(host, type, record, &head);
	parts[0] = (struct iovec){ &head, sizeof(head) };
	for (uint32_t i = 0; i < record->n_sections; i++)
		parts[1 + i] = (struct iovec){ record->sections[i].data, record->sections[i].length };
	r = ls_file_replace_parts_at(dirfd, name, parts, 1 + record->n_sections, err);
	return r < 0 ? ls_error_context(err, r, "state directory %s", host->state_path) : 0;
}

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
