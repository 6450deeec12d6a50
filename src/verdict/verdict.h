/*
 * verdict: which client to block, and until when. Numbers in, decision out.
 *
 * Knows base only: no clock, no database, no log, no rule. The same calls give the same answers, always.
 *
 * Scores are summed per subject: an IPv4 address, or the IPv6 network of ip6_prefix bits around an address,
 * because a client owns all of that; but if it contains an address that is never blocked, each address is a
 * subject of its own. A subject is blocked when the scores of its evidence in the last window reach the threshold,
 * twice the threshold when it is proven good: when good evidence (a negative score) came on earn_days
 * different days, here; or its network is good elsewhere (elsewhere.h), which protects from nothing else. The block
 * lasts for_s[0], for_s[1], ... for the first, second ... offence within memory; from then on the subject starts again
 * from zero: evidence from before or during a block never counts again. A block closes the ports of its evidence's
 * list. What comes meanwhile from ports that are open counts as if there were no block; when that is enough it is
 * another offence, whose block begins, and those that are active last as long. Evidence not younger than the window is
 * history and does not count (except that its day counts as good, and that failed logins count as slow ones until
 * slow_s), and good evidence must be younger than the last block's beginning.
 *
 * Good evidence takes off what it speaks about (enum verdict_kind): an accepted mail does not pay for a guess.
 * Failed logins: one to an account that the subject logged in to within login_days counts a quarter, and one that
 * repeats another of the last ten minutes nothing, up to 30 of them: a telephone with an old password does no harm. To
 * an account that it never logged in to each counts in full, the same password or not: a guesser may well stay with one
 * account. One to an account that was tried from account_addresses networks within the window counts double for a
 * subject without a good day. "slow" failed logins within slow_s block as the threshold does; not those to an account
 * that the subject has logged in to since.
 *
 * Networks: when network_after different subjects of one IPv4 /24 or IPv6 /48 were blocked within the window,
 * the network is blocked, for as long as that remains true. When the scores of VERDICT_NETWORK_MIN or more subjects of
 * one reach network_threshold, each of these subjects is blocked. Neither while it contains an allowed or proven good
 * address. Quarantine: a rule that would block more than "quarantine" proven good subjects within an hour is suspended:
 * its evidence does not count until an operator resumes it. Brake: blocks_per_minute blocks in one minute; what has
 * earned one more waits for its next evidence.
 *
 * The time is that of the last verdict_at: the clock in the daemon, the line's own time in replay.
 * Memory: 32 bytes for each subject that has something in the window, an active block, an offence within
 * memory or a good day, and for each network with one of these; 16 for each second with a score, each offence and the
 * good days; 64 for each seven clients of a network; about 120 MB at the limits. At these limits the quietest are
 * forgotten first, and counted. Logins and accounts under attack: 2.4 MB at most, see logins.h and accounts.h. Aborts
 * if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_H
#define WFS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/block.h"
#include "base/nets.h"
#include "base/portlists.h"
#include "base/text.h"
#include "verdict/elsewhere.h"

enum {
	VERDICT_DURATIONS_MAX = 8,
	VERDICT_ADDRESSES_MAX = 1 << 20,
	VERDICT_NODES_MAX = 5 << 19, /* seconds with a score, offences, good days; of all together */
	VERDICT_SCORES_MAX = 256,    /* of one subject in the window, by second; more are summed up */
	VERDICT_RULES_MAX = 4096,    /* numbers of rules are below this */
	VERDICT_NO_RULE = VERDICT_RULES_MAX,
	VERDICT_NETWORK_MAX = 64,     /* the highest network_after; clients of a network that are added up */
	VERDICT_NETWORK_MIN = 5,      /* so many make an attack of their network */
	VERDICT_NETWORKS_MAX = 12,    /* the highest account_addresses */
	VERDICT_EARNED_MAX = 1 << 16, /* earned allowances at a time; more are refused */
	/* Of one decision: each client of a network, and each time the network; or one client, in each list. */
	VERDICT_BLOCKS_MAX = 2 * VERDICT_NETWORK_MAX + PORTLISTS_MAX,
};

struct verdict_policy {
	int64_t threshold; /* > 0 */
	int64_t window_s;  /* > 0 */
	int64_t memory_s;
	size_t n_for; /* 1..VERDICT_DURATIONS_MAX */
	int64_t for_s[VERDICT_DURATIONS_MAX];
	uint64_t seed;       /* any number, best one that attackers cannot know: it affects the order in memory, never
	                        decisions */
	uint8_t spread_list; /* of ports: closed by blocks because of a network's scores; below PORTLISTS_MAX */
	uint8_t ip6_prefix;  /* 48..128; 0: as 128, each address for itself */
	unsigned network_after;     /* 0: no network is ever blocked; 2..VERDICT_NETWORK_MAX */
	int64_t network_threshold;  /* 0: the scores of a network are not added up */
	unsigned account_addresses; /* networks; 0: no account is ever under attack; up to VERDICT_NETWORKS_MAX */
	unsigned slow;              /* failed logins within ... */
	int64_t slow_s;             /* ... this, > 0; 0 of them: slow guessers are not looked for */
	unsigned login_days;        /* a login is remembered so long after its day */
	unsigned earn_days;         /* 1..31 of the last 31; 0: no subject is proven good */
	unsigned suspension;        /* proven good subjects an hour; 0: no rule is ever suspended */
	unsigned blocks_per_minute; /* 0: no limit */
};

