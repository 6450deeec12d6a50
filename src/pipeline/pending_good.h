/*
 * pending_good: holds good evidence that is not written yet, per client and day, and the part of it that counts.
 *
 * Private to the folder. A part of pending, for pending.c alone, which writes it in its own transaction.
 */
#ifndef WFS_PIPELINE_PENDING_GOOD_H
#define WFS_PIPELINE_PENDING_GOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "store/store.h"
#include "verdict/verdict.h"

enum {
	PENDING_GOOD_MAX = 1 << 15,   /* pairs of client and day */
	PENDING_LOGINS_MAX = 1 << 16, /* logins of a client to an account, at most one a day */
	PENDING_CREDIT_MAX = 1 << 16, /* pieces of evidence that count */
};

enum pending_good_mode {
	PENDING_GOOD_WRITTEN,  /* with every transaction: the daemon */
	PENDING_GOOD_DEFERRED, /* at the end of a replay, or when it is full */
	PENDING_GOOD_DROPPED,  /* never: a replay into memory */
};

struct noted_good;
struct noted_credit;
struct store_evidence;
struct store_login;

/* Initialise to zero except mode and window_s; release with pending_good_done. */
struct pending_good {
	enum pending_good_mode mode;
	int64_t window_s; /* DEFERRED only: older evidence does not count */
	size_t n, n_credit;
	int64_t credit_s; /* time of the newest credit */
	/* All allocated on first use. */
	struct noted_good *list; /* PENDING_GOOD_MAX */
	uint16_t *places;        /* a hash table by net and day: index in list + 1; 0: free */
	struct noted_credit
		*credit; /* PENDING_CREDIT_MAX; a deferred one is only written if it is in the last window */
	struct store_evidence *evidence; /* buffer for the rows being written */
	size_t n_logins;
	struct store_login *logins;
};

void pending_good_done(struct pending_good *good);

/*
 * Adds good evidence: its day and, if counted, its score. account: the login's, or ACCOUNT_NONE for a delivery. Must
 * not be called when full.
 */
void pending_good_note(struct pending_good *good, const struct net *subject, uint32_t account, int64_t time_s,
                       int score, bool counted);

/* Adds the first login of a client to an account on a day. Must not be called when full. */
void pending_good_login(struct pending_good *good, uint64_t login, int64_t time_s);

/* Prefetches what is noted about a client whose evidence comes soon, in the same steps as verdict_expect. */
void pending_good_expect(const struct pending_good *good, const struct net *subject, int64_t time_s,
                         enum verdict_expected when);

bool pending_good_is_full(const struct pending_good *good);

/* Writes within the open transaction; call pending_good_clear after it was committed. */
int pending_good_write(struct pending_good *good, struct store *store, struct why *why);
void pending_good_clear(struct pending_good *good);

#endif
