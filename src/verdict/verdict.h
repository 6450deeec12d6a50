/*
 * verdict: decides which client to block, and until when. Numbers in, decision out.
 *
 * Knows base only: no clock, no database, no log, no rule. The same calls always give the same results.
 *
 * Scores are summed per subject: an IPv4 address, or the IPv6 network of ip6_prefix bits around an address, because a
 * client controls all of it. But if that network contains an address that is never blocked, each of its addresses is a
 * subject of its own. A subject is blocked when the scores of its evidence in the last window reach the threshold, or
 * twice the threshold if it is proven good: good evidence (a negative score) came on earn_days different days, here; or
 * its network is good on another host (elsewhere.h), which gives no other protection. The block lasts for_s[0],
 * for_s[1], ... for the first, second ... offence within memory. After that the subject starts from zero: evidence from
 * before or during a block never counts again. A block closes the ports of its evidence's list. Evidence that meanwhile
 * comes in through open ports counts as if there were no block; when it is enough, that is another offence with its own
 * block, and the active blocks are extended to end with it. Evidence older than the window is history and does not
 * count (except that its day counts as good, and that failed logins count as slow ones until slow_s). Good evidence
 * must be younger than the start of the last block.
 *
 * Good evidence only subtracts from what it is about (enum verdict_kind): an accepted mail does not make up for
 * guessing passwords. Failed logins: one to an account that the subject logged in to within login_days counts a
 * quarter; one that repeats another of the last ten minutes counts nothing, up to 30 times: a phone with an old
 * password does no harm. Failures for an account that the subject never logged in to count in full, with the same
 * password or not: a guesser may well stay with one account. A failure for an account that was tried from
 * account_addresses networks within the window counts double for a subject without a good day. "slow" failed logins
 * within slow_s block like reaching the threshold, but not those for an account that the subject has logged in to
 * since.
 *
 * Networks: when network_after different subjects of one IPv4 /24 or IPv6 /48 were blocked within the window, the
 * network is blocked, for as long as that remains true; subjects of one /64 count once. When the scores of
 * VERDICT_NETWORK_MIN or more subjects of one network together reach network_threshold, each of these subjects is
 * blocked. Neither happens while the network contains an allowed or proven good address. Quarantine: a rule that would
 * block more than "suspension" proven good subjects within an hour is suspended: its evidence does not count until an
 * operator resumes it. Brake: at most blocks_per_minute blocks begin in one minute; any further one waits for the
 * subject's next evidence.
 *
 * The time is that of the last verdict_at: the clock in the daemon, the time of the line in replay. Memory: 32 bytes
 * for each subject with something in the window, an active block, an offence within memory or a good day, and for each
 * network with one of these; for one with more than good days, a cell of 8 bytes to 3 KiB, in which each second with a
 * score needs 12 bytes, each offence 4, and each client of a network 8, or 16 if it was also blocked. About 80 MB at
 * the limits, and for a moment 30 MB more while the least active are forgotten, which are counted. Logins and accounts
 * under attack: at most 2.4 MB, see logins.h and accounts.h. Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_VERDICT_H
#define WFS_VERDICT_VERDICT_H

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
	VERDICT_SCORES_MAX = 256,     /* seconds with a score of one subject in the window; more are merged */
	VERDICT_RULES_MAX = 4096 + 3, /* rule numbers are below this: of files, then those that are built in */
	VERDICT_NO_RULE = VERDICT_RULES_MAX,
	/* The highest network_after; also the most clients of a network whose scores are added up. */
	VERDICT_NETWORK_MAX = 64,
	VERDICT_NETWORK_MIN = 5,      /* clients that make an attack of their network */
	VERDICT_NETWORKS_MAX = 12,    /* the highest account_addresses */
	VERDICT_EARNED_MAX = 1 << 16, /* earned allowances at the same time; more are refused */
	/* Blocks of one decision: each client of a network, and each time the network; or one client, in each list. */
	VERDICT_BLOCKS_MAX = 2 * VERDICT_NETWORK_MAX + PORTLISTS_MAX,
};

