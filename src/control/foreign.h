/*
 * foreign: parses the request "foreign": a message of another host, as watchforspammers-share passes it to the daemon.
 *
 * Knows base and peers only. Pure. The sender has verified the signature; everything else is for the daemon to judge.
 *
 *   foreign PEER STREAM CLOCK ERA:NUMBER block NET for S offence N rule NAME category NAME
 *   foreign PEER STREAM CLOCK ERA:NUMBER lift NET
 *   foreign PEER STREAM CLOCK ERA:NUMBER white NET for S        a person ended the blocks of NET there
 *   foreign PEER STREAM CLOCK ERA:NUMBER own NET for S          an address of that host
 *   foreign PEER STREAM CLOCK ERA:NUMBER good for S known HEX   networks with proven good clients (base/hexlist.h)
 *   foreign PEER STREAM CLOCK wrong TEXT                        its stream has something that it cannot have written
 *
 * STREAM is the id of the entry in the peer's stream, such as "1795888802123-0": milliseconds of the server's clock,
 * and a number. CLOCK is what that clock shows now. ERA and NUMBER: see share/message.h.
 */
#ifndef WFS_CONTROL_FOREIGN_H
#define WFS_CONTROL_FOREIGN_H

#include <stdint.h>

#include "base/addr.h"
#include "base/hexlist.h"
#include "base/text.h"
#include "base/why.h"
#include "config/peers.h"

enum {
	FOREIGN_STREAM_MAX = 42, /* bytes: two 64-bit numbers, "-" and the NUL */
	FOREIGN_WORD_MAX = 65,
	FOREIGN_TEXT_MAX = 160,
};

enum foreign_op { FOREIGN_BLOCK, FOREIGN_LIFT, FOREIGN_WHITE, FOREIGN_OWN, FOREIGN_GOOD, FOREIGN_WRONG };

struct foreign {
	char peer[PEERS_NAME_MAX];
	char stream[FOREIGN_STREAM_MAX];
	int64_t sent_ms, clock_ms; /* of the server's clock: when it was sent, and now */
	int64_t era, number;
	enum foreign_op op;
	struct net net;
	int64_t for_s;                                           /* all but LIFT: counted from sent_ms */
	unsigned offence;                                        /* BLOCK only */
	char rule[FOREIGN_WORD_MAX], category[FOREIGN_WORD_MAX]; /* BLOCK only */
	struct hexlist known;                                    /* GOOD only */
	char text[FOREIGN_TEXT_MAX];                             /* WRONG only, escaped */
};

/* rest: what follows the word "foreign". Returns 0, or -EINVAL with a sentence in why. */
int foreign_parse(struct span rest, struct foreign *ret, struct why *why);

#endif
