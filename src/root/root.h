/*
 * root: the process that keeps its privilege, and all it does.
 *
 * Receives small packets, checks them, lets the backend act, answers. It reads no config text, no
 * rule, no log line, no database: what it must know of the configuration comes as the plain struct
 * below, filled before the engine exists; the file itself, which may be for root alone, it opens when asked and
 * hands to the engine unread. It forwards SIGTERM, SIGINT, SIGHUP and SIGUSR1 to the engine
 * and ends when the engine ended or closed its end of the pair.
 * Stop: when the engine ends with status 0 the chain, the jump and the lists are removed unless keep_on_stop;
 * when it dies otherwise they stay, for the next start to go on with; the rules' seconds bound how long. Of a start
 * that failed (the engine ended before it asked for the kernel) what was made for it goes. One root process has a chain
 * and its lists at a time: claim.h.
 */
#ifndef WFS_ROOT_ROOT_H
#define WFS_ROOT_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/gates.h"
#include "base/portlists.h"
#include "base/why.h"

enum {
	ROOT_JUMPS_MAX = 4,        /* chains that packets come from */
	ROOT_NEVER_MAX = 256,      /* allowed networks copied into the root process */
	ROOT_NAME_MAX = 24,        /* chain and list names: chain labels hold 31 bytes, shards add "_x_xx" */
	ROOT_PREFIX_MAX = 29,      /* iptables LOG prefix, xt_LOG.h */
	ROOT_ADDS_PER_S = 1000000, /* more ADD entries a second than this are refused: a runaway engine; a start feeds
	                              as many as there are */
};

enum root_action {
	ROOT_DROP,
	ROOT_REJECT,
	ROOT_RESET,
	ROOT_TARPIT, /* of nftables; what cannot be led there is dropped */
};

/* Where packets are dropped; bits. AUTO: INPUT, and FORWARD where there are containers. */
enum root_hook { ROOT_HOOK_INPUT = 1, ROOT_HOOK_FORWARD = 2, ROOT_HOOK_AUTO = 4 };

enum root_sessions { ROOT_DROPPED, ROOT_KEPT }; /* connections that are open when their client is blocked */

struct root_config {
	char backend[ROOT_NAME_MAX]; /* "recent", backend.h; or "auto", automatic.h */
	bool manage_rules;           /* false: feed lists that the administrator's rules use */
	bool keep_on_stop;
	char chain[ROOT_NAME_MAX];                     /* "SPAMMER" */
	unsigned hooks;                                /* enum root_hook */
	size_t n_jump_from;                            /* 0: as hooks has it */
	char jump_from[ROOT_JUMPS_MAX][ROOT_NAME_MAX]; /* "INPUT"; of recent */
	char table[ROOT_NAME_MAX]; /* where the rules are not ours: of family inet, with the sets; "": none, of recent
	                            */
	char list[ROOT_NAME_MAX];  /* "spammer"; the names of all lists: recent_rules.h */
	uint8_t ip6_prefix;        /* 48..127: the length of IPv6 networks that clients count as; else none */
	bool networks;             /* wider networks are blocked, too: IPv4 /24 and IPv6 /48 */
	enum root_action action;
	uint16_t tarpit_port; /* where the tarpit listens; 0: there is none */
	int tarpit_fd;        /* with a port: its end of a pair, struct message_tarpit comes from there; borrowed */
	enum root_sessions sessions;
	char log_prefix[ROOT_PREFIX_MAX]; /* "": no LOG rule */
	uint32_t seconds;                 /* of the recent rule; at least 2 */
	uint32_t connections;   /* new ones of a client within connections_s; more are listed. 0: no such rule */
	uint32_t connections_s; /* 1..3600 */
	size_t n_ports;         /* of list 0; 0: every port and protocol */
	uint16_t ports[PORTLISTS_PORTS_MAX];
	size_t n_more; /* further lists: 1 ... n_more */
	struct root_list {
		char name[ROOT_NAME_MAX]; /* behind chain and list, with a "_": "SPAMMER_auth" */
		size_t n_ports;
		uint16_t ports[PORTLISTS_PORTS_MAX];
	} more[PORTLISTS_MAX - 1];
	struct gates gates; /* n 0: none; only for nftables and observe */
	size_t n_never;
	const char *path;                 /* of the configuration's file, borrowed; NULL: it is never requested */
	struct net never[ROOT_NEVER_MAX]; /* fixed part of the allow list: root's copy has the last word */
};

/*
 * Makes the kernel ready, before the engine is started, so that what is missing is reported and exits 3.
 * Errors: a sentence with the remedy: no legacy xtables, no xt_recent, no CAP_NET_ADMIN; -EALREADY: another root
 * process has the chain or the list.
 */
struct root;
int root_open(const struct root_config *config, struct root **ret, struct why *why);

/*
 * Serves the engine until it ends; returns the exit status for the process: the engine's own, or 3 when
 * it was killed. A packet that is no request kills it: it is broken or taken over by an attacker.
 * fd: root's end of the pair, borrowed. engine: the child's pid, not yet waited for. The signals named above
 * and SIGCHLD are blocked here; a caller that calls root_block_signals before the fork loses none. The child unblocks
 * them.
 */
void root_block_signals(void);
int root_serve(struct root *root, int fd, pid_t engine);

/*
 * Answers one request in place; root_serve's middle, and what tests drive. m: message_is_request is true.
 * now_s: any clock that goes forward, for ROOT_ADDS_PER_S. Returns a descriptor that goes along with the answer, the
 * caller's; -1: none.
 */
struct message;
int root_answer(struct root *root, struct message *m, int64_t now_s);

/*
 * Undoes root_open. remove: the engine ended with status 0, so rules and lists go, unless keep_on_stop; what root_open
 * made goes anyway when nothing was asked for but the configuration. Where the rules are not ours the lists are emptied
 * instead. NULL is allowed.
 */
void root_close(struct root *root, bool remove);

/*
 * Removes what a root process left that was killed. *ret_removed: something was there.
 * Errors: as of root_open, -EALREADY: one is at work.
 */
int root_clean(const struct root_config *config, bool *ret_removed, struct why *why);

#endif
