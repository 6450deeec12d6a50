/*
 * reputation: evidence in favour of an address or network: deliveries and logins per day, the part of them that offsets
 * hits, temporary allowances, and the greylisted attempts that may earn one.
 *
 * Errors, transactions and walks: see store.h.
 */
#ifndef WFS_STORE_REPUTATION_H
#define WFS_STORE_REPUTATION_H

#include "base/nets.h"
#include "store/store.h"

/*
 * Good evidence about net. store_add_good: it was seen times more often on a day (time_s / 86400), last at time_s.
 * store_add_credit: the part that counts, a score at one second. Both add to what is stored.
 */
struct store_evidence {
	struct net net;
	int64_t time_s;
	int64_t times;    /* for store_add_good */
	int score;        /* for store_add_credit; negative */
	uint32_t account; /* for store_add_credit; 0: a delivery */
};
int store_add_good(struct store *store, const struct store_evidence *list, size_t n, struct why *why);
int store_add_credit(struct store *store, const struct store_evidence *list, size_t n, struct why *why);

/* Logins of clients to accounts, best sorted by pair. The day replaces the stored one. */
struct store_login {
	uint64_t pair; /* see verdict_decision */
	int64_t day;
};
int store_add_logins(struct store *store, const struct store_login *list, size_t n, struct why *why);

/*
 * store_add_allowance allows net for a while; another allowance of net with the same cause ends. cause: "by hand",
 * "cluster" ...; text: the reason, or NULL. store_end_allowance ends every allowance of exactly net.
 */
int store_add_allowance(struct store *store, const struct net *net, int64_t since_s, int64_t until_s, const char *cause,
                        const char *text, struct why *why);

/* Counts the networks other than net that are allowed at now_s with that cause and text. */
int store_count_allowances(struct store *store, const struct net *net, const char *cause, const char *text,
                           int64_t now_s, int64_t *ret, struct why *why);
int store_end_allowance(struct store *store, const struct net *net, int64_t at_s, struct why *why);

/*
 * From now on allows exactly these networks for a cause and a reason ("spf", its domain) until until_s. Extends
 * existing allowances. Ends those of other networks, and adds these networks to ended, which may be NULL.
 */
int store_set_allowances(struct store *store, const char *cause, const char *reason, const struct nets *nets,
                         int64_t now_s, int64_t until_s, struct nets *ended, struct why *why);

/* Ends the allowances of a cause whose reason is none of these n. */
int store_keep_allowances(struct store *store, const char *cause, char *const reasons[], size_t n, int64_t now_s,
                          struct why *why);

/* A greylisted attempt; the spans are as in the log. */
struct store_attempt {
	int64_t time_s;
	struct addr address;
	struct span from, to, helo; /* on output: borrowed until the next call */
};
int store_add_attempt(struct store *store, const struct store_attempt *attempt, struct why *why);

/*
 * Walks. store_good_since: good days from day on, in order. store_credit_since: credit newer than since_s.
 * store_logins_since: logins from day on, in order. store_allowances: networks allowed at now_s. store_attempts_since:
 * attempts in their order of arrival.
 */
struct store_good {
	struct net net;
	int64_t day;      /* for store_good_since: time_s / 86400 */
	int64_t time_s;   /* for store_credit_since; for store_allowances, its begin */
	uint32_t account; /* for store_credit_since */
	int score;        /* for store_credit_since */
	int64_t until_s;  /* for store_allowances */
};
int store_good_since(struct store *store, int64_t day, struct why *why);
int store_credit_since(struct store *store, int64_t since_s, struct why *why);
int store_logins_since(struct store *store, int64_t day, struct why *why);
int store_next_login(struct store *store, struct store_login *ret, struct why *why);
int store_allowances(struct store *store, int64_t now_s, struct why *why);
int store_next_good(struct store *store, struct store_good *ret, struct why *why); /* for good, credit and allowances */
int store_attempts_since(struct store *store, int64_t since_s, struct why *why);
int store_next_attempt(struct store *store, struct store_attempt *ret, struct why *why);

#endif
