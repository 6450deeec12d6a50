/*
 * reputation: evidence in favour of an address or a network: deliveries and logins by day, the part of them that
 * offsets hits, temporary allowances, and the greylisted attempts that may earn one.
 *
 * Errors, transactions and walks as of store.h.
 */
#ifndef WFS_STORE_REPUTATION_H
#define WFS_STORE_REPUTATION_H

#include "base/nets.h"
#include "store/store.h"

/*
 * Good evidence about net. store_add_good: it was seen "times" more on a day (time_s / 86400), the last at time_s.
 * store_add_credit: the part that counts, a score at a second. Both are added to what is stored.
 */
struct store_evidence {
	struct net net;
	int64_t time_s;
	int64_t times;    /* of store_add_good */
	int score;        /* of store_add_credit; below 0 */
	uint32_t account; /* of store_add_credit; 0: a delivery */
};
int store_add_good(struct store *store, const struct store_evidence *list, size_t n, struct why *why);
int store_add_credit(struct store *store, const struct store_evidence *list, size_t n, struct why *why);

/* Logins of clients to accounts, best in the order of pair: the day replaces the one before. */
struct store_login {
	uint64_t pair; /* as verdict_decision has it */
	int64_t day;
};
int store_add_logins(struct store *store, const struct store_login *list, size_t n, struct why *why);

/*
 * Net is allowed for a while; another allowance of it with the same cause ends. cause: "by hand", "cluster" ...; text:
 * the reason, or NULL. store_end_allowance: every allowance of exactly net ends.
 */
int store_add_allowance(struct store *store, const struct net *net, int64_t since_s, int64_t until_s, const char *cause,
                        const char *text, struct why *why);

/* How many other networks are allowed at now_s, for that cause and with that text. */
int store_count_allowances(struct store *store, const struct net *net, const char *cause, const char *text,
                           int64_t now_s, int64_t *ret, struct why *why);
int store_end_allowance(struct store *store, const struct net *net, int64_t at_s, struct why *why);

/*
 * These networks, of a cause and a reason ("spf", its domain), are allowed until until_s, from now on no others: what
 * was allowed already is extended, and what is not among them ends and is added to ended (may be NULL).
 */
int store_set_allowances(struct store *store, const char *cause, const char *reason, const struct nets *nets,
                         int64_t now_s, int64_t until_s, struct nets *ended, struct why *why);

/* Those of a cause end whose reason is none of these n. */
int store_keep_allowances(struct store *store, const char *cause, char *const reasons[], size_t n, int64_t now_s,
                          struct why *why);

/* A greylisted attempt; spans as they are in the log. */
struct store_attempt {
	int64_t time_s;
	struct addr address;
	struct span from, to, helo; /* out: borrowed until the next call */
};
int store_add_attempt(struct store *store, const struct store_attempt *attempt, struct why *why);

/*
 * Walks. store_good_since: days from that day on, in order. store_credit_since: what counts, younger than
 * since_s. store_logins_since: logins from that day on, in order. store_allowances: networks that are allowed at now_s.
 * store_attempts_since: as they came.
 */
struct store_good {
	struct net net;
	int64_t day;      /* of store_good_since: time_s / 86400 */
	int64_t time_s;   /* of store_credit_since, and when an allowance began */
	uint32_t account; /* of store_credit_since */
	int score;        /* of store_credit_since */
	int64_t until_s;  /* of store_allowances */
};
int store_good_since(struct store *store, int64_t day, struct why *why);
int store_credit_since(struct store *store, int64_t since_s, struct why *why);
int store_logins_since(struct store *store, int64_t day, struct why *why);
int store_next_login(struct store *store, struct store_login *ret, struct why *why);
int store_allowances(struct store *store, int64_t now_s, struct why *why);
int store_next_good(struct store *store, struct store_good *ret, struct why *why); /* of these three */
int store_attempts_since(struct store *store, int64_t since_s, struct why *why);
int store_next_attempt(struct store *store, struct store_attempt *ret, struct why *why);

#endif
