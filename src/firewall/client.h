/*
 * client: the engine's connection to the root process.
 *
 * It sends what the kernel is to hold, and reads what it holds; doing something twice does no harm. Knows message.h
 * and addr, but neither the database nor the backend. Calls block: each packet is one round trip of about 10 us
 * (measured), plus the time of root's own work. Errors: 0 or -errno with a sentence; -EPIPE if the root process is
 * gone, after which the engine must end.
 */
#ifndef WFS_FIREWALL_CLIENT_H
#define WFS_FIREWALL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/lengths.h"
#include "base/why.h"

enum {
	CLIENT_PACKET = 256,     /* entries per packet */
	CLIENT_FLOODS_MAX = 256, /* addresses returned by one call */
	CLIENT_LIST_MAX = 24,
	CLIENT_CHOSEN_MAX = 128,
	CLIENT_CHANGED_MAX = 256,
	CLIENT_WHO_MAX = 256,
};

/* What another program changed in the kernel. */
struct client_change {
	bool any; /* something was changed */
	bool all; /* anything may be missing or unwanted; otherwise only the n networks in touched */
	size_t n;
	struct client_touched {
		struct net net;
		uint8_t list;
	} touched[CLIENT_CHANGED_MAX];
	char who[CLIENT_WHO_MAX]; /* printable, "nft (process 3264)"; "": unknown */
};

struct client {
	int fd; /* borrowed */
	uint32_t number;
	uint32_t adding; /* entries that client_add_begin sent; 0: nothing waits for client_add_end */
	/* From the last answer; zero before the first. */
	uint32_t held4, held6, capacity;
	uint32_t tarpit_held;   /* connections in the tarpit now */
	uint64_t tarpit_began;  /* connections held by the tarpit since the start */
	bool watched;           /* root reports what other programs change */
	struct lengths lengths; /* lengths of networks that can be held as they are */
	/* name of the list of addresses; networks are in a list of this name with their length appended. "": none */
	char list[CLIENT_LIST_MAX];
	char backend[CLIENT_LIST_MAX];  /* the backend's name; "": not yet known */
	char chosen[CLIENT_CHOSEN_MAX]; /* why that backend was chosen; "": it was configured */
	struct client_change change;    /* reported, but not yet fetched with client_changed */
};

/* An address or network in the kernel's lists. */
struct client_entry {
	struct net net;
	uint8_t list;    /* number of the list, which determines the closed ports */
	uint32_t left_s; /* add: seconds to block; clamped to 1 s .. 10 years */
	uint32_t held_s; /* from list: seconds until the kernel drops the entry by itself, UINT32_MAX: never */
	/* from list, look: seconds since its last dropped packet, or since it was added; UINT32_MAX: unknown */
	uint32_t idle_s;
	/* from list, look: packets dropped since it was last listed or looked up, as far as root knows */
	uint32_t dropped;
	uint64_t bytes; /* from list, look: bytes of these packets; 0 if nobody counts them */
	bool refused;   /* from add */
};

void client_init(struct client *client, int fd);

/*
 * Creates missing rules and lists, with room for n4 and n6 entries; this may empty the lists. *ret_repaired:
 * something was missing.
 */
int client_prepare(struct client *client, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why);

/* Lists what is held, one packet per call. *cursor: pass 0 first; if it is 0 afterwards, that was all. */
int client_list(struct client *client, uint32_t *cursor, struct client_entry out[static CLIENT_PACKET], size_t *ret_n,
                struct why *why);

/* Like client_list, but only entries that dropped packets since they were last read. Only if watched is set. */
int client_dropped(struct client *client, uint32_t *cursor, struct client_entry out[static CLIENT_PACKET],
                   size_t *ret_n, struct why *why);

/* Fills in idle_s, dropped and bytes of these entries, at most CLIENT_PACKET. */
int client_look(struct client *client, struct client_entry *entries, size_t n, struct why *why);

/*
 * Adds entries, at most CLIENT_PACKET, or restarts their time. In two parts, so that root works while the caller does
 * something else in between, which must not be another call about this client: after client_add_begin returned 0, call
 * client_add_end with the same entries. *ret_refused: how many were refused; they are marked, and why is about one of
 * them. -ENOSPC, of client_add_end: client_prepare makes room.
 */
int client_add_begin(struct client *client, struct client_entry *entries, size_t n, struct why *why);
int client_add_end(struct client *client, struct client_entry *entries, size_t n, size_t *ret_refused, struct why *why);

/* Removes entries; an absent one is no error. */
int client_del(struct client *client, const struct client_entry *entries, size_t n, struct why *why);

/*
 * Fetches what other programs were reported to have changed so far; never waits. Returns false if there is nothing.
 * readable: the descriptor is readable; otherwise only reports that arrived during other calls are returned.
 */
bool client_changed(struct client *client, bool readable, struct client_change *ret);

/*
 * Notifies root that the kernel holds what is wanted. The first time, root removes what a daemon with another backend
 * left.
 */
int client_settled(struct client *client, struct why *why);

/* Refreshes the fields that every answer has. */
int client_limits(struct client *client, struct why *why);

/*
 * Ends the open connections of entries (net, list) to the ports of their list. n 0: only tests whether that works.
 * *ret_ended: how many were ended. Errors: -EOPNOTSUPP if the kernel cannot do it.
 */
int client_kill(struct client *client, const struct client_entry *entries, size_t n, uint32_t *ret_ended,
                struct why *why);

/*
 * Looks for DNAT that sends clients of our ports past the hooks. *ret_port: one such port; 0 if there is none.
 * Errors: if that cannot be known.
 */
int client_published(struct client *client, uint16_t *ret_port, struct why *why);

/*
 * Returns the addresses that the kernel counted as opening too many connections since the last call. *ret_n: how
 * many.
 */
int client_floods(struct client *client, struct addr out[static CLIENT_FLOODS_MAX], size_t *ret_n, struct why *why);

/*
 * Keeps the gates (base/gates.h) as they were configured when root started. closes: closes them from now on, for
 * their open_after. *ret_repaired: they were recreated, so the passes must be sent again.
 */
int client_gates(struct client *client, bool closes, bool *ret_repaired, struct why *why);

/* A network that need not wait at the gates. */
struct client_pass {
	struct net net;  /* length at least 1 bit; other networks are skipped */
	uint32_t left_s; /* clamped as in client_add_begin */
};

/* Adds passes, or restarts their time. */
int client_pass(struct client *client, const struct client_pass *passes, size_t n, struct why *why);
int client_unpass(struct client *client, const struct net *nets, size_t n, struct why *why);
/* Makes these clients start over at the gates. */
int client_forget(struct client *client, const struct net *nets, size_t n, struct why *why);

struct message_gate; /* firewall/message.h */
/* Reads part of what a gate counted. *cursor: pass 0 first; if it is 0 afterwards, *ret is complete. */
int client_count(struct client *client, size_t gate, uint32_t *cursor, struct message_gate *ret, struct why *why);

/*
 * Opens a configuration file for reading, also one that only root may read. *ret_fd: the caller closes it. number: 0
 * is the main file, 1 and up those of its directory (base/confdir.h). Errors: as open(2); -ENOENT if there is no main
 * file or number is above the last; -ESTALE if the file was just removed.
 */
int client_config(struct client *client, uint32_t number, int *ret_fd, struct why *why);

#endif
