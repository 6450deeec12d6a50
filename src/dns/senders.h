/*
 * senders: the networks of chosen domains, by SPF (spf.h), kept fresh.
 *
 * A domain is asked again when the shortest time to live of its answers is over, SENDERS_ROUND_MIN_S to
 * SENDERS_ROUND_MAX_S after the last time; while name servers fail, its networks stay what they were, and it is asked
 * after SENDERS_RETRY_S. A record with an error, or none, has no networks. One domain is asked at a time. Knows
 * resolver, spf and base. Time: milliseconds of any clock that does not go back.
 */
#ifndef WFS_DNS_SENDERS_H
#define WFS_DNS_SENDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nets.h"
#include "dns/spf.h"

enum {
	SENDERS_RETRY_S = 60,
	SENDERS_ROUND_MIN_S = 300,
	SENDERS_ROUND_MAX_S = 86400,
};

struct senders;

/* domains: n of them, which spf_record_domain accepts, at least one; copied. servers: see resolver.h. */
struct senders *senders_new(char *const domains[], size_t n, const char *servers);

/* Accepts NULL, as all of these: no domains. */
void senders_free(struct senders *senders);

/* To be polled for reading; -1: nothing is awaited. */
int senders_fd(const struct senders *senders);

/* How long until senders_turn has something to do by itself. -1: never. */
int senders_timeout_ms(const struct senders *senders, int64_t now_ms);

/* Processes received answers, and asks when it is time. True when the networks of a domain differ from those before. */
bool senders_turn(struct senders *senders, int64_t now_ms);

/* What became of a domain that was asked. */
struct senders_news {
	const char *domain;
	enum {
		SENDERS_KNOWN,  /* networks has what it sends from */
		SENDERS_ERROR,  /* it has none: why */
		SENDERS_SILENT, /* they are what they were: why */
	} what;
	const struct spf_networks *networks; /* until the next senders_turn */
	bool changed;                        /* the networks, or what is wrong */
	struct why why;
};

/* The next news; false when there are none. */
bool senders_next(struct senders *senders, struct senders_news *ret);

/* Adds all networks that are known. */
void senders_add_to(const struct senders *senders, struct nets *nets);

#endif
