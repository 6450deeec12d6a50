/*
 * hits: the hostile lines, and the texts of the rules that matched them.
 *
 * Hits are appended by the hundred thousand and never changed; they are indexed by address later. A suspended rule
 * stays suspended until an operator resumes it. Errors, transactions and walks: see store.h.
 */
#ifndef WFS_STORE_HITS_H
#define WFS_STORE_HITS_H

#include "base/portlists.h"
#include "store/store.h"

enum {
	STORE_LINE_MAX = 1024, /* bytes of a log line stored with a hit, after escaping */
	STORE_DETAIL_MAX = 256,
};

/*
 * Returns in *ret the port list of blocks of the rule with that id, or STORE_NONE if there is no such rule. May be
 * called during a walk.
 */
int store_rule_list(struct store *store, int64_t id, const struct portlists *lists, uint8_t *ret, struct why *why);

/* Returns the id of the rule with these texts; adds the rule if it is new. */
int store_rule(struct store *store, const char *name, const char *category, const char *reason, int64_t *ret_id,
               struct why *why);

struct store_hit {
	int64_t time_s;
	struct addr address;
	int64_t rule, log; /* ids; log 0: not from a log, but a vote or the answer of a DNS list */
	int score;
	bool ignored; /* it does not count */
	bool spent;   /* it caused a block: neither it nor earlier hits count afterwards */
	int64_t offset;
	uint32_t account;         /* of a login; 0: not known */
	int weight;               /* not 0 if the hit counted for other than its rule's score: see schema.sql */
	struct span detail, text; /* escaped by text_escape, at most STORE_DETAIL_MAX and STORE_LINE_MAX bytes */
};
int store_add_hits(struct store *store, const struct store_hit *hits, size_t n, struct why *why);

/*
 * store_hits_behind returns how many of the newest hits are not indexed yet (see hit_index.h), all of which every query
 * about an address must read; STORE_NONE if there are no hits. store_index_hits indexes at most n_max of them, oldest
 * first; *ret_more: there are more.
 */
enum { STORE_BEHIND_MAX = 4000 }; /* when this many are behind, index them; reading them takes 3 ms */
int store_hits_behind(struct store *store, int64_t *ret, struct why *why);
int store_index_hits(struct store *store, size_t n_max, bool *ret_more, struct why *why);

/*
 * A walk over the hits newer than since_s that count, and the spent hits among them and after them, in the order of
 * storage. Returns time_s, address, score, spent, account, rule, and the rule's category, borrowed. Reads only a few
 * older hits, see hit_index.h.
 */
int store_hits_since(struct store *store, int64_t since_s, struct why *why);
int store_hits_in(struct store *store, const struct net *net, int64_t since_s, struct why *why); /* only those of net */
int store_next_hit(struct store *store, struct store_hit *ret, const char **ret_category, struct why *why);

/* Suspend a rule, by name, and resume it on request. store_resume returns STORE_NONE if it was not suspended. */
int store_suspend(struct store *store, const char *rule, int64_t at_s, const char *text, struct why *why);
int store_resume(struct store *store, const char *rule, int64_t at_s, struct why *why);

/*
 * A walk over the names (borrowed) of rules that are or were suspended. *ret_resumed_s is 0 if the rule is suspended,
 * or else when it was last resumed.
 */
int store_suspensions(struct store *store, struct why *why);
int store_next_suspension(struct store *store, const char **ret_rule, int64_t *ret_resumed_s, struct why *why);

#endif
