/*
 * config: reads watchforspammers.conf into a struct.
 *
 * Knows base only. Every key is once in one table, with its default as text. The same table is used to read the file,
 * to fill in missing keys, to suggest the nearest key for a wrong one, and to test that the manual page is right. A
 * file is accepted as a whole or not at all; only config_read_rest is lenient.
 */
#ifndef WFS_CONFIG_CONFIG_H
#define WFS_CONFIG_CONFIG_H

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
	CONFIG_WORDS_MAX = 256, /* per list: names, clients, files */
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
	int score; /* added for a listed address; 0: a listed address is allowed */
	size_t n_codes;
	struct addr codes[CONFIG_CODES_MAX]; /* only these answers count; none: all that mean "listed" */
};

enum config_reading { CONFIG_AUTO, CONFIG_YES, CONFIG_NO };

enum config_action { CONFIG_DROP, CONFIG_REJECT, CONFIG_RESET, CONFIG_TARPIT };
/* Flags. */
enum config_hook { CONFIG_HOOK_INPUT = 1, CONFIG_HOOK_FORWARD = 2, CONFIG_HOOK_AUTO = 4 };
enum config_sessions { CONFIG_SESSIONS_DROP, CONFIG_SESSIONS_KEEP, CONFIG_SESSIONS_KILL };

struct config {
	size_t n_logs;
	char *logs[CONFIG_LOGS_MAX]; /* absolute paths, or glob patterns of them (input/globs.h) */
	bool names_logs;             /* false: logs has only the default, or nothing because there are sockets */
	size_t n_sockets;
	char *sockets[CONFIG_SOCKETS_MAX]; /* absolute paths */

	struct {
		enum config_reading read;
		char *namespace, *machine, *directory; /* "": this machine's; at most one is set */
		bool reads;                            /* the journal is read; set by config_settle */
	} journal;

	struct {
		int64_t threshold;
		int64_t window_s;
		size_t n_for;
		int64_t for_s[CONFIG_DURATIONS_MAX]; /* for the 1st ... nth offence */
		int64_t memory_s;
		bool extend;
		int64_t ip6_prefix;        /* 48..128 */
		int64_t network_after;     /* 0: networks are not blocked for this reason */
		int64_t network_threshold; /* 0: the scores of a network are not added up */
		int64_t account_addresses; /* 0: attacks on accounts are not detected */
		/* Number of failed logins, and within how many seconds; 0: slow guessers are not detected. */
		int64_t slow, slow_s;
		int64_t quarantine;            /* 0: rules are not suspended */
		int64_t max_blocks_per_minute; /* 0: no limit */
		struct config_words files;     /* absolute paths */
	} block;
	struct {
		bool private;        /* private networks are never blocked; they are then the first of nets */
		size_t n, n_private; /* number of nets; number of private ones among them */
		struct net *nets;
		struct config_words names, clients, files; /* host names to resolve; globs; absolute paths */
		struct config_words spf;                   /* domains whose SPF records list networks to allow */
		int64_t earn_days;                         /* 0: no client becomes proven good */
		int64_t cluster_for_s;                     /* 0: greylist clusters earn nothing */
	} allow;
	struct {
		size_t n;
		struct config_list lists[CONFIG_LISTS_MAX];
		int64_t allow_for_s;
		int64_t wait_s;       /* how long a block waits for lists with "allow"; 0: it does not wait */
		int64_t ptr;          /* the score of an address without a name */
		int64_t ptr_mismatch; /* of one whose names do not resolve to it; if both are 0, no query is made */
	} dns;
	struct {
		char *backend; /* a name in base/backends.h */
		bool manage_rules;
		char *chain, *list;
		unsigned hooks;     /* flags of enum config_hook */
		size_t n_jump_from; /* 0: the chains that follow from hooks */
		char *jump_from[CONFIG_JUMPS_MAX];
		struct portlists ports;
		enum config_action action;
		enum config_sessions sessions; /* what happens to open connections of a client that is blocked */
		char *log_prefix;              /* "": no LOG rule */
		int64_t seconds;
		int64_t resync_s;
		bool keep_on_stop;
		/* New ones per client within connections_s; more count as a hostile hit. 0: not counted. */
		int64_t connections;
		int64_t connections_s; /* 1..3600 */
	} firewall;
	struct gates gates;
	struct {
		char *path;
		int64_t keep_s;
	} database;
	struct {
		char *socket;          /* "": no socket */
		char *group, *readers; /* names; "": no group */
		struct addr tcp;       /* a loopback address */
		uint16_t tcp_port;     /* 0: no TCP */
		char *token_file;
	} control;
	struct {
		char *file;        /* "": no file is written */
		char *file_format; /* a name in base/formats.h */
	} export;
	struct {
		char *peers; /* the file that lists the hosts to share blocks with */
		char *group; /* may deliver what peers say; "": root and our own user only */
		/* The file of the key for sharing which clients are proven good; "": they are not shared. */
		char *good_key;
	} share;
	struct {
		char *user; /* "": the user that started the daemon */
		size_t n_patterns;
		char *patterns[CONFIG_DIRS_MAX];
	} run;
};

/* One key with its default; for the test that compares with the manual page, and for "check". */
struct config_key {
	const char *section;
	const char *key;
	const char *value; /* the default, as it would be written in a file */
};
/* Sets *ret to the constant table of all keys; returns how many there are. */
size_t config_keys(const struct config_key **ret);

#define CONFIG_DEFAULT_PATH "/etc/watchforspammers/watchforspammers.conf"

/*
 * Reads path, and then the files in path.d (base/confdir.h). A key in a later file replaces an earlier one; repeatable
 * keys, logs and sockets add up. If path does not exist and may_be_absent is true, everything has its default. The
 * caller frees *ret with config_free. Errors: -EINVAL with "path:line: reason" and the nearest valid key, where path is
 * the file with the error; -errno from reading.
 */
int config_read(const char *path, bool may_be_absent, struct config **ret, struct why *why);

/* Records whether the journal is read; if it is, removes the default log. Call it once. */
void config_settle(struct config *config, bool reads_journal);

/* Returns true if no client is blocked: [firewall] backend = observe. */
bool config_observes(const struct config *config);

/*
 * Writes the ports that the daemon closes to blocked clients: those of one list, or of any if list is PORTLISTS_MAX.
 * Writes "25,465,587", "all", or "none" if the daemon manages no rules.
 */
void config_ports_text(const struct config *config, size_t list, char out[static PORTLISTS_TEXT_MAX]);

/*
 * A configuration file that the caller opened. fd is borrowed; -1 means that the file does not exist. path is for
 * messages.
 */
struct config_file {
	const char *path;
	int fd;
};
int config_read_files(const struct config_file files[], size_t n, struct config **ret, struct why *why);

/*
 * Like config_read, for callers that only need to find the daemon: skips what is wrong and uses defaults for the rest.
 * Returns the result of config_read, with the first error in why; *ret is always set.
 */
int config_read_rest(const char *path, bool may_be_absent, struct config **ret, struct why *why);

/* Frees config; accepts NULL. */
void config_free(struct config *config);

#endif
