/*
 * rules: determines whether a message names a hostile client, and which one.
 *
 * Owns compiled rules and the matching of one message. Knows PCRE2 and base; knows neither where lines come from nor
 * what happens with a hit. A set is immutable once loaded, so threads share it; each thread has its own scratch.
 *
 * Order: rules_load; rules_scratch_new per thread; rules_match_all per line; rules_scratch_free; rules_free.
 * The first match wins: files of later directories come first, then by name, and rules in file order. In addition only
 * rules with "also = yes" are tried, and only on a line that the first rule matched as hostile: they add to a score and
 * never start one. A rule may have conditions besides its regexes (conditions.h); some need files of mail addresses,
 * which are read with the rules. A line with an address that must never be blocked (net_is_never) does not match. Rules
 * with <SESSION> return partial results (enum rules_kind), which sessions.h combines in the order of the lines; it also
 * handles "event". Text is bytes, not UTF-8; LF is the only newline. Every PCRE2 call has match, depth and heap limits;
 * reaching one means "no match", and is counted.
 */
#ifndef WFS_RULES_RULES_H
#define WFS_RULES_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"
#include "rules/rulefile.h"
#include "rules/writers.h"

enum {
	RULES_COUNT_MAX = 10, /* the most that "N attempts" and "repeated N times" count */
	/* PCRE2's own counter: enough for some steps per byte of 8 KiB, not for quadratic time. */
	RULES_MATCH_LIMIT = 50000,
	RULES_DEPTH_LIMIT = 1000,
	RULES_HEAP_LIMIT_KIB = 1024,
	RULES_HITS_MAX = 4,     /* per line: the rule that matches it and "also" rules */
	RULES_SESSION_MAX = 64, /* bytes of a session id */
	RULES_LOGS_MAX = 4,     /* logs that report the same event */
};

/* Results of sessions_resolve. */
enum {
	RULES_HIT = 0,
	RULES_NONE = 1,
};

/* What a rule's hits or its good evidence are about. */
enum rules_about {
	RULES_ABOUT_ANY,
	RULES_ABOUT_MAIL,  /* mail that was rejected or accepted */
	RULES_ABOUT_LOGIN, /* logins that failed or succeeded */
};

/* "event = NAME LOG": rules with the same NAME report the same events, in different logs. */
struct rule_event {
	uint16_t number; /* identifies NAME; 0: the rule has no such key */
	uint8_t log;     /* below RULES_LOGS_MAX; identifies LOG */
};

/* Everything about a rule except its regexes. */
struct rule {
	size_t index; /* in the set: 0..rules_count - 1 */
	const struct rulefile_rule *text;
	struct writers writers; /* whose lines count, if a source knows the writer */
	enum rules_about about;
	struct rule_event event;
};

/* What it means that a rule matches a line. */
enum rules_kind {
	RULES_KIND_HIT,     /* complete: the address is on the line */
	RULES_KIND_LOOKUP,  /* a hit; the client is that of the session */
	RULES_KIND_AFTER,   /* a hit if the event of "after" was noted for the session; the address is on the line */
	RULES_KIND_AGAIN,   /* the same, and the line itself is noted as such an event */
	RULES_KIND_ADDRESS, /* no hit: notes the address of the session */
	RULES_KIND_EVENT,   /* no hit: notes that this event occurred in the session */
	RULES_KIND_FORGET,  /* no hit: the session ends */
};

/* A plain value: may be copied and passed between threads, as long as the line is kept for its spans. */
struct rules_hit {
	const struct rule *rule;
	enum rules_kind kind;
	struct addr address;        /* undefined for EVENT and FORGET, and for LOOKUP until it is resolved */
	int score;                  /* the rule's score times count */
	unsigned count;             /* 1..RULES_COUNT_MAX */
	struct span name;           /* what <NAME> matched; into the message */
	struct span detail;         /* what (?<detail>...) matched; into the message */
	struct span from, to, helo; /* what <FROM>, <TO>, <HELO> matched; into the message */
	struct span user;           /* what <USER> matched; into the message */
	uint32_t account;           /* account_number of user */
	struct span where;          /* the address in the message; p is NULL if it is not there */
	/* What <SESSION> matched, at most RULES_SESSION_MAX bytes; p is NULL if the rule has none or it was longer. */
	struct span session;
};

