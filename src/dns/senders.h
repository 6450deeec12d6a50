/*
 * senders: the networks that chosen domains send mail from, according to SPF (spf.h), kept up to date.
 *
 * A domain is queried again when the shortest TTL of its answers has passed, but SENDERS_ROUND_MIN_S to
 * SENDERS_ROUND_MAX_S after the last time. While name servers fail, its networks stay unchanged, and it is queried
 * again after SENDERS_RETRY_S. A domain without a record, or with an invalid one, has no networks. Domains are queried
 * one at a time. Knows resolver, spf and base. Time: milliseconds of any monotonic clock.
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

/*
 * Creates the senders for n domains, at least one, each valid for spf_record_domain; copied. servers: see resolver.h.
 */
struct senders *senders_new(char *const domains[], size_t n, const char *servers);

/* Frees senders. This and all following functions accept NULL, which means no domains. */
void senders_free(struct senders *senders);

/* Returns the descriptor to poll for reading; -1 if no answer is expected. */
int senders_fd(const struct senders *senders);

/* Returns the milliseconds until senders_turn must be called anyway; -1: never. */
int senders_timeout_ms(const struct senders *senders, int64_t now_ms);

/* Processes received answers, and sends queries when they are due. Returns true if the networks of a domain changed. */
bool senders_turn(struct senders *senders, int64_t now_ms);

/* The result for a domain that was queried. */
struct senders_news {
	const char *domain;
	enum {
		SENDERS_KNOWN,  /* networks are those that it sends from */
		SENDERS_ERROR,  /* it has no networks; the reason is in why */
		SENDERS_SILENT, /* the name servers failed, and its networks are unchanged; the reason is in why */
	} what;
	const struct spf_networks *networks; /* valid until the next senders_turn */
	bool changed;                        /* the networks changed, or the error did */
	struct why why;
};

/* Returns the next result; false if there is none. */
bool senders_next(struct senders *senders, struct senders_news *ret);

/* Adds all known networks to nets. */
void senders_add_to(const struct senders *senders, struct nets *nets);

#endif
