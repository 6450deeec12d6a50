/*
 * problems: what is wrong now, and the remedies.
 *
 * Knows base only. A fixed table: one place for each kind, and one for each log. The daemon keeps it in memory, so that
 * it is available when the database cannot be written; "status" queries it, and uses the same texts for what it finds
 * itself. Initialise to zero. Cannot fail.
 */
#ifndef WFS_ENGINE_PROBLEMS_H
#define WFS_ENGINE_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum problems_kind {
	PROBLEMS_STOPPED,    /* no daemon is running */
	PROBLEMS_UNKNOWN,    /* it cannot be queried */
	PROBLEMS_DATABASE,   /* cannot be written, or read */
	PROBLEMS_FIREWALL,   /* cannot be compared with the database */
	PROBLEMS_LOG,        /* one that cannot be read; the only kind of which there are several */
	PROBLEMS_JOURNAL,    /* the journal cannot be read, or not all of it */
	PROBLEMS_SUPPRESSED, /* journald dropped messages of a service */
	PROBLEMS_SILENT,     /* no log has had a line yet */
	PROBLEMS_CONFIG,     /* the file has an error */
	PROBLEMS_RULES,      /* rule files have an error */
	PROBLEMS_FILE,       /* a file of networks to block, or a line of it, cannot be used */
	PROBLEMS_REFUSED,    /* blocks that the kernel refused */
	PROBLEMS_SESSIONS,   /* open connections of blocked clients cannot be ended */
	PROBLEMS_STAMPS,     /* a log's time stamps are not this machine's time */
	PROBLEMS_PROXY,      /* hits come from a private address */
	PROBLEMS_HOOKS,      /* DNAT leads clients past the rules */
	PROBLEMS_SUSPENDED,  /* a rule */
	PROBLEMS_EXPORT,     /* the file of [export] cannot be written */
	PROBLEMS_LOST,       /* a corrupt database was moved aside */
	PROBLEMS_N,
};

enum { PROBLEMS_LOGS_MAX = 64 };

struct problem {
	enum problems_kind kind;
	bool critical;                       /* as problems_is_critical */
	int64_t since_s;                     /* Unix seconds; 0: not known */
	char what[WHY_MAX], remedy[WHY_MAX]; /* sentences; what "": there is none */
};

struct problems {
	struct problem of[PROBLEMS_N - 1 + PROBLEMS_LOGS_MAX];
};

/* "stopped", "database" ...; stable, as the JSON keys are. */
const char *problems_name(enum problems_kind kind);

/* Hostile clients get through because of it; else: some do, or will. For a log, only a caller that knows all logs can
 * decide. */
bool problems_is_critical(enum problems_kind kind);

/* The remedy for any of the kind. */
const char *problems_remedy(enum problems_kind kind);

/* log: of PROBLEMS_LOG its index below PROBLEMS_LOGS_MAX, else 0. remedy NULL: that of the kind. since_s stays while it
 * is there. */
void problems_set(struct problems *problems, enum problems_kind kind, size_t log, const char *what, const char *remedy,
                  int64_t now_s);
void problems_clear(struct problems *problems, enum problems_kind kind, size_t log);

/* The first from *at on, which is counted up behind it; NULL: no more. */
const struct problem *problems_next(const struct problems *problems, size_t *at);

#endif
