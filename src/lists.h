/*
 * lists: DNS lists of addresses, asked about who has just done something hostile.
 *
 * A subject (an address, or the network it stands for) is asked about once in a window, in every list at once; what a list
 * says comes later, by lists_next. No line waits for it, and no block either.
 * Believed is an answer in 127.0.0.0/8; not the words for "you may not ask" (127.255.255.0/24, 127.0.0.255, 127.0.0.1),
 * and nothing where another address stands beside it. No answer, and a server in trouble, mean "not listed".
 * A list that has 127.0.0.1 in it has everybody in it: its zone is dead, or somebody answers in its place. That is asked at
 * the start and then every LISTS_CHECK_MS, or LISTS_RETRY_MS while it lists somebody; it is believed while it is known not
 * to be so.
 * Limits: LISTS_OPEN_MAX addresses are asked about at a time; one too many is asked about with its next evidence. LISTS_KNOWN_MAX
 * subjects are remembered as asked about; of more, the oldest may be asked about again within the window.
 * Knows config, resolver and base. Time: now_s Unix seconds; now_ms of any clock that does not go back.
 * Source: RFC 5782 2.1, 2.4, 5; https://www.spamhaus.org/faqs/dnsbl-usage/ and https://www.dnswl.org/?page_id=15 for
 * what they answer to whom they do not want.
 */
#ifndef WFS_LISTS_H
#define WFS_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "config.h"

enum {
	LISTS_OPEN_MAX = 256,
	LISTS_KNOWN_MAX = 1 << 14,
	LISTS_CHECK_MS = 3600 * 1000,
	LISTS_RETRY_MS = 60 * 1000, /* also after a check without an answer */
};

struct lists;

/* config: borrowed; window_s of its [block]. servers: see resolver.h. NULL when [dns] names no list. */
struct lists *lists_new(const struct config *config, const char *servers);

/* Takes NULL, as all of these: no lists. */
void lists_free(struct lists *lists);

/* Asks about addr, at the next lists_turn, unless it has been done for its subject. */
void lists_ask(struct lists *lists, const struct net *subject, const struct addr *addr, int64_t now_s);

/* It has been done for subject at at_s, by somebody before us. */
void lists_known(struct lists *lists, const struct net *subject, int64_t at_s);

enum lists_word {
	LISTS_LISTED, /* addr is in it */
	LISTS_DEAD,   /* everybody is in it, ... */
	LISTS_SILENT, /* ... or there is no answer: it is not asked any more */
	LISTS_ALIVE,  /* now it is again */
};

struct lists_answer {
	enum lists_word word;
	const struct config_list *list; /* of the config */
	struct addr addr;
	struct addr code; /* the first of its answer; of LISTED and DEAD */
};

/* The next thing a list said; false when there is none now. */
bool lists_next(struct lists *lists, struct lists_answer *ret);

/* For the poll loop: to be polled for reading (-1: nothing), the time-out (-1: none), and then the turn. */
int lists_fd(const struct lists *lists);
int lists_timeout_ms(const struct lists *lists, int64_t now_ms);
void lists_turn(struct lists *lists, int64_t now_ms);

/* What is asked: "7.2.0.192." or 32 digits, and the zone behind it. zone: as the config takes it. */
enum { LISTS_NAME_MAX = 254 };
void lists_name(const struct addr *addr, const char *zone, char out[static LISTS_NAME_MAX]);

#endif
