/*
 * client: the engine's end of the firewall.
 *
 * Keeps the kernel's lists equal to what is wanted: wanted against actual, never a queue of events, so
 * doing a thing twice does no harm and a lost answer costs nothing. Knows message.h and addr; neither the
 * database nor the backend. Blocking: each call is one or more round trips of about 10 us (measured).
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
	CLIENT_FLOODS_MAX = 256, /* returned at once */
	CLIENT_LIST_MAX = 24,
	CLIENT_CHOSEN_MAX = 128,
	CLIENT_CHANGED_MAX = 256,
	CLIENT_WHO_MAX = 256,
};

/* What somebody else changed in the kernel. */
struct client_change {
	bool any;      /* something was */
	bool all;      /* everything may be missing, or be there unwanted; else n networks may */
	size_t n;
	struct net nets[CLIENT_CHANGED_MAX];
	char who[CLIENT_WHO_MAX]; /* printable, "nft (process 3264)"; "": not known */
};

struct client {
	int fd;              /* borrowed */
	uint32_t number;
	/* From the last answer; zeros before the first. */
	uint32_t held4, held6, capacity;
	bool watched;                /* root reports what others change */
	struct lengths lengths;      /* of networks that can be held as they are */
	char list[CLIENT_LIST_MAX];  /* the list of addresses; with a length behind it: of such networks. "": there is none */
	char backend[CLIENT_LIST_MAX];  /* its name; "": not known yet */
	char chosen[CLIENT_CHOSEN_MAX]; /* why that one; "": it was configured */
	struct client_change change; /* reported and not yet taken */
};

/* One address or network that is wanted in the kernel. */
struct client_entry {
	struct net net;
	uint32_t left_s;  /* to block, at least 1 */
	uint32_t held_s;  /* out: until the kernel forgets it by itself, UINT32_MAX: never; 0: was not there */
	uint32_t idle_s;  /* out: since a packet of it was dropped or it was added; UINT32_MAX: was not there */
	uint32_t dropped; /* out: packets of it since the sync before, as far as root knows */
	bool added;       /* out: written by this call, so idle_s starts again */
};

/* What a sync found and did. */
struct client_drift {
	size_t missing; /* wanted, were not there */
	size_t extra;   /* there, not wanted */
	size_t refused; /* wanted, root would not or could not: never-block list, full list */
	struct why refusal; /* why the first of them */
	bool repaired;  /* rule or list had vanished */
};

void client_init(struct client *client, int fd);

/*
 * Makes the kernel equal to wanted: prepare, list, remove what is extra, add what is missing and refresh
 * what the kernel would forget within refresh_s, though it is wanted for longer (the others are left alone, so that idle_s
 * shows when a packet was dropped). wanted: n entries; sorted in place by address.
 */
int client_sync(struct client *client, struct client_entry *wanted, size_t n, uint32_t refresh_s,
                struct client_drift *ret, struct why *why);

/*
 * The fast way for what one commit changed. *ret_refused may count some: why is then about the first. -ENOSPC means: sync,
 * which makes capacity.
 */
int client_add(struct client *client, const struct client_entry *entries, size_t n, size_t *ret_refused,
               struct why *why);
int client_del(struct client *client, const struct client_entry *entries, size_t n, struct why *why);

/*
 * Takes what was reported until now of other people's changes; never waits. True: something was, and *ret has it. readable:
 * the descriptor is; else only what came in other calls is taken.
 */
bool client_changed(struct client *client, bool readable, struct client_change *ret);

/* The kernel holds what is wanted: what a daemon with another backend left in it is removed, the first time. */
int client_settled(struct client *client, struct why *why);

/* Asks for the fields of every answer. */
int client_limits(struct client *client, struct why *why);

/*
 * Ends the open connections of nets to our ports; n 0: only whether that can be done. *ret_ended: how many. Errors: -EOPNOTSUPP:
 * the kernel cannot.
 */
int client_kill(struct client *client, const struct net *nets, size_t n, uint32_t *ret_ended, struct why *why);

/* Does DNAT lead clients of our ports past the hooks? *ret_port: one of them, 0: no. Errors: where that cannot be known. */
int client_published(struct client *client, uint16_t *ret_port, struct why *why);

/* Addresses that opened too many connections, by the kernel's count, since the last call; *ret_n: how many. */
int client_floods(struct client *client, struct addr out[static CLIENT_FLOODS_MAX], size_t *ret_n, struct why *why);

/*
 * The configuration's file, which may be for root alone, open for reading: *ret_fd is the caller's.
 * Errors: as of open(2), -ENOENT being an absent file.
 */
int client_config(struct client *client, int *ret_fd, struct why *why);

#endif
