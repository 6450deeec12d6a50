/*
 * protocol: parses one line of the control socket into a request.
 *
 * Knows base only. Pure: no socket, no clock, no allocation; the line may hold anything.
 *
 *   block A [for D] [reason TEXT]      add A [D] [TEXT]        A  an address, or a network A/LENGTH
 *   unblock A|all [reason TEXT]        del A [TEXT]            D  "600", "10m", "1h30m" (duration.h)
 *   allow A [for D] [reason TEXT]      disallow A [reason TEXT]
 *   vote black|white A [score N] [reason TEXT]                 N  1 ... PROTOCOL_SCORE_MAX
 *   black A ..., white A ...           the same without "vote"
 *   list   why A   status   test A   reload   resume RULE   note TEXT   auth TOKEN   compat
 *   watch [hits|own] ID                ID  the number of an event or hit; own: without blocks of other hosts
 *   peer NAME                          foreign ...             see foreign.h
 *   sent N PART                        N  further messages sent to other hosts; PART  see pipeline/shared_good.h
 *
 * Words are separated by blanks; TEXT is the rest of the line. A is read like pasted.h does. Refused with a sentence:
 * control characters, zones, names, host bits, an IPv4 network shorter than /8 and an IPv6 one shorter than /32, a
 * network where a single address is wanted, and superfluous words. Source: the commands of ipfauth's addvote.pl (black,
 * white) and of MIMEDefang's fwd.pl (add, del).
 */
#ifndef WFS_CONTROL_PROTOCOL_H
#define WFS_CONTROL_PROTOCOL_H

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

#define PROTOCOL_ID_MAX ((int64_t)1 << 53) /* the largest number that JSON readers handle exactly */

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
	PROTOCOL_NOTE, /* reason is the note's text */
	PROTOCOL_WATCH,
	PROTOCOL_PEER, /* how far its messages were received */
	PROTOCOL_SENT, /* changes only counters in memory; replies what to send next about good clients */
	PROTOCOL_FOREIGN,
	PROTOCOL_AUTH,
	PROTOCOL_COMPAT, /* from now on, replies have the format of MIMEDefang's daemon */
};

struct protocol_request {
	enum protocol_verb verb;
	/* block, unblock, allow, disallow, test, why; a single address for votes; ::/0 for unblock all */
	struct net net;
	int64_t for_s;  /* block and allow; 0: not given */
	int score;      /* votes, > 0; 0: not given */
	int64_t after;  /* watch, >= 0: the event or hit before the first one wanted; sent: the part */
	int64_t sent;   /* sent, >= 0 */
	bool hits, own; /* watch */
	char reason[PROTOCOL_REASON_MAX + 1]; /* escaped; "" if none */
	char rule[PROTOCOL_RULE_MAX + 1]; /* resume, and the name of a peer: letters, digits, "-", "_", "." and "/" */
	struct foreign foreign;
	char token[PROTOCOL_TOKEN_MAX + 1]; /* auth; padded with zeros */
};

/*
 * Parses a line without its newline; a carriage return at the end is ignored. Returns 0, or -EINVAL with a sentence for
 * the sender.
 */
int protocol_parse(struct span line, struct protocol_request *ret, struct why *why);

/* Returns true for requests that only read. */
bool protocol_is_reading(enum protocol_verb verb);

/* Returns the verb as the manual writes it: "block", "vote black". */
const char *protocol_verb_text(enum protocol_verb verb);

/*
 * Parses an address or network as requests may name it. Returns 0, or -EINVAL with a sentence in why. Also for the
 * commands, so that all of them refuse the same.
 */
int protocol_net(struct span text, struct net *ret, struct why *why);

#endif
