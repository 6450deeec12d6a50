#include "admin/record.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "store/audit.h"
#include "store/hits.h"

const char record_black_rule[] = "vote-black";
const char record_black_reason[] = "voted to be bad";
static const char white_reason[] = "voted to be good";

/* "vote black 192.0.2.7 by uid 0 (root): reason", as the text of a hit. */
static struct span act_text(const struct protocol_request *r, const char *who,
                            char out[static STORE_LINE_MAX])
{
	char net[NET_TEXT_MAX];
	int n;

	(void)net_text(&r->net, net);
	n = snprintf(out, STORE_LINE_MAX, "%s %s by %s%s%s", protocol_verb_text(r->verb), net, who,
	             r->reason[0] != '\0' ? ": " : "", r->reason);
	return (struct span){out, (size_t)n}; /* all parts are short */
}

/* A vote, as a hit without a log. *ret_rule: the id of its rule. */
int record_vote(const struct admin *o, const struct protocol_request *r, const char *who, int score,
                bool ignored, bool spent, int64_t now_s, int64_t *ret_rule, struct why *why)
{
	const bool black = r->verb == PROTOCOL_BLACK;
	char text[STORE_LINE_MAX];
	struct store_hit hit = {.time_s = now_s,
	                        .address = r->net.addr,
	                        .score = score,
	                        .ignored = ignored,
	                        .spent = spent,
	                        .detail = {r->reason[0] != '\0' ? r->reason : NULL, strlen(r->reason)},
	                        .text = act_text(r, who, text)};
	const int rc = store_rule(o->store, black ? record_black_rule : "vote-white", "vote",
	                          black ? record_black_reason : white_reason, ret_rule, why);

	if (rc < 0)
		return rc;
	hit.rule = *ret_rule;
	return store_add_hits(o->store, &hit, 1, why);
}

int record_finish(const struct admin *o, const struct protocol_request *r, const char *who, int64_t now_s,
                  int rc, struct why *why)
{
	if (rc == 0)
		rc = audit_add(o->store, now_s, who, protocol_verb_text(r->verb),
		              r->verb == PROTOCOL_UNBLOCK_ALL ? NULL : &r->net, r->reason, why);
	return store_finish(o->store, rc, why);
}

void record_say_trouble(struct answer *answer, const struct why *why)
{
	char text[WHY_MAX + 32];

	(void)snprintf(text, sizeof text, "%s; nothing was changed", why->text);
	answer_error(answer, text);
}
