/*
 * config: watchforspammers.conf as a struct; the one table of its keys.
 *
 * Knows base only. Every key is once in config_keys with its default as text; the same table reads the
 * file, fills in what is absent, proposes the nearest key for a wrong one, and lets a test prove that the
 * manual page is right. A file is accepted whole or not at all,
 * but for config_read_rest.
 */
#ifndef WFS_CONFIG_H
#define WFS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/gates.h"
#include "base/portlists.h"
#include "base/why.h"

enum {
	CONFIG_LOGS_MAX = 64,
	CONFIG_SOCKETS_MAX = 8,
	CONFIG_DURATIONS_MAX = 8,
	CONFIG_ALLOW_MAX = 4096,
	CONFIG_WORDS_MAX = 256, /* names, clients, files; each */
	CONFIG_JUMPS_MAX = 4,
	CONFIG_DIRS_MAX = 8,
	CONFIG_LISTS_MAX = 16,
	CONFIG_CODES_MAX = 8,
};

struct config_words {
	size_t n;
	char *list[CONFIG_WORDS_MAX];
};

/* A DNS list. */
struct config_list {
	char *zone;
	int score; /* of an address that is listed; 0: it is allowed */
	size_t n_codes;
	struct addr codes[CONFIG_CODES_MAX]; /* only these answers count; none: all that mean "listed" */
};

enum config_reading { CONFIG_AUTO, CONFIG_YES, CONFIG_NO };

enum config_action { CONFIG_DROP, CONFIG_REJECT, CONFIG_RESET, CONFIG_TARPIT };
/* Bits. */
enum config_hook { CONFIG_HOOK_INPUT = 1, CONFIG_HOOK_FORWARD = 2, CONFIG_HOOK_AUTO = 4 };
enum config_sessions { CONFIG_SESSIONS_DROP, CONFIG_SESSIONS_KEEP, CONFIG_SESSIONS_KILL };

struct config {
	size_t n_logs;
	char *logs[CONFIG_LOGS_MAX]; /* absolute paths, or patterns of them (input/globs.h) */
	bool names_logs;             /* else logs has the default alone, or nothing beside sockets */
	size_t n_sockets;
	char *sockets[CONFIG_SOCKETS_MAX]; /* absolute paths */

	struct {
		enum config_reading read;
		char *namespace, *machine, *directory; /* "": this machine's; at most one is not */
		bool reads;                            /* set by config_settle */
	} journal;

	struct {
		int64_t threshold;
		int64_t window_s;
		size_t n_for;
		int64_t for_s[CONFIG_DURATIONS_MAX]; /* of the 1st ... nth offence */
		int64_t memory_s;
		bool extend;
		int64_t ip6_prefix;            /* 48..128 */
		int64_t network_after;         /* 0: never */
		int64_t network_threshold;     /* 0: the scores of a network are not added up */
		int64_t account_addresses;     /* 0: no account is under attack */
		int64_t slow, slow_s;          /* failed logins within 1..; 0: slow guessers are not looked for */
		int64_t quarantine;            /* 0: never */
		int64_t max_blocks_per_minute; /* 0: as many as there are */
		struct config_words files;     /* absolute paths */
	} block;
	struct {
		bool private;        /* they are never blocked: then they are the first of nets */
		size_t n, n_private; /* of nets; of them private ones */
		struct net *nets;
		struct config_words names, clients, files; /* to be resolved; globs; absolute paths */
		struct config_words spf;                   /* domains whose SPF records name networks */
		int64_t earn_days;                         /* 0: no client is proven good */
		int64_t cluster_for_s;                     /* 0: clusters earn nothing */
	} allow;
	struct {
		size_t n;
		struct config_list lists[CONFIG_LISTS_MAX];
		int64_t allow_for_s;
		int64_t wait_s;       /* that a block waits for lists with "allow"; 0: none does */
		int64_t ptr;          /* the score of an address without a name, */
		int64_t ptr_mismatch; /* and of one whose names are not its own; 0 and 0: no query is made */
	} dns;
	struct {
		char *backend; /* a name in base/backends.h */
		bool manage_rules;
		char *chain, *list;
		unsigned hooks;     /* enum config_hook */
		size_t n_jump_from; /* 0: as hooks has it */
		char *jump_from[CONFIG_JUMPS_MAX];
		struct portlists ports;
		enum config_action action;
		enum config_sessions sessions; /* open ones, when their client is blocked */
		char *log_prefix;              /* "": no LOG rule */
		int64_t seconds;
		int64_t resync_s;
		bool keep_on_stop;
		int64_t connections;   /* new ones of one client within connections_s; more are a hostile hit. 0: not
		                          counted */
		int64_t connections_s; /* 1..3600 */
	} firewall;
	struct gates gates;
	struct {
		char *path;
		int64_t keep_s;
	} database;
	struct {
		char *socket;          /* "": none */
		char *group, *readers; /* names; "": none */
		struct addr tcp;       /* a loopback address */
		uint16_t tcp_port;     /* 0: no TCP */
		char *token_file;
	} control;
	struct {
		char *file;        /* "": none */
		char *file_format; /* a name in base/formats.h */
	} export;
	struct {
		char *peers;    /* the file of the hosts that blocks are shared with */
		char *group;    /* may hand over what they say; "": root and our own user only */
		char *good_key; /* the file of the key by which clients that are proven good are shared; "":
		                   they are not */
	} share;
	struct {
		char *user; /* "": the user that started it */
		size_t n_patterns;
		char *patterns[CONFIG_DIRS_MAX];
	} run;
};

/* For the test that compares with the manual page, and for "check". */
struct config_key {
	const char *section;
	const char *key;
	const char *value; /* the default, as written in a file */
};
size_t config_keys(const struct config_key **ret); /* how many; constant */

#define CONFIG_DEFAULT_PATH "/etc/watchforspammers/watchforspammers.conf"

/*
 * Reads path, and then the files of path.d (base/confdir.h): a key in a later file replaces an earlier one, what may be
 * repeated adds up, as do logs and sockets. An absent path means the defaults when may_be_absent. *ret is the caller's,
 * config_free. Errors: -EINVAL with "path:line: reason" and the nearest valid key, path being the file that has it;
 * -errno from reading.
 */
int config_read(const char *path, bool may_be_absent, struct config **ret, struct why *why);

/* Sets whether the journal is read: then there is no default log. Once. */
void config_settle(struct config *config, bool reads_journal);

/* True when no client is blocked: [firewall] backend = observe. */
bool config_observes(const struct config *config);

/*
 * The ports that the daemon closes to blocked clients, those of one list or (PORTLISTS_MAX) of any: "25,465,587",
 * "all", or "none" when rules of your own do it.
 */
void config_ports_text(const struct config *config, size_t list, char out[static PORTLISTS_TEXT_MAX]);

/* The same of files that the caller opened, in their order: fd is borrowed, -1 means that it is absent; path is the
 * name for messages. */
struct config_file {
	const char *path;
	int fd;
};
int config_read_files(const struct config_file files[], size_t n, struct config **ret, struct why *why);

/*
 * For callers that only need to find the daemon: of a file with errors what is good, and the defaults for the rest.
 * Returns as config_read, the first error in why; *ret is filled all the same.
 */
int config_read_rest(const char *path, bool may_be_absent, struct config **ret, struct why *why);

/* Accepts NULL. */
void config_free(struct config *config);

#endif
