/*
 * pending_good: good evidence that is not written yet, by client and day, and the part of it that counts.
 *
 * Private to the folder. A part of pending, for pending.c alone: it writes this in its own transaction.
 */
#ifndef WFS_PIPELINE_PENDING_GOOD_H
#define WFS_PIPELINE_PENDING_GOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "store/store.h"

enum {
	PENDING_GOOD_MAX = 1 << 15,   /* clients' days */
	PENDING_LOGINS_MAX = 1 << 16, /* of a client to an account, once a day */
	PENDING_CREDIT_MAX = 1 << 16, /* seconds that count */
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
	int64_t window_s; /* DEFERRED: what is older does not count */
	size_t n, n_credit;
	int64_t credit_s;        /* the newest */
	struct noted_good *list; /* PENDING_GOOD_MAX * 2, open addressing by net and day; made when first needed */
	struct noted_credit
		*credit; /* PENDING_CREDIT_MAX; deferred: of the last ones only what is in the window is written */
	struct store_evidence *evidence; /* of them, as they are written */
	size_t n_logins;
	struct store_login *logins;
};

void pending_good_done(struct pending_good *good);

/* Its day counts, and its score when counted. account: of a login; ACCOUNT_NONE: a delivery. Not when it is full. */
void pending_good_note(struct pending_good *good, const struct net *subject, uint32_t account, int64_t time_s,
                       int score, bool counted);

/* The first login of a client to an account on a day. Not when it is full. */
void pending_good_login(struct pending_good *good, uint64_t login, int64_t time_s);

/* Evidence will come soon: prefetches what is noted already. Changes nothing. */
void pending_good_expect(const struct pending_good *good, const struct net *subject, int64_t time_s);

bool pending_good_is_full(const struct pending_good *good);

/* In the transaction that is open; pending_good_clear when that was committed. */
int pending_good_write(struct pending_good *good, struct store *store, struct why *why);
void pending_good_clear(struct pending_good *good);

#endif