struct verdict_policy {
	int64_t threshold; /* > 0 */
	int64_t window_s;  /* > 0 */
	int64_t memory_s;
	size_t n_for; /* number of durations in for_s, 1..VERDICT_DURATIONS_MAX */
	int64_t for_s[VERDICT_DURATIONS_MAX];
	uint64_t seed;             /* any number, preferably secret: it affects the order in memory, never decisions */
	uint8_t spread_list;       /* the port list of blocks because of a network's scores; below PORTLISTS_MAX */
	uint8_t ip6_prefix;        /* 48..128; 0: as 128, each address is a subject */
	unsigned network_after;    /* 0: networks are never blocked; else 2..VERDICT_NETWORK_MAX */
	int64_t network_threshold; /* 0: the scores of a network are not added up */
	/* Number of networks; 0: no account is ever under attack; at most VERDICT_NETWORKS_MAX. */
	unsigned account_addresses;
	unsigned slow;              /* number of failed logins within slow_s; 0: slow guessers are not detected */
	int64_t slow_s;             /* > 0 unless slow is 0 */
	unsigned login_days;        /* how long a login is remembered after its day */
	unsigned earn_days;         /* 1..31 of the last 31 days; 0: no subject is proven good */
	unsigned suspension;        /* proven good subjects per hour; 0: rules are never suspended */
	unsigned blocks_per_minute; /* 0: no limit */
};

/* What evidence is about: good evidence of a kind subtracts from hits of that kind. The values are in memory only. */
enum verdict_kind {
	/*
	 * Hits that nothing but a vote subtracts from: DNS lists, relaying, protocol; and votes, which subtract from
	 * anything.
	 */
	VERDICT_ANY,
	VERDICT_MAIL,  /* mail: rejected for its content or for unknown users; accepted */
	VERDICT_LOGIN, /* logins: failed; successful, which subtract from failures of the same account */
};

/* How much a hit counts: as its rule says, or otherwise. The values are stored in the database. */
enum verdict_weight {
	VERDICT_FULL = 0,
	VERDICT_REPEATED =
		1, /* only its other attempts count, if any: it repeats one that counted, perhaps in another log */
	VERDICT_QUARTER = 2, /* the subject has logged in to that account */
	VERDICT_DOUBLE = 3,  /* the account is under attack from many networks */
};

/* What happened with a piece of evidence. */
enum verdict_outcome {
	VERDICT_COUNTED,    /* recorded; not enough yet */
	VERDICT_BLOCK,      /* enough: blocked */
	VERDICT_RUNNING,    /* already blocked, or the evidence is from before the last block ended */
	VERDICT_HISTORY,    /* too old to matter now */
	VERDICT_ALLOWED,    /* the client is never blocked */
	VERDICT_SUSPENDED,  /* its rule is suspended: it does not count */
	VERDICT_QUARANTINE, /* it would have been one block too many: its rule is suspended from now on */
	VERDICT_BRAKED,     /* recorded, and enough, but too many were blocked in this minute */
	VERDICT_DUPLICATE,  /* another log reported it before: decided in decide.h, no evidence */
};

struct verdict_evidence {
	struct addr addr;
	struct span name; /* the client's name, if the mail server verified it; p NULL: none */
	int score;        /* negative: good; its day counts only if there is a rule */
	unsigned count;   /* attempts that the score is for; 0: one */
	enum verdict_kind kind;
	uint32_t account; /* for LOGIN: account_number (base/account.h); ACCOUNT_NONE: unknown */
	int64_t time_s;   /* a future time counts as now */
	int64_t for_s;    /* the minimum duration of a block that it causes; 0: the usual one */
	unsigned rule;    /* the rule, which may be suspended, or VERDICT_NO_RULE */
	uint8_t list;     /* without a rule: the port list that a block for it closes, below PORTLISTS_MAX */
};

