/*
 * netfile: a file of networks that others may edit: [allow] file, [block] file.
 *
 * Private to the folder. Knows base only. One network a line, without host bits; what is behind it or behind "#" or ";"
 * is a comment. A line that begins with "{" is an object of JSON, one to a line, whose member "cidr" is the network, as
 * in Spamhaus' DROP; one without it is passed over. Reloaded when it was edited; the old content stays valid while it
 * cannot be read. A line that is no network is left out, and is an error of the file, which is returned once for each
 * edit and kept until the next. Only regular files, which cannot make the reader wait. Limits: NETFILE_MAX networks,
 * LINE bytes of a line are looked at.
 */
#ifndef WFS_PIPELINE_NETFILE_H
#define WFS_PIPELINE_NETFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/addr.h"
#include "base/why.h"

enum {
	NETFILE_MAX = 1 << 20, /* networks in one file */
	NETFILE_ERROR = 1,     /* positive result of netfile_refresh */
};

struct netfile_entry {
	struct net net;
	uint32_t line; /* from 1 on */
};

/* Zeroed but for path: not read yet. */
struct netfile {
	const char *path; /* borrowed */
	struct stat st;   /* of what was read last */
	size_t n, cap;
	struct netfile_entry *list; /* as they are in the file */
	size_t n_bad;               /* lines that are left out */
	bool unreadable;            /* now */
	struct why trouble;         /* "": none; else of the first bad line, or why it cannot be read */
};

/* What is in a line, len bytes without a newline: *ret written when it is NETFILE_NET. Pure. */
enum netfile_line { NETFILE_NOTHING, NETFILE_NET, NETFILE_BAD };
enum netfile_line netfile_parse(const char *line, size_t len, struct net *ret);

/* Cheap when nothing changed. *ret_changed: set when it was reloaded. Returns 0, or NETFILE_ERROR when trouble is new,
 * which is in why. */
int netfile_refresh(struct netfile *file, bool *ret_changed, struct why *why);

/* Frees and empties. */
void netfile_done(struct netfile *file);

#endif
