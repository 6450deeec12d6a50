#include "control/protocol.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/pasted.h"

enum { SHOWN_MAX = 80 }; /* bytes of a word shown in an error */

/* What may follow a verb. */
enum arguments {
	NOTHING,
	A_NETWORK,          /* alone */
	BLOCK_ARGUMENTS,    /* A [for D] [reason TEXT] */
	ADD_ARGUMENTS,      /* A [D] [TEXT], or as block */
	LIFT_ARGUMENTS,     /* A|all [reason TEXT] */
	DISALLOW_ARGUMENTS, /* A [reason TEXT] */
	DEL_ARGUMENTS,      /* A [TEXT] */
	VOTE,               /* black|white, then COLOUR_ARGUMENTS */
	COLOUR_ARGUMENTS,   /* A [score N] [reason TEXT] */
	RULE,
	NOTE_TEXT,
	WATCH_ARGUMENTS, /* [hits|own] ID */
	FOREIGN_ARGUMENTS,
	SENT_ARGUMENTS, /* MESSAGES PART */
	TOKEN,
};

static const struct word {
	const char *word;
	enum protocol_verb verb;
	enum arguments arguments;
} words[] = {
	{"block", PROTOCOL_BLOCK, BLOCK_ARGUMENTS},
	{"add", PROTOCOL_BLOCK, ADD_ARGUMENTS},
	{"unblock", PROTOCOL_UNBLOCK, LIFT_ARGUMENTS},
	{"allow", PROTOCOL_ALLOW, BLOCK_ARGUMENTS},
	{"disallow", PROTOCOL_DISALLOW, DISALLOW_ARGUMENTS},
	{"del", PROTOCOL_UNBLOCK, DEL_ARGUMENTS},
	{"vote", PROTOCOL_BLACK, VOTE},
	{"black", PROTOCOL_BLACK, COLOUR_ARGUMENTS},
	{"white", PROTOCOL_WHITE, COLOUR_ARGUMENTS},
	{"list", PROTOCOL_LIST, NOTHING},
	{"why", PROTOCOL_WHY, A_NETWORK},
	{"status", PROTOCOL_STATUS, NOTHING},
	{"test", PROTOCOL_TEST, A_NETWORK},
	{"reload", PROTOCOL_RELOAD, NOTHING},
	{"resume", PROTOCOL_RESUME, RULE},
	{"note", PROTOCOL_NOTE, NOTE_TEXT},
	{"watch", PROTOCOL_WATCH, WATCH_ARGUMENTS},
	{"peer", PROTOCOL_PEER, RULE},
	{"foreign", PROTOCOL_FOREIGN, FOREIGN_ARGUMENTS},
	{"sent", PROTOCOL_SENT, SENT_ARGUMENTS},
	{"auth", PROTOCOL_AUTH, TOKEN},
	{"compat", PROTOCOL_COMPAT, NOTHING},
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct span *rest)
{
	while (rest->len > 0 && is_blank(rest->p[0])) {
		rest->p++;
		rest->len--;
	}
}

/* Removes the next word from rest and returns it; an empty span if there is none. */
static struct span next_word(struct span *rest)
{
	struct span word;

	skip_blanks(rest);
	word = (struct span){rest->p, 0};
	while (word.len < rest->len && !is_blank(word.p[word.len]))
		word.len++;
	rest->p += word.len;
	rest->len -= word.len;
	return word;
}

/* Copies span with a NUL. Returns false if it does not fit. */
static bool copy(struct span span, char *out, size_t cap)
{
	if (span.len >= cap)
		return false;
	memcpy(out, span.p, span.len);
	out[span.len] = '\0';
	return true;
}

int protocol_net(struct span text, struct net *ret, struct why *why)
{
	struct net net;
	unsigned length, shortest = PROTOCOL_LENGTH6_MIN;
	const int rc = pasted_net(text, &net, why);

	if (rc < 0)
		return rc;
	length = net.len;
	if (addr_is_ip4(&net.addr)) {
		length = net.len < 96 ? 0 : net.len - 96U;
		shortest = PROTOCOL_LENGTH4_MIN;
	}
	if (length < shortest) /* no spammer, but half the Internet */
		return why_set(why, EINVAL, "/%u is too wide a network: /%u at least", length, shortest);
	*ret = net;
	return 0;
}