/* What evidence is about: good evidence of a kind takes off hits of that kind. The numbers are in memory only. */
enum verdict_kind {
	VERDICT_ANY,   /* hits that nothing takes off: DNS lists, relaying, protocol; and votes, which take off anything
	                */
	VERDICT_MAIL,  /* mail: refused for its content or for unknown users; accepted */
	VERDICT_LOGIN, /* logins to an account: failed; accepted, which take off failures of the same account */
};

/* What a hit counts: as its rule has it, or otherwise. The numbers are in the database. */
enum verdict_weight {
	VERDICT_FULL = 0,
	VERDICT_REPEATED =
		1, /* nothing, or for its other attempts alone: repeats one that counted, perhaps in another log */
	VERDICT_QUARTER = 2, /* the subject has logged in to that account */
	VERDICT_DOUBLE = 3,  /* the account is under attack from many networks */
};

/* What became of a piece of evidence. */
enum verdict_outcome {
	VERDICT_COUNTED,    /* noted; not enough yet */
	VERDICT_BLOCK,      /* enough */
	VERDICT_RUNNING,    /* blocked already, or evidence from before the last block ended */
	VERDICT_HISTORY,    /* too old to matter now */
	VERDICT_ALLOWED,    /* never blocked */
	VERDICT_SUSPENDED,  /* its rule is suspended: does not count */
	VERDICT_QUARANTINE, /* it would have been one block too many: its rule is suspended from now on */
	VERDICT_BRAKED,     /* noted, and enough, but too many were blocked in this minute */
	VERDICT_DUPLICATE,  /* another log has reported it: decided in decide.h, no evidence */
};

struct verdict_evidence {
	struct addr addr;
	struct span name; /* the client's name where the mail server verified it; p NULL: none */
	int score;        /* negative: good; its day counts when there is a rule */
	unsigned count;   /* attempts that it is the score of; 0: one */
	enum verdict_kind kind;
	uint32_t account; /* of a LOGIN: account_number (base/account.h); ACCOUNT_NONE: not known */
	int64_t time_s;   /* a future time counts as now */
	int64_t for_s;    /* a block that it causes lasts so long at least; 0: as the offence has it */
	unsigned rule;    /* the rule that may be suspended for it, or VERDICT_NO_RULE */
	uint8_t list;     /* without a rule: the ports that a block for it closes, below PORTLISTS_MAX */
};

struct verdict_decision {
	enum verdict_outcome outcome;
	bool counted; /* it counts: to be passed to verdict_known_hit after a restart */
	int score;    /* when it counts: that it counted for */
	enum verdict_weight weight;
	struct net subject;
	uint64_t login; /* the number of subject and account, when it is the first login there on its day; else 0 */
	size_t n;       /* blocks: more than 0 with VERDICT_BLOCK only, the evidence's first */
	struct block *blocks; /* until the next verdict_hit, which the caller may complete; offence: at most
	                         VERDICT_DURATIONS_MAX, which means "or more" */
};

struct verdict;

/* policy is copied. Never NULL. */
struct verdict *verdict_new(const struct verdict_policy *policy);

/* Accepts NULL. */
void verdict_free(struct verdict *verdict);

/* The time of all that follows, Unix seconds. */
void verdict_at(struct verdict *verdict, int64_t now_s);

/* The lists of the rules' ports, by the rules' numbers. Copied; else all are in list 0. */
void verdict_lists(struct verdict *verdict, const uint8_t *lists, size_t n);

/* --- clients that are never blocked, besides net_is_never --- */

/* Networks. Copied; replaces the previous ones. */
void verdict_allow(struct verdict *verdict, const struct net *nets, size_t n);

/* Names, as "*.example.org" ("*": any text, "?": any character; case does not matter). Copied; replaces. */
void verdict_allow_names(struct verdict *verdict, const char *const globs[], size_t n);

/*
 * A network that is allowed for a while, earned or manual, until until_s; the latest of several counts. 0 or
 * the past: ends it.
 */
void verdict_allow_earned(struct verdict *verdict, const struct net *net, int64_t until_s);

/* True when addr is never blocked now. */
bool verdict_is_allowed(const struct verdict *verdict, const struct addr *addr);

/* True when net contains an address that is never blocked: net must not be blocked as a whole. */
bool verdict_spares(const struct verdict *verdict, const struct net *net);

/* True when all of net is allowed now. */
bool verdict_allows_all(const struct verdict *verdict, const struct net *net);

/* Another number when verdict_allow_earned was called: what is allowed may have changed. */
uint64_t verdict_allowances(const struct verdict *verdict);

