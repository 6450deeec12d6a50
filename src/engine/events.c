#include "engine/events.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/log.h"

enum {
	NUMBER_MAX = 24,
	PORTS_MAX = PORTLISTS_TEXT_MAX + 16,
};

void events_init(struct events *e, const struct config *started)
{
	*e = (struct events){.started = started, .observes = config_observes(started)};
}

void events_at(struct events *e, int64_t now_s)
{
	if (e->now_s != now_s)
		e->n = 0;
	e->now_s = now_s;
}

/* Returns false if the limit is reached, after adding one to *sum. */
static bool may_log(struct events *e, size_t *sum)
{
	if (e->n == EVENTS_PER_SECOND) {
		++*sum;
		return false;
	}
	e->n++;
	return true;
}

/* Writes "; ports 25", "; all ports", or "". */
static void ports_text(const struct events *e, const struct block *b, char out[static PORTS_MAX])
{
	char ports[PORTLISTS_TEXT_MAX];

	config_ports_text(e->started, b->list, ports);
	if (strcmp(ports, "none") == 0)
		out[0] = '\0';
	else
		(void)snprintf(out, PORTS_MAX, strcmp(ports, "all") == 0 ? "; %s ports" : "; ports %s", ports);
}

/* Writes the text between the duration and the ports. */
static void block_text(const struct block *b, const struct events_cause *cause, char *out, size_t cap)
{
	switch (b->cause) {
	case BLOCK_EVIDENCE:
		(void)snprintf(out, cap, " (offence %u): %s, %s, %u hit%s", b->offence, cause->rule, cause->reason,
		               b->hits, b->hits == 1 ? "" : "s");
		break;
	case BLOCK_NETWORK:
		(void)snprintf(out, cap, " (%u of its clients were blocked): %s, %s", b->hits, cause->rule,
		               cause->reason);
		break;
	case BLOCK_SHARED:
		(void)snprintf(out, cap, " by %s", cause->rule);
		break;
	case BLOCK_MANUAL:
		(void)snprintf(out, cap, " by %s%s%s", cause->who, cause->reason != NULL ? ": " : "",
		               cause->reason != NULL ? cause->reason : "");
		break;
	case BLOCK_LISTED:
		out[0] = '\0'; /* not reached: this is not an event */
		break;
	}
}

void events_blocked(struct events *e, const struct block *b, const struct events_cause *cause)
{
	char net[NET_TEXT_MAX], lasts[DURATION_TEXT_MAX], until[TIME_TEXT_MAX], offence[NUMBER_MAX], hits[NUMBER_MAX];
	char text[LOG_TEXT_MAX], ports[PORTS_MAX];
	const bool counted = b->cause == BLOCK_EVIDENCE;
	const struct log_field fields[] = {{"WFS_EVENT", b->prolonged ? "extended" : "blocked"},
	                                   {"WFS_ADDRESS", net},
	                                   {"WFS_RULE", cause->rule},
	                                   {"WFS_REASON", cause->reason},
	                                   {"WFS_DETAIL", cause->detail},
	                                   {"WFS_HITS", counted ? hits : NULL},
	                                   {"WFS_OFFENCE", counted ? offence : NULL},
	                                   {"WFS_UNTIL", until},
	                                   {"WFS_WHO", cause->who}};

	if (!may_log(e, &e->blocked))
		return;
	(void)net_text(&b->net, net);
	duration_text(b->until_s - b->since_s, lasts);
	time_text(b->until_s, until);
	(void)snprintf(hits, sizeof hits, "%u", b->hits);
	(void)snprintf(offence, sizeof offence, "%u", b->offence);
	block_text(b, cause, text, sizeof text);
	ports_text(e, b, ports);
	log_event(LOG_INFO, fields, sizeof fields / sizeof *fields, "%s %s for %s%s%s",
	          e->observes    ? "would block"
	          : b->prolonged ? "extended the block of"
	                         : "blocked",
	          net, lasts, text, ports);
}

void events_released(struct events *e, const struct net *released, const char *why, const char *who, const char *reason)
{
	char net[NET_TEXT_MAX];
	const struct log_field fields[] = {{"WFS_EVENT", "released"},
	                                   {"WFS_ADDRESS", net},
	                                   {"WFS_REASON", reason != NULL ? reason : why},
	                                   {"WFS_WHO", who}};

	if (!may_log(e, &e->released))
		return;
	(void)net_text(released, net);
	log_event(LOG_INFO, fields, sizeof fields / sizeof *fields, "released %s (%s%s%s%s%s)", net, why,
	          who != NULL ? " by " : "", who != NULL ? who : "", reason != NULL ? ": " : "",
	          reason != NULL ? reason : "");
}

void events_released_more(struct events *e, size_t n)
{
	e->released += n;
}

void events_allowed(struct events *e, const struct net *allowed, int64_t for_s, const char *reason)
{
	char net[NET_TEXT_MAX], lasts[DURATION_TEXT_MAX], until[TIME_TEXT_MAX];
	const struct log_field fields[] = {
		{"WFS_EVENT", "allowed"}, {"WFS_ADDRESS", net}, {"WFS_REASON", reason}, {"WFS_UNTIL", until}};

	(void)net_text(allowed, net);
	duration_text(for_s, lasts);
	time_text(e->now_s + for_s, until);
	log_event(LOG_INFO, fields, sizeof fields / sizeof *fields, "allowed %s for %s: %s", net, lasts, reason);
}

void events_ordered(struct events *e, const char *verb, const char *object, const char *who, const char *reason,
                    bool done)
{
	const bool is_rule = strcmp(verb, "resume") == 0;
	const struct log_field fields[] = {{"WFS_EVENT", "order"},
	                                   {"WFS_ADDRESS", is_rule || object[0] == '\0' ? NULL : object},
	                                   {"WFS_RULE", is_rule ? object : NULL},
	                                   {"WFS_REASON", reason[0] == '\0' ? NULL : reason},
	                                   {"WFS_WHO", who}};

	if (may_log(e, &e->ordered))
		log_event(LOG_INFO, fields, sizeof fields / sizeof *fields, "%s%s%s by %s%s%s%s", verb,
		          object[0] != '\0' ? " " : "", object, who, reason[0] != '\0' ? ": " : "", reason,
		          done ? "" : " (refused)");
}

static void sum(size_t *n, const char *what)
{
	if (*n > 0)
		log_line(LOG_INFO, "%s %zu more, too many to log separately; the database has them", what, *n);
	*n = 0;
}

void events_sum(struct events *e)
{
	sum(&e->blocked, "blocked");
	sum(&e->released, "released");
	sum(&e->ordered, "handled requests for");
}