static int parse_net(struct span *rest, bool one, struct net *ret, struct why *why)
{
	const struct span word = next_word(rest);
	struct net net = {0};
	int rc;

	if (word.len == 0)
		return why_set(why, EINVAL, "which address?");
	if ((rc = protocol_net(word, &net, why)) < 0)
		return rc;
	if (one && net.len != 128)
		return why_set(why, EINVAL, "one address wanted, not a network");
	*ret = net;
	return 0;
}

static int parse_duration(struct span word, int64_t *ret_s, struct why *why)
{
	char text[32];
	int64_t s;

	if (*ret_s != 0)
		return why_set(why, EINVAL, "\"for\" appears twice");
	if (!copy(word, text, sizeof text) || !duration_parse(text, &s) || s < 1)
		return why_set(why, EINVAL, "for how long? A number of seconds, or such as 10m, 1h30m, 7d");
	*ret_s = s;
	return 0;
}

static int parse_score(struct span word, int *ret, struct why *why)
{
	int score = 0;

	if (*ret != 0)
		return why_set(why, EINVAL, "\"score\" appears twice");
	for (size_t i = 0; i < word.len && score <= PROTOCOL_SCORE_MAX; i++) {
		if (word.p[i] < '0' || word.p[i] > '9')
			return why_set(why, EINVAL, "score: a whole number from 1 to %d", PROTOCOL_SCORE_MAX);
		score = score * 10 + (word.p[i] - '0');
	}
	if (score < 1 || score > PROTOCOL_SCORE_MAX)
		return why_set(why, EINVAL, "score: a whole number from 1 to %d", PROTOCOL_SCORE_MAX);
	*ret = score;
	return 0;
}

/* Reads the rest of the line as the reason. */
static int parse_reason(struct span rest, char ret[static PROTOCOL_REASON_MAX + 1], struct why *why)
{
	char escaped[4 * PROTOCOL_LINE_MAX + 8];
	size_t len;

	skip_blanks(&rest);
	while (rest.len > 0 && is_blank(rest.p[rest.len - 1]))
		rest.len--;
	len = text_escape(rest, escaped, sizeof escaped);
	if (len == 0)
		return why_set(why, EINVAL, "reason: which?");
	if (len > PROTOCOL_REASON_MAX)
		return why_set(why, EINVAL, "reason: at most %d bytes", PROTOCOL_REASON_MAX);
	memcpy(ret, escaped, len + 1);
	return 0;
}

/* Reads "for D", "score N", "reason TEXT" in any order; a reason ends the line. */
static int parse_options(struct span rest, bool may_for, bool may_score, struct protocol_request *r, struct why *why)
{
	for (;;) {
		const struct span word = next_word(&rest);
		int rc;

		if (word.len == 0)
			return 0;
		if (span_is_nocase(word, "reason"))
			return parse_reason(rest, r->reason, why);
		if (may_for && span_is_nocase(word, "for"))
			rc = parse_duration(next_word(&rest), &r->for_s, why);
		else if (may_score && span_is_nocase(word, "score"))
			rc = parse_score(next_word(&rest), &r->score, why);
		else
			rc = why_set(why, EINVAL, "after the address, only %s%s\"reason TEXT\" may follow",
			             may_for ? "\"for DURATION\", " : "", may_score ? "\"score N\", " : "");
		if (rc < 0)
			return rc;
	}
}

/* Reads what MIMEDefang's clients send: a duration and a text without keywords. */
static int parse_old_options(struct span rest, bool may_for, struct protocol_request *r, struct why *why)
{
	struct span after = rest, word = next_word(&after);
	char text[32];
	int64_t s;

	if (span_is_nocase(word, "reason") || (may_for && span_is_nocase(word, "for")))
		return parse_options(rest, may_for, false, r, why);
	if (may_for && copy(word, text, sizeof text) && duration_parse(text, &s) && s > 0) {
		r->for_s = s;
		rest = after;
	}
	skip_blanks(&rest);
	return rest.len == 0 ? 0 : parse_reason(rest, r->reason, why);
}