struct verdict_decision {
	enum verdict_outcome outcome;
	bool counted; /* it counts, and must be passed to verdict_known_hit after a restart */
	int score;    /* if it counts: the score that it counts for */
	enum verdict_weight weight;
	struct net subject;
	bool opens;     /* good evidence: its network is blocked as a whole, and contains a proven good subject */
	uint64_t login; /* the key of subject and account if this is their first login on its day; else 0 */
	/* Number of blocks: above 0 with VERDICT_BLOCK only; the block of the evidence's subject is first. */
	size_t n;
	/*
	 * Valid until the next verdict_hit; the caller may complete them. offence is at most VERDICT_DURATIONS_MAX,
	 * which means "or more".
	 */
	struct block *blocks;
};

struct verdict;

/* policy is copied. Never returns NULL. */
struct verdict *verdict_new(const struct verdict_policy *policy);

/* Frees verdict; accepts NULL. */
void verdict_free(struct verdict *verdict);

/* Sets the time of all following calls, Unix seconds. */
void verdict_at(struct verdict *verdict, int64_t now_s);

/* Sets the port lists of the rules, by their numbers. Copied; without this call all rules have list 0. */
void verdict_lists(struct verdict *verdict, const uint8_t *lists, size_t n);

/* --- clients that are never blocked, in addition to net_is_never --- */

/* Sets the allowed networks; copied, replaces the previous ones. */
void verdict_allow(struct verdict *verdict, const struct net *nets, size_t n);

/*
 * Sets the allowed names, globs such as "*.example.org" ("*": any text, "?": any character; case does not matter);
 * copied, replaces the previous ones.
 */
void verdict_allow_names(struct verdict *verdict, const char *const globs[], size_t n);

/*
 * Allows a network temporarily, earned or by an operator, until until_s; of several calls the latest until_s counts. 0
 * or a past time ends the allowance.
 */
void verdict_allow_earned(struct verdict *verdict, const struct net *net, int64_t until_s);

/* Returns true if addr is never blocked now. */
bool verdict_is_allowed(const struct verdict *verdict, const struct addr *addr);

/* Returns true if net contains an address that is never blocked: net must not be blocked as a whole. */
bool verdict_spares(const struct verdict *verdict, const struct net *net);

/* Returns true if all of net is allowed now. */
bool verdict_allows_all(const struct verdict *verdict, const struct net *net);

/* Returns a number that changes with each verdict_allow_earned: what is allowed may then have changed. */
uint64_t verdict_allowances(const struct verdict *verdict);

/*
 * Returns true if a client in net is proven good, as far as this is recorded: per /24 and /48, if networks are judged
 * at all. Returns true for a wider net, for which it is not recorded.
 */
bool verdict_holds_good(const struct verdict *verdict, const struct net *net);

/* Sets what other hosts know of good clients; NULL: nothing. Borrowed. */
void verdict_elsewhere(struct verdict *verdict, const struct elsewhere *elsewhere);

/*
 * Writes some subjects that are proven good here, at most cap and none wider than /64. *place: 0 at first, and again
 * after the last. Returns how many.
 */
size_t verdict_proven(const struct verdict *verdict, size_t *place, struct net *out, size_t cap);

/* --- evidence --- */

/*
 * Announces that evidence about addr will come: prefetches what is known of it while other evidence is processed, step
 * by step, because each memory access depends on the one before; for a hit (score above 0) also what is known of its
 * network. Changes nothing. Returns the subject that the evidence will probably be about.
 */
enum verdict_expected {
	VERDICT_SOON,   /* its entry */
	VERDICT_SOONER, /* its scores and offences, which are in one piece */
};
struct net verdict_expect(const struct verdict *verdict, const struct addr *addr, int score,
                          enum verdict_expected when);

/* Processes one piece of evidence. Always sets *ret; the blocks in it have begun. */
void verdict_hit(struct verdict *verdict, const struct verdict_evidence *evidence, struct verdict_decision *ret);

