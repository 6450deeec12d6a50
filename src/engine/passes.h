/*
 * passes: the clients that need not wait at the gates. Sends them to the kernel and stores them in the database.
 *
 * Private to the folder. There are three kinds of changes. What is always allowed (the allow list, allowances,
 * pass_networks) is sent to the kernel again when it changes and before it expires there. Clients that delivered mail
 * or logged in earn a pass for the time of their gate's pass. Clients that cause a hit lose their window; a block or a
 * black vote revokes their pass as well. Waiting clients are not tracked here. After a delivery, further ones of the
 * same client are not written for an hour, or an eighth of a pass if that is less. If a pass cannot be stored, the next
 * delivery earns it again. Does nothing if there are no gates. Errors: those of client.h and store.h. Aborts if memory
 * cannot be allocated.
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
	PASSES_NEW_MAX = 512,    /* of each kind, within one turn */
	PASSES_RECENT = 1 << 12, /* clients whose last delivery is remembered, approximately */
};

struct passes {
	const struct gates *gates; /* as root started with; if n is 0, nothing is done. Borrowed */
	struct client *client;     /* borrowed */

	size_t n_earned, n_shut, n_revoked;
	size_t sent_earned, sent_revoked; /* the first of each, which the kernel knows already */
	struct store_pass earned[PASSES_NEW_MAX];
	struct net shut[PASSES_NEW_MAX], revoked[PASSES_NEW_MAX];
	struct {
		struct net net;
		int64_t until_s;
	} recent[PASSES_RECENT]; /* indexed by hash */

	struct nets always; /* as last sent to the kernel ... */
	int64_t always_s;   /* ... and when everything was sent; 0: never */
	unsigned changes;   /* allowlist_changes at that time */
	bool stale;         /* allowances may have changed */
};

void passes_init(struct passes *passes, const struct gates *gates, struct client *client);
void passes_done(struct passes *passes);

/* A client delivered accepted mail, or logged in, at time_s. config: how long that lets it pass. */
void passes_earn(struct passes *passes, const struct config *config, const struct net *client, int64_t time_s,
                 int64_t now_s);
/* A hit of a client counted: its window closes. revokes: it loses its pass as well. */
void passes_lose(struct passes *passes, const struct net *client, bool revokes);
/* An allowance began or ended. */
void passes_changed(struct passes *passes);

/* Sends changes to the kernel. Costs next to nothing if there are none. */
int passes_send(struct passes *passes, int64_t now_s, struct why *why);

/*
 * passes_have_news returns true if changes that the kernel knows are not stored yet; passes_write stores them in a
 * transaction of its own.
 */
bool passes_have_news(const struct passes *passes);
int passes_write(struct passes *passes, struct store *store, int64_t now_s, struct why *why);

/*
 * Sends changes of what is always allowed to the kernel. Cheap if there are none. Returns 1 if some networks are no
 * longer allowed: call passes_load, which sends those of their clients again that have earned a pass.
 */
int passes_refresh(struct passes *passes, const struct config *config, const struct allowlist *allowlist,
                   struct store *store, int64_t now_s, struct why *why);

/* Sends everything in the database to the kernel: at start, and when the kernel may have forgotten it. */
int passes_load(struct passes *passes, const struct config *config, struct store *store, int64_t now_s,
                struct why *why);

#endif
