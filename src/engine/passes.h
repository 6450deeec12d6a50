/*
 * passes: clients that need not wait at the gates, sent to the kernel and stored in the database.
 *
 * Private to the folder. Three kinds: what is allowed anyway (the allow list, allowances, pass_networks), which is sent
 * to the kernel again when it changes and before it expires; clients that delivered mail or logged in, for pass of
 * their gate; and those from which it is revoked, by a hit (its window closes), a block or a black vote (the pass goes
 * as well). Nothing is kept here of clients that wait. A client's further deliveries are not written before FRESH_S is
 * over: a pass lasts days. What cannot be stored is given again by the next delivery. Without gates everything here
 * does nothing. Errors: those of client.h and store.h. Aborts if memory cannot be allocated.
 */
#ifndef WFS_ENGINE_PASSES_H
#define WFS_ENGINE_PASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/nets.h"
#include "config/config.h"
#include "firewall/client.h"
#include "pipeline/allowlist.h"
#include "store/gates.h"
#include "store/store.h"

enum {
	PASSES_NEW_MAX = 512,    /* of each kind, until the end of a turn */
	PASSES_RECENT = 1 << 12, /* clients whose last delivery is remembered, about */
};

struct passes {
	const struct gates *gates; /* as root started; n 0: nothing is done. Borrowed */
	struct client *client;     /* borrowed */

	size_t n_earned, n_shut, n_revoked;
	size_t sent_earned, sent_revoked; /* the first of each that the kernel knows */
	struct store_pass earned[PASSES_NEW_MAX];
	struct net shut[PASSES_NEW_MAX], revoked[PASSES_NEW_MAX];
	struct {
		struct net net;
		int64_t until_s;
	} recent[PASSES_RECENT]; /* by hash */

	struct nets always; /* as it was sent to the kernel ... */
	int64_t always_s;   /* ... and when; 0: never */
	unsigned changes;   /* of the allow list by then */
	bool stale;         /* something else may have changed */
};

void passes_init(struct passes *passes, const struct gates *gates, struct client *client);
void passes_done(struct passes *passes);

/* A client delivered mail that was accepted, or logged in, at time_s. config: for how long that lets it pass. */
void passes_earn(struct passes *passes, const struct config *config, const struct net *client, int64_t time_s,
                 int64_t now_s);
/* A hit of a client counted: its window is over. revokes: so is its pass. */
void passes_lose(struct passes *passes, const struct net *client, bool revokes);
/* An allowance began or ended. */
void passes_changed(struct passes *passes);

/* Sends the kernel what is new; costs next to nothing when nothing is. */
int passes_send(struct passes *passes, int64_t now_s, struct why *why);

/* Is there something to be stored, that the kernel knows already? Stores it, in a transaction of its own. */
bool passes_have_news(const struct passes *passes);
int passes_write(struct passes *passes, struct store *store, int64_t now_s, struct why *why);

/*
 * What is allowed anyway: sends the kernel what has changed. Cheap when nothing has. 1: some are not any more, so
 * passes_load must send again which of them have earned a pass.
 */
int passes_refresh(struct passes *passes, const struct config *config, const struct allowlist *allowlist,
                   struct store *store, int64_t now_s, struct why *why);

/* At the start, and when the kernel may have forgotten everything: sends it all that the database knows. */
int passes_load(struct passes *passes, const struct config *config, struct store *store, int64_t now_s,
                struct why *why);

#endif