static int parse_rule(struct span *rest, char ret[static PROTOCOL_RULE_MAX + 1], struct why *why)
{
	const struct span word = next_word(rest);

	if (word.len == 0)
		return why_set(why, EINVAL, "which rule?");
	for (size_t i = 0; i < word.len; i++) {
		const char c = word.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		      c == '_' || c == '.' || c == '/'))
			return why_set(why, EINVAL, "no name of a rule");
	}
	return copy(word, ret, PROTOCOL_RULE_MAX + 1) ? 0 : why_set(why, EINVAL, "no name of a rule");
}

static int parse_id(struct span *rest, const char *question, int64_t *ret, struct why *why)
{
	const struct span word = next_word(rest);
	int64_t id = 0;

	for (size_t i = 0; i < word.len && id <= PROTOCOL_ID_MAX; i++)
		id = word.p[i] >= '0' && word.p[i] <= '9' ? id * 10 + (word.p[i] - '0') : INT64_MAX;
	if (word.len == 0 || id > PROTOCOL_ID_MAX)
		return why_set(why, EINVAL, "%s", question);
	*ret = id;
	return 0;
}

static int parse_token(struct span *rest, char ret[static PROTOCOL_TOKEN_MAX + 1], struct why *why)
{
	const struct span word = next_word(rest);

	if (word.len == 0)
		return why_set(why, EINVAL, "which token?");
	return copy(word, ret, PROTOCOL_TOKEN_MAX + 1) ? 0 : why_set(why, EINVAL, "no such token");
}

/* Returns an error that shows the unexpected word, if there is one, and what is expected. */
static int refuse_word(struct span word, const char *expected, struct why *why)
{
	char shown[SHOWN_MAX];

	(void)text_escape(word, shown, sizeof shown);
	return why_set(why, EINVAL, "%s%s%s%s", word.len > 0 ? "\"" : "", shown, word.len > 0 ? "\": " : "", expected);
}

static int nothing_more(struct span rest, struct why *why)
{
	const struct span word = next_word(&rest);

	return word.len == 0 ? 0 : refuse_word(word, "unexpected argument", why);
}

static int parse_colour(struct span *rest, struct protocol_request *r, struct why *why)
{
	const struct span word = next_word(rest);

	if (span_is_nocase(word, "black"))
		r->verb = PROTOCOL_BLACK;
	else if (span_is_nocase(word, "white"))
		r->verb = PROTOCOL_WHITE;
	else
		return refuse_word(word, "black or white?", why);
	return 0;
}

/* Skips the next word if it is word. Returns whether it was. */
static bool skip_word(struct span *rest, const char *word)
{
	struct span after = *rest;

	if (!span_is_nocase(next_word(&after), word))
		return false;
	*rest = after;
	return true;
}

static int parse_arguments(struct span rest, enum arguments arguments, struct protocol_request *r, struct why *why)
{
	int rc = 0;

	switch (arguments) {
	case NOTHING:
		break;
	case A_NETWORK:
		rc = parse_net(&rest, false, &r->net, why);
		break;
	case LIFT_ARGUMENTS:
		if (skip_word(&rest, "all")) {
			r->verb = PROTOCOL_UNBLOCK_ALL; /* the net is ::/0 */
			return parse_options(rest, false, false, r, why);
		}
		rc = parse_net(&rest, false, &r->net, why);
		return rc < 0 ? rc : parse_options(rest, false, false, r, why);
	case BLOCK_ARGUMENTS:
	case DISALLOW_ARGUMENTS:
		rc = parse_net(&rest, false, &r->net, why);
		return rc < 0 ? rc : parse_options(rest, arguments == BLOCK_ARGUMENTS, false, r, why);
	case ADD_ARGUMENTS:
	case DEL_ARGUMENTS:
		rc = parse_net(&rest, false, &r->net, why);
		return rc < 0 ? rc : parse_old_options(rest, arguments == ADD_ARGUMENTS, r, why);
	case VOTE:
	case COLOUR_ARGUMENTS:
		if (arguments == VOTE)
			rc = parse_colour(&rest, r, why);
		if (rc == 0)
			rc = parse_net(&rest, true, &r->net, why);
		return rc < 0 ? rc : parse_options(rest, false, true, r, why);
	case RULE:
		rc = parse_rule(&rest, r->rule, why);
		break;
	case NOTE_TEXT:
		return parse_reason(rest, r->reason, why);
	case WATCH_ARGUMENTS:
		r->hits = skip_word(&rest, "hits");
		r->own = !r->hits && skip_word(&rest, "own");
		rc = parse_id(&rest, "after which event? its number, or 0 for all that are stored", &r->after, why);
		break;
	case FOREIGN_ARGUMENTS:
		return foreign_parse(rest, &r->foreign, why);
	case SENT_ARGUMENTS:
		rc = parse_id(&rest, "how many messages more?", &r->sent, why);
		if (rc == 0)
			rc = parse_id(&rest, "which part of what is good?", &r->after, why);
		break;
	case TOKEN:
		rc = parse_token(&rest, r->token, why);
		break;
	}
	return rc < 0 ? rc : nothing_more(rest, why);
}

