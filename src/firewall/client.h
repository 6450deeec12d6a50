/*
 * client: the engine's end of the firewall.
 *
 * Sends what is to be held, and reads what is; doing a thing twice does no harm. Knows message.h and addr; neither the
 * database nor the backend. Blocking: each packet is one round trip of about 10 us (measured), and of more where root's
 * own work takes longer.
 * Errors: 0 or -errno with a sentence; -EPIPE: the root process is gone and the engine must end.
 */
#ifndef WFS_CLIENT_H
#define WFS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/lengths.h"
#include "base/why.h"

enum {
	CLIENT_PACKET = 256,     /* entries of one packet */
	CLIENT_FLOODS_MAX = 256, /* returned at once */
	CLIENT_LIST_MAX = 24,
	CLIENT_CHOSEN_MAX = 128,
	CLIENT_CHANGED_MAX = 256,
	CLIENT_WHO_MAX = 256,
};

/* What another program changed in the kernel. */
struct client_change {
	bool any; /* something was */
	bool all; /* everything may be missing, or be there unwanted; else n networks may, each in its list */
	size_t n;
	struct client_touched {
		struct net net;
		uint8_t list;
	} touched[CLIENT_CHANGED_MAX];
	char who[CLIENT_WHO_MAX]; /* printable, "nft (process 3264)"; "": not known */
};

struct client {
	int fd; /* borrowed */
	uint32_t number;
	/* From the last answer; zeros before the first. */
	uint32_t held4, held6, capacity;
	uint32_t tarpit_held;          /* connections in the tarpit */
	uint64_t tarpit_began;         /* and since the start */
	bool watched;                  /* root reports what others change */
	struct lengths lengths;        /* of networks that can be held as they are */
	char list[CLIENT_LIST_MAX];    /* the list of addresses; with a length behind it: of such networks. "": there is
	                                  none */
	char backend[CLIENT_LIST_MAX]; /* its name; "": not known yet */
	char chosen[CLIENT_CHOSEN_MAX]; /* why that one; "": it was configured */
	struct client_change change;    /* reported and not yet taken */
};

/* One address or network of the kernel's lists. */
struct client_entry {
	struct net net;
	uint8_t list;     /* which of them: what ports are closed */
	uint32_t left_s;  /* add: to block; 1 to ten years, more or less is bounded */
	uint32_t held_s;  /* out, of list: until the kernel forgets it by itself, UINT32_MAX: never */
	uint32_t idle_s;  /* out, of list and look: since a packet of it was dropped or it was added; UINT32_MAX: not
	                     known */
	uint32_t dropped; /* out, likewise: packets of it since it was last listed or looked at, as far as root knows */
	uint64_t bytes;   /* out, likewise: of these packets; 0: nobody counts them */
	bool refused;     /* out, of add */
};

void client_init(struct client *client, int fd);

/* Rules and lists are made where they are missing (*ret_repaired), large enough for so many; lists may be emptied for
 * that. */
int client_prepare(struct client *client, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why);

/* A packet of what is held. *cursor: 0 first; 0 afterwards: that was all. */
int client_list(struct client *client, uint32_t *cursor, struct client_entry out[static CLIENT_PACKET], size_t *ret_n,
                struct why *why);

/* The same, but only of what dropped packets since it was last read; where "watched" is. */
int client_dropped(struct client *client, uint32_t *cursor, struct client_entry out[static CLIENT_PACKET],
                   size_t *ret_n, struct why *why);

/* Fills in idle_s, dropped and bytes of these, CLIENT_PACKET at most. */
int client_look(struct client *client, struct client_entry *entries, size_t n, struct why *why);

/*
 * Adds, or restarts the time. *ret_refused may count some, which are marked: why is then about the first. -ENOSPC:
 * client_prepare makes capacity.
 */
int client_add(struct client *client, struct client_entry *entries, size_t n, size_t *ret_refused, struct why *why);

/* What is absent is no error. */
int client_del(struct client *client, const struct client_entry *entries, size_t n, struct why *why);

/*
 * Takes what was reported until now of other people's changes; never waits. True: something was, and *ret has it.
 * readable: the descriptor is; else only what came in other calls is taken.
 */
bool client_changed(struct client *client, bool readable, struct client_change *ret);

/* The kernel holds what is wanted: what a daemon with another backend left in it is removed, the first time. */
int client_settled(struct client *client, struct why *why);

/* Asks for the fields of every answer. */
int client_limits(struct client *client, struct why *why);

/*
 * Ends the open connections of entries (net, list) to the ports of their list; n 0: only whether that can be done.
 * *ret_ended: how many. Errors: -EOPNOTSUPP: the kernel cannot.
 */
int client_kill(struct client *client, const struct client_entry *entries, size_t n, uint32_t *ret_ended,
                struct why *why);

/* Does DNAT lead clients of our ports past the hooks? *ret_port: one of them, 0: no. Errors: where that cannot be
 * known. */
int client_published(struct client *client, uint16_t *ret_port, struct why *why);

/* Addresses that opened too many connections, by the kernel's count, since the last call; *ret_n: how many. */
int client_floods(struct client *client, struct addr out[static CLIENT_FLOODS_MAX], size_t *ret_n, struct why *why);

/*
 * The gates (base/gates.h) are as configured when root started; closes: and closed from now on, for their open_after.
 * *ret_repaired: they were recreated, so that passes must be sent again.
 */
int client_gates(struct client *client, bool closes, bool *ret_repaired, struct why *why);

/* A network that need not wait at the gates. */
struct client_pass {
	struct net net;  /* IPv4 and IPv6 at least /1; others are left out */
	uint32_t left_s; /* bounded, as of client_add */
};

/* Adds, or starts the time again. */
int client_pass(struct client *client, const struct client_pass *passes, size_t n, struct why *why);
int client_unpass(struct client *client, const struct net *nets, size_t n, struct why *why);
/* These clients begin again at the gates. */
int client_forget(struct client *client, const struct net *nets, size_t n, struct why *why);

struct message_gate; /* firewall/message.h */
/* A part of what a gate counted. *cursor: 0 first; 0 afterwards: *ret is complete. */
int client_count(struct client *client, size_t gate, uint32_t *cursor, struct message_gate *ret, struct why *why);

/*
 * A file of the configuration, which may be for root alone, open for reading: *ret_fd is the caller's. number: 0 the
 * main one, from 1 on those of its directory (base/confdir.h). Errors: as of open(2), -ENOENT being an absent main
 * file, or a number above the last; -ESTALE one that was just removed.
 */
int client_config(struct client *client, uint32_t number, int *ret_fd, struct why *why);

#endif
