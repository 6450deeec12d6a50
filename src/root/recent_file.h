/*
 * recent_file: one list of xt_recent, through its file in /proc/net/xt_recent: what it holds, and one command after the
 * other.
 *
 * Each entry has a ring of the times of its last packets, ours among them: by how far the ring went on we see how many
 * packets were dropped. Errors: 0 or -errno with a sentence. Source: net/netfilter/xt_recent.c; measured on 6.18,
 * tests/unit/root/root.c.
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
	time_t looked_s; /* the second of the steady clock in which it was last read for a look; 0: never; the owner's
	                  */
	struct members members; /* as far as we know; others may write to it, too. cap: per_list, or 0 yet */
};

/* What all lists have in common. */
struct recent_files {
	uint32_t per_list;     /* what one holds */
	struct members before; /* what a list held when it was read the last time, while it is read; cap: per_list */
};

/* The kernel's clock now, in the unit of the stamps, of which *ret_hz are a second. */
unsigned long recent_file_now(unsigned long *ret_hz);

/* Closes it and forgets what it held. */
void recent_file_shut(struct recent_file *list);

/* Learns what the list holds: networks of that length. A list that cannot be read is closed, so that nothing false is
 * known of it. */
int recent_file_read(struct recent_files *files, struct recent_file *list, uint8_t length, const char *path,
                     struct why *why);

/* Opens for writing unless it is open; a list that was opened again may be another one, so it is read. */
int recent_file_open(struct recent_files *files, struct recent_file *list, uint8_t length, const char *path,
                     struct why *why);

/* One command: "+192.0.2.7", "-192.0.2.7", "/". 0 or -errno. */
int recent_file_write(const struct recent_file *list, const char *command, size_t len);

/* Takes at most cap addresses out of a list that is the kernel's to fill. */
int recent_file_take(const char *path, struct addr *out, size_t cap, size_t *ret_n, struct why *why);

#endif
