/*
 * netfile: reads a file of networks that other programs may edit: [allow] file, [block] file.
 *
 * Private to the folder. Knows base only. Each line holds one network without host bits; anything after it, or after
 * "#" or ";", is a comment. A line that begins with "{" is a one-line JSON object whose member "cidr" is the network,
 * as in Spamhaus DROP; an object without that member is skipped. The file is reloaded after an edit; the old content
 * stays valid while the file cannot be read. A line that is not a network is skipped and is an error of the file. An
 * error is returned once for each edit and kept until the next. Only regular files are read, since others could make
 * the reader wait. Limits: NETFILE_MAX networks; only the first LINE bytes of a line are parsed.
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
	uint32_t line; /* the first line is 1 */
};

/* Initialise to zero except path; nothing is read yet. */
struct netfile {
	const char *path; /* borrowed */
	struct stat st;   /* of the file as last read */
	size_t n, cap;
	struct netfile_entry *list; /* in the order of the file */
	size_t n_bad;               /* lines skipped */
	bool unreadable;            /* the file cannot be read now */
	struct why trouble;         /* "" if none; else the first bad line, or why the file cannot be read */
};

/* Parses a line of len bytes without its newline. Writes *ret only for NETFILE_NET. Pure. */
enum netfile_line { NETFILE_NOTHING, NETFILE_NET, NETFILE_BAD };
enum netfile_line netfile_parse(const char *line, size_t len, struct net *ret);

/*
 * Reloads the file if it changed; cheap if not. Sets *ret_changed to true after a reload. Returns 0, or NETFILE_ERROR
 * with a sentence in why if trouble is new.
 */
int netfile_refresh(struct netfile *file, bool *ret_changed, struct why *why);

/* Returns the first trouble of n files; NULL: none has any. */
const char *netfile_trouble(const struct netfile *files, size_t n);

/* Moves what each file of from holds to the one of to with the same path, which must be empty. */
void netfile_move(struct netfile *to, size_t n_to, struct netfile *from, size_t n_from);

/* Frees the entries and empties the file. */
void netfile_done(struct netfile *file);

#endif
