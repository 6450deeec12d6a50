/*
 * rules: does this message name a hostile client, and which?
 *
 * Owns compiled rules and the matching of one message. Knows PCRE2 and base; never where lines come from nor
 * what is done about a hit. A set is immutable once loaded, so threads share it; each thread has a scratch.
 *
 * Order: rules_load; rules_scratch_new per thread; rules_match_all per line; rules_scratch_free; rules_free.
 * First match wins: files of later directories first, then by name, rules in file order; besides it only rules with
 * "also = yes", and only on a line that the first matched as hostile: they add to a score and never start one. A rule
 * may have conditions besides its regexes (conditions.h), some of which need files of mail addresses: these are read
 * with the rules. An address that may never be blocked (net_is_never) does not count: such a line is not matched. Rules
 * with <SESSION> give pieces (enum rules_kind) that sessions.h puts together, in the order of the lines; there "event"
 * applies, too. Bytes, not UTF-8; LF is the only newline; every PCRE2 call has match, depth and heap limits, and
 * reaching one means "no match", counted.
 */
#ifndef WFS_RULES_H
#define WFS_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"
#include "rules/rulefile.h"
#include "rules/writers.h"

enum {
	RULES_COUNT_MAX = 10,      /* "N attempts" and "repeated N times" count at most so often */
	RULES_MATCH_LIMIT = 50000, /* PCRE2's own counter: some steps for each byte of 8 KiB, no square of them */
	RULES_DEPTH_LIMIT = 1000,
	RULES_HEAP_LIMIT_KIB = 1024,
	RULES_HITS_MAX = 4,     /* of one line: the rule that matches it and "also" rules */
	RULES_SESSION_MAX = 64, /* bytes of a session's id */
	RULES_LOGS_MAX = 4,     /* that report one event */
};

/* sessions_resolve's answers. */
enum {
	RULES_HIT = 0,
	RULES_NONE = 1,
};

/* What a rule's hits, or its good evidence, are about. */
enum rules_about {
	RULES_ABOUT_ANY,
	RULES_ABOUT_MAIL,  /* mail that was refused or accepted */
	RULES_ABOUT_LOGIN, /* logins that failed or succeeded */
};

/* "event = NAME LOG": rules of one NAME report the same events, in different logs. */
struct rule_event {
	uint16_t number; /* of NAME; 0: the rule has no such key */
	uint8_t log;     /* below RULES_LOGS_MAX; rules of the same LOG have the same */
};

/* What is known of a rule besides its regexes. */
struct rule {
	size_t index; /* its place in the set: 0..rules_count - 1 */
	const struct rulefile_rule *text;
	struct writers writers; /* whose lines count, where a source knows who wrote them */
	enum rules_about about;
	struct rule_event event;
};

/* What a rule's match of a line means. */
enum rules_kind {
	RULES_KIND_HIT,     /* complete: the address is on the line */
	RULES_KIND_LOOKUP,  /* a hit of the client of the session */
	RULES_KIND_AFTER,   /* a hit if "after"'s event was noted for the session; the address is on the line */
	RULES_KIND_AGAIN,   /* the same, and the line is noted as such an event, too */
	RULES_KIND_ADDRESS, /* note: the session is this address; no hit */
	RULES_KIND_EVENT,   /* note: this was seen in the session; no hit */
	RULES_KIND_FORGET,  /* the session ends; not a hit */
};

/* A plain value: may be copied, and passed between threads as long as the line is kept for its spans. */
struct rules_hit {
	const struct rule *rule;
	enum rules_kind kind;
	struct addr address;        /* meaningless for LOOKUP until resolved, for EVENT and FORGET */
	int score;                  /* the rule's, times count */
	unsigned count;             /* 1..RULES_COUNT_MAX */
	struct span name;           /* what <NAME> matched; into the message */
	struct span detail;         /* what (?<detail>...) matched; into the message */
	struct span from, to, helo; /* what <FROM>, <TO>, <HELO> matched; into the message */
	struct span user;           /* what <USER> matched; into the message */
	uint32_t account;           /* account_number of it */
	struct span where;          /* the address as it is in the message; p NULL when it is not */
	struct span session; /* what <SESSION> matched, at most RULES_SESSION_MAX; p NULL: the rule has none, or more */
};

