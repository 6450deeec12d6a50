/*
 * protocol: one line of the control socket into a request.
 *
 * Knows base only. Pure: no socket, no clock, no allocation; the line may hold anything.
 *
 *   block A [for D] [reason TEXT]      add A [D] [TEXT]        A  an address, or a network A/LENGTH
 *   unblock A|all [reason TEXT]        del A [TEXT]            D  "600", "10m", "1h30m" (duration.h)
 *   allow A [for D] [reason TEXT]      disallow A [reason TEXT]
 *   vote black|white A [score N] [reason TEXT]                 N  1 ... PROTOCOL_SCORE_MAX
 *   black A ..., white A ...           the same without "vote"
 *   list   why A   status   test A   reload   resume RULE   note TEXT   auth TOKEN   compat
 *   watch [hits|own] ID                ID  the number of an event, or of a hit; own: not what other hosts blocked
 *   peer NAME                         foreign ...               see foreign.h
 *   told N PART                       N  messages to other hosts more; PART  of what is good (pipeline/shared_good.h)
 *
 * Words are separated by blanks; TEXT is the rest of the line. A is read as pasted.h does. Refused, with a sentence:
 * control characters, zones, names, host bits, an IPv4 network shorter than /8 and an IPv6 one shorter than /32, a
 * network where one address is wanted, a word too many. Source: the commands of ipfauth's addvote.pl (black, white) and
 * of MIMEDefang's fwd.pl (add, del).
 */
#ifndef WFS_PROTOCOL_H
#define WFS_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"
#include "control/foreign.h"

enum {
	PROTOCOL_LINE_MAX = 512,   /* bytes without the newline */
	PROTOCOL_REASON_MAX = 200, /* bytes, escaped */
	PROTOCOL_RULE_MAX = 64,
	PROTOCOL_TOKEN_MAX = 128,
	PROTOCOL_SCORE_MAX = 1000000,
	PROTOCOL_LENGTH4_MIN = 8,
	PROTOCOL_LENGTH6_MIN = 32,
};

#define PROTOCOL_ID_MAX ((int64_t)1 << 53) /* JSON readers have no larger exact numbers */

enum protocol_verb {
	PROTOCOL_BLOCK,   /* and add */
	PROTOCOL_UNBLOCK, /* and del */
	PROTOCOL_UNBLOCK_ALL,
	PROTOCOL_ALLOW,
	PROTOCOL_DISALLOW,
	PROTOCOL_BLACK,
	PROTOCOL_WHITE,
	PROTOCOL_LIST,
	PROTOCOL_WHY,
	PROTOCOL_STATUS,
	PROTOCOL_TEST,
	PROTOCOL_RELOAD,
	PROTOCOL_RESUME,
	PROTOCOL_NOTE, /* its text is the reason */
	PROTOCOL_WATCH,
	PROTOCOL_PEER, /* how far its messages were received */
	PROTOCOL_TOLD, /* counts in memory alone, and queries what others are to be told next of good clients */
	PROTOCOL_FOREIGN,
	PROTOCOL_AUTH,
	PROTOCOL_COMPAT, /* from here on, replies in the format of MIMEDefang's daemon */
};

struct protocol_request {
	enum protocol_verb verb;
	struct net net; /* of block, unblock, allow, disallow, test, why; of votes one address; of unblock all ::/0 */
	int64_t for_s;  /* of block and allow; 0: not given */
	int score;      /* of votes, > 0; 0: not given */
	int64_t after;  /* of watch, >= 0: the event, or hit, before the first that is wanted; of told: the part */
	int64_t told;   /* of told, >= 0 */
	bool hits, own; /* of watch */
	char reason[PROTOCOL_REASON_MAX + 1]; /* escaped; "": none */
	char rule[PROTOCOL_RULE_MAX +
	          1]; /* of resume, and the name of a peer: letters, digits, "-", "_", "." and "/" */
	struct foreign foreign;
	char token[PROTOCOL_TOKEN_MAX + 1]; /* of auth, the rest zeros */
};

/*
 * Reads a line without its newline; a carriage return at the end is removed. Returns 0, or -EINVAL with a sentence for
 * the sender.
 */
int protocol_parse(struct span line, struct protocol_request *ret, struct why *why);

/* True for requests that only read. */
bool protocol_is_reading(enum protocol_verb verb);

/* The verb as the manual writes it: "block", "vote black". */
const char *protocol_verb_text(enum protocol_verb verb);

/*
 * Reads an address or a network as requests may name it. Returns 0, or -EINVAL with a sentence. For the commands as
 * well, so that all refuse the same.
 */
int protocol_net(struct span text, struct net *ret, struct why *why);

#endif