/* --- operator actions --- */

/*
 * Makes evidence from before at_s about net, and about anything in it, no longer count. For a single address that means
 * its subject. Offences stay; verdict_until lifts active blocks.
 */
void verdict_forget(struct verdict *verdict, const struct net *net, int64_t at_s);

/* Changes the end of an active block of EVIDENCE or NETWORK to until_s: extended, or lifted (until_s = now). */
void verdict_until(struct verdict *verdict, const struct net *net, int64_t until_s);

/* Suspends a rule, or resumes it: then its matches up to this second do not count against it. */
void verdict_suspend(struct verdict *verdict, unsigned rule, bool suspended);
bool verdict_is_suspended(const struct verdict *verdict, unsigned rule);

/*
 * Writes the proven good subjects that a rule blocked in the last hour, whose blocks are to be lifted when it is
 * suspended; returns how many, at most cap.
 */
size_t verdict_matched(const struct verdict *verdict, unsigned rule, struct net *out, size_t cap);

/* --- restoring the state from the database at start, in this order --- */

/* Restores good evidence about net (an address or a subject) on a day (time_s / 86400). */
void verdict_known_good(struct verdict *verdict, const struct net *net, int64_t day);

/* Restores that a rule was suspended, and resumed at at_s. */
void verdict_known_resumed(struct verdict *verdict, unsigned rule, int64_t at_s);

/*
 * Restores a block of BLOCK_EVIDENCE or BLOCK_NETWORK, oldest first, unchanged, except that until_s of a lifted block
 * is when it was lifted.
 */
void verdict_known_block(struct verdict *verdict, const struct block *block, unsigned rule);

/* Restores a login, as in verdict_decision, on a day (time_s / 86400); in the order of days. */
void verdict_known_login(struct verdict *verdict, uint64_t login, int64_t day);

/*
 * Restores evidence that was counted, also votes, in the order in which it came: it counts, but only the next evidence
 * can lead to a block. score: what it counted for; 0: a repetition. name, count and rule are ignored. Needed for the
 * last verdict_memory_s seconds.
 */
void verdict_known_hit(struct verdict *verdict, const struct verdict_evidence *evidence);

/* Records that this evidence caused a block of EVIDENCE, which used up all earlier evidence about the subject. */
void verdict_known_spent(struct verdict *verdict, const struct verdict_evidence *evidence);

/* Returns the network of addr whose clients' scores are added up. */
struct net verdict_network(const struct addr *addr);

/*
 * Records that evidence also blocked this subject, because of the scores of its network: all earlier evidence about it
 * is used up. Does nothing for the network as a whole.
 */
void verdict_known_spread(struct verdict *verdict, const struct net *subject);

/* Restores good evidence that was counted; after all hits. */
void verdict_known_credit(struct verdict *verdict, const struct verdict_evidence *evidence);

/* --- queries --- */

/* Returns how long evidence can matter: the window or slow_s. */
int64_t verdict_memory_s(const struct verdict_policy *policy);

/* Returns how long a block for that offence lasts. */
int64_t verdict_duration(const struct verdict *verdict, unsigned offence);

/* All that is known of an address now; for "test". */
struct verdict_query {
	struct net subject;
	bool allowed, proven, elsewhere; /* elsewhere: its network has a client that is proven good on another host */
	int64_t score, threshold;        /* of the subject within the window; what it must reach */
	int64_t until_s;                 /* of its block of EVIDENCE; 0: none */
	unsigned offence;                /* number of its next offence */
};
struct verdict_query verdict_query(const struct verdict *verdict, const struct addr *addr);

struct verdict_stat {
	size_t addresses;   /* entries in the table now */
	uint64_t forgotten; /* for lack of space, since the start */
	uint64_t braked;    /* blocks held back by the brake, since the start */
	size_t suspended;   /* number of suspended rules */
	size_t earned;      /* number of earned allowances */
};
struct verdict_stat verdict_stat(const struct verdict *verdict);

#endif
