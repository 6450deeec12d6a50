/*
 * hits: the hostile lines, and the rules that matched them, as text.
 *
 * Hits are appended by the hundred thousand and never changed; which of them an address has is indexed later. A rule
 * that is suspended stays so until an operator resumes it. Errors, transactions and walks as of store.h.
 */
#ifndef WFS_HITS_H
#define WFS_HITS_H

#include "base/portlists.h"
#include "store/store.h"

enum {
	STORE_LINE_MAX = 1024, /* bytes of a log line kept with a hit, escaped */
	STORE_DETAIL_MAX = 256,
};

/* Which list of ports a block by the rule of that id belongs to; STORE_NONE: there is no such rule. Also during a walk.
 */
int store_rule_list(struct store *store, int64_t id, const struct portlists *lists, uint8_t *ret, struct why *why);

/* The id of the rule with these texts, added when it is new. */
int store_rule(struct store *store, const char *name, const char *category, const char *reason, int64_t *ret_id,
               struct why *why);

struct store_hit {
	int64_t time_s;
	struct addr address;
	int64_t rule, log; /* ids; log 0: none: a vote, or the answer of a DNS list */
	int score;
	bool ignored; /* it does not count */
	bool spent;   /* it caused a block: neither it nor earlier hits count after that */
	int64_t offset;
	uint32_t account;         /* 0: not known */
	int weight;               /* what it counted for is not what its rule has: see schema.sql */
	struct span detail, text; /* escaped by text_escape, at most STORE_DETAIL_MAX and STORE_LINE_MAX */
};
int store_add_hits(struct store *store, const struct store_hit *hits, size_t n, struct why *why);

/*
 * How many of the newest hits are not indexed yet (see hit_index.h): each query about an address reads these;
 * STORE_NONE: there are no hits. store_index_hits: indexes at most n_max of them, the oldest first. *ret_more: there
 * are more.
 */
enum { STORE_BEHIND_MAX = 4000 }; /* then it is time: they are read in 3 ms */
int store_hits_behind(struct store *store, int64_t *ret, struct why *why);
int store_index_hits(struct store *store, size_t n_max, bool *ret_more, struct why *why);

/*
 * A walk: hits younger than since_s that count, and those among them and after them that are spent, in the order they
 * were stored: time_s, address, score, spent, account, and the category of its rule, borrowed. Reads few others that
 * are older, see hit_index.h.
 */
int store_hits_since(struct store *store, int64_t since_s, struct why *why);
int store_next_hit(struct store *store, struct store_hit *ret, const char **ret_category, struct why *why);

/* Suspends a rule; resumes it on request: STORE_NONE when it was not suspended. rule: its name. */
int store_suspend(struct store *store, const char *rule, int64_t at_s, const char *text, struct why *why);
int store_resume(struct store *store, const char *rule, int64_t at_s, struct why *why);

/* A walk: the names (borrowed) of rules that are suspended, *ret_resumed_s is 0, or were, and when they were last
 * resumed. */
int store_suspensions(struct store *store, struct why *why);
int store_next_suspension(struct store *store, const char **ret_rule, int64_t *ret_resumed_s, struct why *why);

#endif
