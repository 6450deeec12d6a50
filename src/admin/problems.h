/*
 * problems: the current problems, with their remedies.
 *
 * Knows base only. A fixed table with one place per kind, and one per log. The daemon keeps it in memory, so that it is
 * available when the database cannot be written. "status" queries it, and uses the same texts for problems that it
 * finds itself. Initialise to zero. Cannot fail.
 */
#ifndef WFS_ADMIN_PROBLEMS_H
#define WFS_ADMIN_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum problems_kind {
	PROBLEMS_STOPPED,    /* no daemon is running */
	PROBLEMS_UNKNOWN,    /* the daemon cannot be queried */
	PROBLEMS_DATABASE,   /* the database cannot be written or read */
	PROBLEMS_FIREWALL,   /* the kernel cannot be compared with the database */
	PROBLEMS_LOG,        /* a log cannot be read; the only kind that may occur several times */
	PROBLEMS_JOURNAL,    /* the journal cannot be read, or only a part of it */
	PROBLEMS_SUPPRESSED, /* journald dropped messages of a service */
	PROBLEMS_SILENT,     /* no log has had a line yet */
	PROBLEMS_CONFIG,     /* the configuration file has an error */
	PROBLEMS_RULES,      /* rule files have an error */
	PROBLEMS_FILE,       /* a file of networks to allow or block, or a line of it, cannot be used */
	PROBLEMS_REFUSED,    /* the kernel refused blocks */
	PROBLEMS_SESSIONS,   /* open connections of blocked clients cannot be ended */
	PROBLEMS_STAMPS,     /* a log's time stamps are not this machine's time */
	PROBLEMS_PROXY,      /* hits come from a private address */
	PROBLEMS_HOOKS,      /* DNAT leads clients past the rules */
	PROBLEMS_SUSPENDED,  /* a rule is suspended */
	PROBLEMS_EXPORT,     /* the file of [export] cannot be written */
	PROBLEMS_LOST,       /* a corrupt database was moved aside */
	PROBLEMS_N,
};

enum { PROBLEMS_LOGS_MAX = 64 };

struct problem {
	enum problems_kind kind;
	bool critical;                       /* see problems_is_critical */
	int64_t since_s;                     /* Unix seconds; 0: not known */
	char what[WHY_MAX], remedy[WHY_MAX]; /* sentences; what is "" if there is no problem */
};

struct problems {
	struct problem of[PROBLEMS_N - 1 + PROBLEMS_LOGS_MAX];
};

/* Returns "stopped", "database" ...; these names are stable, like the JSON keys. */
const char *problems_name(enum problems_kind kind);

/*
 * Returns true if the problem lets hostile clients through; otherwise it lets some through, or will. For a log, only a
 * caller that knows all logs can decide.
 */
bool problems_is_critical(enum problems_kind kind);

/* Returns the default remedy of the kind. */
const char *problems_remedy(enum problems_kind kind);

/*
 * Sets a problem. log: for PROBLEMS_LOG its index below PROBLEMS_LOGS_MAX, otherwise 0. remedy NULL: the default one.
 * since_s does not change while the problem exists.
 */
void problems_set(struct problems *problems, enum problems_kind kind, size_t log, const char *what, const char *remedy,
                  int64_t now_s);
void problems_clear(struct problems *problems, enum problems_kind kind, size_t log);

/* Returns the first problem at or after *at, and sets *at to the place after it; NULL if there are no more. */
const struct problem *problems_next(const struct problems *problems, size_t *at);

#endif