struct rules;
struct rules_scratch;

/*
 * Reads and compiles; see rulefile_read for from. All errors go to errors (the caller's to
 * rulefile_errors_done, also on success, when it is empty).
 * Errors: -EINVAL with the first error in why; *ret is NULL then.
 */
int rules_load_from(const struct rulefile_from *from, struct rules **ret, struct rulefile_errors *errors,
                    struct why *why);

/* The same from n_dirs directories and n_extra files. */
int rules_load(const char *const dirs[], size_t n_dirs, const char *const extra[], size_t n_extra, struct rules **ret,
               struct rulefile_errors *errors, struct why *why);

/* rulefile_errors_end for errors that were found later. */
int rules_errors_end(const struct rules *rules, struct rulefile_errors *errors, struct why *why);

/* Accepts NULL. No scratch of it may be used any more. */
void rules_free(struct rules *rules);

/* By the category of its hits: auth is about logins, content and unknown-user about mail. */
enum rules_about rules_about_hits(const char *category);

size_t rules_count(const struct rules *rules);
const struct rule *rules_at(const struct rules *rules, size_t index);

/* How many files were read. */
size_t rules_files(const struct rules *rules);

/* The paths of the files of addresses that rules name, enabled or not: ret[0..]. Returns how many, at most cap. */
size_t rules_lists(const struct rules *rules, const char *ret[], size_t cap);

/* "137 rules from 22 files"; returns out. */
enum { RULES_SIZE_TEXT_MAX = 64 };
const char *rules_size_text(const struct rules *rules, char out[static RULES_SIZE_TEXT_MAX]);

/* Memory for matching, for one thread and one set. */
struct rules_scratch *rules_scratch_new(const struct rules *rules);
void rules_scratch_free(struct rules_scratch *scratch);

/*
 * From here on the scratch passes over the rules before first, as if they were not there: for the examples of a
 * directory's rules, which hold whatever the rules of later ones match first.
 */
void rules_scratch_from(struct rules_scratch *scratch, size_t first);

/*
 * From here on "in FILE" and "not in FILE" hold for this rule and for no other, whatever is in the files: for its
 * examples, which cannot know them.
 */
void rules_scratch_example(struct rules_scratch *scratch, size_t index);

/*
 * Matches one message of a program. Returns how many of ret were filled, 0: no rule matches it. ret[0] is the
 * rule that matches the line, the others are "also" rules, always of kind RULES_KIND_HIT; spans point into
 * message. All go through sessions_resolve, in the order of the lines. disabled: also try rules with
 * enabled = no (for explain and for examples).
 * "message repeated N times: [ TEXT]" is TEXT with N as its count; nested, it matches nothing.
 */
size_t rules_match_all(struct rules_scratch *scratch, struct span program, struct span message, bool disabled,
                       struct rules_hit ret[static RULES_HITS_MAX]);

/*
 * True when this one rule would match the message, whatever rules come before it; prefilters and the order of
 * rules play no part. interpret: without JIT, whose counters are kinder. For lint and tests.
 */
bool rules_would_match(struct rules_scratch *scratch, size_t index, struct span program, struct span message,
                       bool interpret);

/* True when a rule of the set is for this program, enabled or not. */
bool rules_know(struct rules_scratch *scratch, struct span program);

/* True when "program" of the rule means this program. */
bool rules_means(const struct rules *rules, size_t index, struct span program);

/* What was seen, for status. */
struct rules_stat {
	uint64_t limits;        /* a regex reached a limit */
	uint64_t not_addresses; /* a rule matched a line, but what is there is no address */
	uint64_t never;         /* a rule matched a line, but of an address that may never be blocked */
};
struct rules_stat rules_stat(const struct rules_scratch *scratch);

#endif
