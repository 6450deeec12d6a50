#include "admin/record.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

const struct change_rule record_black = {"vote-black", "vote", "voted to be bad"};
const struct change_rule record_white = {"vote-white", "vote", "voted to be good"};

struct change record_order(const struct protocol_request *r, const char *who, int64_t now_s)
{
	return (struct change){.at_s = now_s,
	                       .who = who,
	                       .what = protocol_verb_text(r->verb),
	                       .why = r->reason,
	                       .net = r->verb == PROTOCOL_UNBLOCK_ALL ? NULL : &r->net};
}

/* Writes "vote black 192.0.2.7 by uid 0 (root): reason". */
static struct span act_text(const struct protocol_request *r, const char *who, char out[static STORE_LINE_MAX])
{
	char net[NET_TEXT_MAX];
	int n;

	(void)net_text(&r->net, net);
	n = snprintf(out, STORE_LINE_MAX, "%s %s by %s%s%s", protocol_verb_text(r->verb), net, who,
	             r->reason[0] != '\0' ? ": " : "", r->reason);
	return (struct span){out, (size_t)n}; /* all parts are short */
}

struct store_hit record_vote(const struct protocol_request *r, const char *who, int score, bool ignored, bool spent,
                             int64_t now_s, char text[static STORE_LINE_MAX])
{
	return (struct store_hit){.time_s = now_s,
	                          .address = r->net.addr,
	                          .score = score,
	                          .ignored = ignored,
	                          .spent = spent,
	                          .detail = {r->reason[0] != '\0' ? r->reason : NULL, strlen(r->reason)},
	                          .text = act_text(r, who, text)};
}

void record_refuse(json_t *reply, const struct why *why)
{
	char text[WHY_MAX + 32];

	(void)snprintf(text, sizeof text, "%s; nothing was changed", why->text);
	reply_error(reply, text);
}
