/*
 * banlist: a list of addresses and networks to import, and what the words of other programs' lists mean.
 *
 * Pure. Limits: BANLIST_MAX entries. Errors: -E2BIG if there are too many, -EINVAL if the end of one is no time.
 */
#ifndef WFS_IMPORT_BANLIST_H
#define WFS_IMPORT_BANLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"

enum {
	BANLIST_MAX = 1000000,
	BANLIST_REASON_MAX = 100,
	BANLIST_OVER = -1,    /* as left_s: it has expired */
	BANLIST_NO_TIME = -2, /* as left_s: it has an end that cannot be read */
};

struct banlist_entry {
	struct net net;
	int64_t left_s;                  /* in a list > 0, or 0: unknown */
	char reason[BANLIST_REASON_MAX]; /* escaped; "": none */
};

struct banlist {
	size_t n, cap;
	struct banlist_entry *list;
};

/* The names of members and columns, in the order in which they count; NULL-ended. */
extern const char *const banlist_address_names[], *const banlist_left_names[], *const banlist_until_names[],
										       *const banlist_reason_names[];

void banlist_add(struct banlist *list, const struct banlist_entry *entry);
void banlist_done(struct banlist *list);

/*
 * Adds the entry with each network that the word means: an address, a network, a range (FIRST-LAST), each of them with
 * CrowdSec's scope in front or not. Adds nothing if the word means none, or if the entry is over. entry->net is not
 * used.
 */
int banlist_add_word(struct banlist *list, struct span word, const struct banlist_entry *entry, struct why *why);

/* Returns the length of CrowdSec's scope at the beginning of the word ("Ip:"), or 0. */
size_t banlist_scope_len(struct span word);

/* Removes 127.0.0.0/8 and ::1: DNS blocklists contain them as test entries (RFC 5782, 5) and as answers. */
void banlist_drop_loopback(struct banlist *list);

void banlist_set_reason(struct banlist_entry *entry, struct span reason);

/* Reads "3h59m12.5s", "59m30s100ms" or "600" into whole seconds. Returns false if it is something else. */
bool banlist_time(struct span word, int64_t *ret_s);

/* Return the time left. time: as above, or negative if it is over, 0 if it is something else; or the end, a date. */
int64_t banlist_left(struct span time);
int64_t banlist_left_until(struct span time, int64_t now_s);

#endif