/*
 * True when a client in net is proven good, as far as that is noted: by /24 and /48, and if networks are judged at all.
 * Of a wider net it is not noted: true.
 */
bool verdict_holds_good(const struct verdict *verdict, const struct net *net);

/* What other hosts know of good clients; NULL: nothing. Borrowed. */
void verdict_elsewhere(struct verdict *verdict, const struct elsewhere *elsewhere);

/* Some subjects that are proven good here, but no wider ones than /64. *place: 0 at first, and after the
 * last. Returns how many. */
size_t verdict_proven(const struct verdict *verdict, size_t *place, struct net *out, size_t cap);

/* --- evidence --- */

/*
 * Evidence about addr will come: prefetches what is known of it while others are processed, step by step, for each
 * memory access leads to the next; of a hit (score above 0) also what is known of its network. Changes nothing. Returns
 * the subject it will probably be about.
 */
enum verdict_expected {
	VERDICT_SOON,    /* its entry */
	VERDICT_SOONER,  /* the first of its scores, ... */
	VERDICT_SOONEST, /* ... and the second */
};
struct net verdict_expect(const struct verdict *verdict, const struct addr *addr, int score,
                          enum verdict_expected when);

/* Fills *ret always; the blocks in it have begun. */
void verdict_hit(struct verdict *verdict, const struct verdict_evidence *evidence, struct verdict_decision *ret);

/* --- manual --- */

/*
 * Evidence from before at_s about net, and about what lies in it, no longer counts. For one address that means its
 * subject. Offences stay; verdict_until lifts active blocks.
 */
void verdict_forget(struct verdict *verdict, const struct net *net, int64_t at_s);

/* An active block of EVIDENCE or NETWORK now ends at until_s: extended, or lifted (until_s = now). */
void verdict_until(struct verdict *verdict, const struct net *net, int64_t until_s);

/* Suspends a rule, or resumes it: then its matches up to this second do not count against it. */
void verdict_suspend(struct verdict *verdict, unsigned rule, bool suspended);
bool verdict_is_suspended(const struct verdict *verdict, unsigned rule);

/* The proven good subjects that a rule blocked in the last hour, to be lifted when it is suspended; at most cap. */
size_t verdict_matched(const struct verdict *verdict, unsigned rule, struct net *out, size_t cap);

/* --- what is known from before: the database at start. In this order. --- */

/* Good evidence came about net (an address or a subject) on a day (time_s / 86400). */
void verdict_known_good(struct verdict *verdict, const struct net *net, int64_t day);

/* A rule that was suspended, and was resumed at at_s. */
void verdict_known_resumed(struct verdict *verdict, unsigned rule, int64_t at_s);

/* A block of BLOCK_EVIDENCE or BLOCK_NETWORK, oldest first, as it was; until moved to where it was lifted when it was.
 */
void verdict_known_block(struct verdict *verdict, const struct block *block, unsigned rule);

/* A login as verdict_decision has it, on a day (time_s / 86400); in the order of the days. */
void verdict_known_login(struct verdict *verdict, uint64_t login, int64_t day);

/*
 * Evidence that was counted, in the order it came: it counts, but decides nothing; the next evidence does. Also votes.
 * score: that it counted for; 0: a repetition. name, count and rule play no part. Of the last verdict_memory_s seconds.
 */
void verdict_known_hit(struct verdict *verdict, const struct verdict_evidence *evidence);

/* This evidence caused a block of EVIDENCE, which used up all earlier evidence about that subject. */
void verdict_known_spent(struct verdict *verdict, const struct verdict_evidence *evidence);

/* The network whose clients' scores add up, of that address. */
struct net verdict_network(const struct addr *addr);

/* That evidence blocked this subject, too, because of their network's scores: all earlier evidence about it is used up.
 */
void verdict_known_spread(struct verdict *verdict, const struct net *subject);

/* Good evidence that was counted; after all hits. */
void verdict_known_credit(struct verdict *verdict, const struct verdict_evidence *evidence);

/* --- questions --- */

/* How long evidence can matter: the window, or slow_s. */
int64_t verdict_memory_s(const struct verdict_policy *policy);

/* How long a block of that offence lasts. */
int64_t verdict_duration(const struct verdict *verdict, unsigned offence);

/* All that is known of an address now; for "test". */
struct verdict_query {
	struct net subject;
	bool allowed, proven, elsewhere; /* elsewhere: its network has a client that is proven good on another host */
	int64_t score, threshold;        /* of the subject within the window; what it must reach */
	int64_t until_s;                 /* of its block of EVIDENCE; 0: none */
	unsigned offence;                /* that its next block will be */
};
struct verdict_query verdict_query(const struct verdict *verdict, const struct addr *addr);

struct verdict_stat {
	size_t addresses;   /* held now */
	uint64_t forgotten; /* for lack of space, since start */
	uint64_t braked;    /* held back by the brake, since start */
	size_t suspended;   /* rules */
	size_t earned;      /* allowances */
};
struct verdict_stat verdict_stat(const struct verdict *verdict);

#endif
