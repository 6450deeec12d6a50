#include "root/recent_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BOOT_JIFFIES_S = 300 }; /* jiffies start this long before they wrap, include/linux/jiffies.h */

/*
 * Computes the kernel's current time in the unit of the stamps. jiffies start at -300 s in 32 bits; unsigned long
 * arithmetic wraps as the kernel's does. Measured to be 0.2 s off.
 */
unsigned long recent_file_now(unsigned long *ret_hz)
{
	struct timespec tick, now;
	unsigned long hz;
	int err;

	/* One tick of the coarse clock is one jiffy; sysconf(_SC_CLK_TCK) is always 100. */
	err = clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	assert(err == 0 && tick.tv_nsec > 0); /* all kernels since 2.6.32 have both clocks */
	err = clock_gettime(CLOCK_MONOTONIC, &now);
	assert(err == 0);
	hz = (1000000000UL + (unsigned long)tick.tv_nsec / 2) / (unsigned long)tick.tv_nsec;
	*ret_hz = hz;
	return (unsigned long)-(uint32_t)(BOOT_JIFFIES_S * hz) + (unsigned long)now.tv_sec * hz +
	       (unsigned long)now.tv_nsec / (1000000000UL / hz);
}

void recent_file_shut(struct recent_file *list)
{
	if (list->fd >= 0)
		(void)close(list->fd);
	list->fd = -1;
	members_clear(&list->members);
}

static int no_list(const char *path, struct why *why)
{
	return why_set(why, errno, "%s: %s%s", path, strerror(errno),
	               errno == ENOENT ? "; the rule that names this list is gone" : "");
}

/*
 * Returns how many stamps the kernel wrote since the previous reading, beside ours and not counting those it
 * overwrote. It writes them into a ring. place: position of the last stamp, 1 up to the ring's size. size: number of
 * stamps in the ring, which is the ring's size once it has wrapped.
 */
static uint32_t dropped_since(const struct members_entry *before, uint32_t place, uint32_t size)
{
	const uint32_t stamps = place >= before->place ? place - before->place : place + size - before->place;

	/* If the ring is smaller than before, it is a new one: the address was removed and added again. */
	return before->place <= size ? (stamps + size - before->writes % size) % size : 0;
}

/* Returns how many stamps the rest of a line holds: 1, plus one for each comma. */
static uint32_t count_stamps(FILE *file)
{
	uint32_t n = 1;
	int c;

	while ((c = getc_unlocked(file)) != EOF && c != '\n')
		n += c == ',';
	return n;
}

int recent_file_read(struct recent_files *files, struct recent_file *list, uint8_t length, const char *path,
                     struct why *why)
{
	unsigned long seen;
	struct members before;
	uint32_t place;
	char text[ADDR_TEXT_MAX];
	struct addr addr;
	FILE *file;
	bool at_end;
	int fields;

	if (list->members.cap == 0 && !members_init(&list->members, files->per_list))
		return why_set(why, ENOMEM, "%s: no memory for %" PRIu32 " addresses", path, files->per_list);
	file = fopen(path, "re");
	if (file == NULL) {
		recent_file_shut(list);
		return no_list(path, why);
	}
	before = list->members;
	list->members = files->before;
	files->before = before;
	members_clear(&list->members);
	/* "src=192.0.2.7 ttl: 0 last_seen: 4294967296 oldest_pkt: 1 4294967296, ..." */
	while ((fields = fscanf(file, "src=%45s ttl: %*u last_seen: %lu oldest_pkt: %" SCNu32, text, &seen, &place)) ==
	       3) {
		const uint32_t size = count_stamps(file);
		const struct members_entry *known;
		struct members_entry *entry;
		struct net net;

		if (list->members.n == files->per_list || !addr_parse(text, strlen(text), &addr))
			break;
		net = net_around(&addr, length);
		if (members_find(&list->members, &net) != NULL)
			continue; /* the list was modified while it was read */
		known = members_find(&files->before, &net);
		entry = members_add(&list->members, &net);
		entry->place = place;
		entry->stamp = seen;
		entry->dropped = known == NULL ? 0 : known->dropped + dropped_since(known, place, size);
	}
	at_end = fields == EOF && !ferror(file);
	(void)fclose(file);
	if (at_end)
		return 0;
	recent_file_shut(list);
	return why_set(why, EPROTO, "%s: a line is not as expected, or there are too many", path);
}

int recent_file_open(struct recent_files *files, struct recent_file *list, uint8_t length, const char *path,
                     struct why *why)
{
	if (list->fd >= 0)
		return 0;
	list->fd = open(path, O_WRONLY | O_CLOEXEC);
	return list->fd < 0 ? no_list(path, why) : recent_file_read(files, list, length, path, why);
}

/* Writes one command per call, always at offset 0: otherwise the kernel accepts only the first, or none (ESPIPE). */
int recent_file_write(const struct recent_file *list, const char *command, size_t len)
{
	ssize_t written;

	if (lseek(list->fd, 0, SEEK_SET) < 0)
		return -errno;
	written = write(list->fd, command, len);
	if (written < 0)
		return -errno;
	return (size_t)written == len ? 0 : -EIO;
}

int recent_file_take(const char *path, struct addr *out, size_t cap, size_t *ret_n, struct why *why)
{
	FILE *const file = fopen(path, "re");
	struct recent_file list = {.fd = file == NULL ? -1 : open(path, O_WRONLY | O_CLOEXEC)};
	char text[ADDR_TEXT_MAX], command[ADDR_TEXT_MAX + 1] = "-";
	size_t n = 0;
	int err = 0;

	if (list.fd < 0) {
		err = no_list(path, why);
		goto out;
	}
	while (n < cap && fscanf(file, "src=%45s%*[^\n]\n", text) == 1 && addr_parse(text, strlen(text), &out[n]))
		n++;
	/* Removed only after reading: the kernel's iterator does not expect its list to change. */
	for (size_t i = 0; i < n && err == 0; i++)
		if (recent_file_write(&list, command, 1 + addr_text(&out[i], command + 1)) < 0)
			err = why_set(why, EIO, "%s: the kernel did not take '%s'", path, command);
	if (err == 0)
		*ret_n = n;
out:
	recent_file_shut(&list);
	if (file != NULL)
		(void)fclose(file);
	return err;
}