int protocol_parse(struct span line, struct protocol_request *ret, struct why *why)
{
	struct protocol_request r = {0};
	struct span word;
	int rc;

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	if (line.len > PROTOCOL_LINE_MAX)
		return why_set(why, EINVAL, "a line has at most %d bytes", PROTOCOL_LINE_MAX);
	for (size_t i = 0; i < line.len; i++)
		if (((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7F)
			return why_set(why, EINVAL, "a control character in the line");
	word = next_word(&line);
	if (word.len == 0)
		return why_set(why, EINVAL, "an empty line");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!span_is_nocase(word, words[i].word))
			continue;
		r.verb = words[i].verb;
		if ((rc = parse_arguments(line, words[i].arguments, &r, why)) == 0)
			*ret = r;
		return rc;
	}
	return refuse_word(
		word,
		"no such request; there are block, unblock, allow, disallow, vote, add, del, list, why, status, "
		"test, reload, resume, note and watch",
		why);
}

bool protocol_is_reading(enum protocol_verb verb)
{
	switch (verb) {
	case PROTOCOL_LIST:
	case PROTOCOL_WHY:
	case PROTOCOL_STATUS:
	case PROTOCOL_TEST:
	case PROTOCOL_PEER:
	case PROTOCOL_SENT:
	case PROTOCOL_WATCH:
	case PROTOCOL_AUTH:
	case PROTOCOL_COMPAT:
		return true;
	case PROTOCOL_BLOCK:
	case PROTOCOL_UNBLOCK:
	case PROTOCOL_UNBLOCK_ALL:
	case PROTOCOL_ALLOW:
	case PROTOCOL_DISALLOW:
	case PROTOCOL_BLACK:
	case PROTOCOL_WHITE:
	case PROTOCOL_RELOAD:
	case PROTOCOL_RESUME:
	case PROTOCOL_NOTE:
	case PROTOCOL_FOREIGN:
		return false;
	}
	return false; /* not reached: the switch is complete */
}

const char *protocol_verb_text(enum protocol_verb verb)
{
	switch (verb) {
	case PROTOCOL_BLOCK:
		return "block";
	case PROTOCOL_UNBLOCK:
		return "unblock";
	case PROTOCOL_UNBLOCK_ALL:
		return "unblock all";
	case PROTOCOL_ALLOW:
		return "allow";
	case PROTOCOL_DISALLOW:
		return "disallow";
	case PROTOCOL_BLACK:
		return "vote black";
	case PROTOCOL_WHITE:
		return "vote white";
	case PROTOCOL_LIST:
		return "list";
	case PROTOCOL_WHY:
		return "why";
	case PROTOCOL_STATUS:
		return "status";
	case PROTOCOL_TEST:
		return "test";
	case PROTOCOL_RELOAD:
		return "reload";
	case PROTOCOL_RESUME:
		return "resume";
	case PROTOCOL_NOTE:
		return "note";
	case PROTOCOL_WATCH:
		return "watch";
	case PROTOCOL_PEER:
		return "peer";
	case PROTOCOL_SENT:
		return "sent";
	case PROTOCOL_FOREIGN:
		return "foreign";
	case PROTOCOL_AUTH:
		return "auth";
	case PROTOCOL_COMPAT:
		return "compat";
	}
	return "?"; /* not reached: the switch is complete */
}