struct rules;
struct rules_scratch;

/*
 * Reads and compiles the rules; see rulefile_read for from. All errors go to errors; the caller frees it with
 * rulefile_errors_done, also on success, when it is empty.
 * Errors: -EINVAL with the first error in why; *ret is then NULL.
 */
int rules_load_from(const struct rulefile_from *from, struct rules **ret, struct rulefile_errors *errors,
                    struct why *why);

/* Like rules_load_from, for n_dirs directories and n_extra files. */
int rules_load(const char *const dirs[], size_t n_dirs, const char *const extra[], size_t n_extra, struct rules **ret,
               struct rulefile_errors *errors, struct why *why);

/* Like rulefile_errors_end, for errors that were found later. */
int rules_errors_end(const struct rules *rules, struct rulefile_errors *errors, struct why *why);

/* Frees rules; accepts NULL. Their scratches must not be used any more. */
void rules_free(struct rules *rules);

/* Returns what the hits of a category are about: auth is about logins, content and unknown-user about mail. */
enum rules_about rules_about_hits(const char *category);

size_t rules_count(const struct rules *rules);
const struct rule *rules_at(const struct rules *rules, size_t index);

/* Returns how many files were read. */
size_t rules_files(const struct rules *rules);

/*
 * Writes the paths of the address files that rules name, enabled or not. Returns how many, at most cap. The paths are
 * borrowed.
 */
size_t rules_lists(const struct rules *rules, const char *ret[], size_t cap);

/* Writes "137 rules from 22 files"; returns out. */
enum { RULES_SIZE_TEXT_MAX = 64 };
const char *rules_size_text(const struct rules *rules, char out[static RULES_SIZE_TEXT_MAX]);

/* The memory for matching with one set in one thread. */
struct rules_scratch *rules_scratch_new(const struct rules *rules);
void rules_scratch_free(struct rules_scratch *scratch);

/*
 * From now on the scratch ignores the rules before first. For the examples of a directory's rules, which must hold
 * whatever the rules of later directories match first.
 */
void rules_scratch_from(struct rules_scratch *scratch, size_t first);

/*
 * From now on "in FILE" and "not in FILE" hold for this rule and for no other, whatever the files contain. For the
 * examples of this rule, which cannot know the files.
 */
void rules_scratch_example(struct rules_scratch *scratch, size_t index);

/*
 * Matches one message of a program. Returns how many hits were written to ret; 0 if no rule matches. ret[0] is from the
 * rule that matches the line; the others are from "also" rules and always of kind RULES_KIND_HIT. Spans point into
 * message. All hits must go through sessions_resolve, in the order of the lines. disabled: also try rules with enabled
 * = no (for explain and for examples).
 * "message repeated N times: [ TEXT]" is TEXT with N as its count; if nested, it matches nothing.
 */
size_t rules_match_all(struct rules_scratch *scratch, struct span program, struct span message, bool disabled,
                       struct rules_hit ret[static RULES_HITS_MAX]);

/*
 * Returns true if this one rule would match the message, whatever rules come before it; ignores prefilters and the
 * order of rules. interpret: match without JIT, which counts steps differently. For lint and tests.
 */
bool rules_would_match(struct rules_scratch *scratch, size_t index, struct span program, struct span message,
                       bool interpret);

/* Returns true if a rule of the set is for this program, enabled or not. */
bool rules_know(struct rules_scratch *scratch, struct span program);

/* Returns true if the rule's "program" includes this program. */
bool rules_means(const struct rules *rules, size_t index, struct span program);

/* Counters for status. */
struct rules_stat {
	uint64_t limits;        /* how often a regex reached a limit */
	uint64_t not_addresses; /* a rule matched a line, but the text for the address is none */
	uint64_t never;         /* a rule matched a line, but its address must never be blocked */
};
struct rules_stat rules_stat(const struct rules_scratch *scratch);

#endif
