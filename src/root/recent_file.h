/*
 * recent_file: reads and writes one xt_recent list through its file in /proc/net/xt_recent.
 *
 * Each entry has a ring of the times of its last packets and of our own writes. The distance by which the ring
 * advanced shows how many packets were dropped. Errors: 0 or -errno with a sentence. Source:
 * net/netfilter/xt_recent.c; measured on 6.18, tests/unit/root/root.c.
 */
#ifndef WFS_ROOT_RECENT_FILE_H
#define WFS_ROOT_RECENT_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "base/why.h"
#include "root/members.h"

enum { RECENT_PATH_MAX = 64 };

struct recent_file {
	int fd;          /* open for writing, or -1 */
	time_t looked_s; /* steady-clock second of the last reading for look; 0: never; set by the owner */
	/* contents as far as known; others may write to the list, too. cap: per_list, or 0 before the first use */
	struct members members;
};

/* What all lists share. */
struct recent_files {
	uint32_t per_list;     /* capacity of one list */
	struct members before; /* while a list is read: what it held at its previous reading; cap: per_list */
};

/* Returns the kernel's current time in the unit of the stamps. *ret_hz: stamps per second. */
unsigned long recent_file_now(unsigned long *ret_hz);

/* Closes the file and forgets the contents. */
void recent_file_shut(struct recent_file *list);

/*
 * Reads what the list holds: networks of that length. A list that cannot be read is closed, so that nothing wrong is
 * remembered about it.
 */
int recent_file_read(struct recent_files *files, struct recent_file *list, uint8_t length, const char *path,
                     struct why *why);

/* Opens the file for writing, unless open. Then reads it, since it may be a different list than before. */
int recent_file_open(struct recent_files *files, struct recent_file *list, uint8_t length, const char *path,
                     struct why *why);

/* Writes one command: "+192.0.2.7", "-192.0.2.7", "/". Returns 0 or -errno. */
int recent_file_write(const struct recent_file *list, const char *command, size_t len);

/* Reads and removes at most cap addresses from a list that the kernel fills. */
int recent_file_take(const char *path, struct addr *out, size_t cap, size_t *ret_n, struct why *why);

#endif
