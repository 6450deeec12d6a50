/*
 * rdns: recognises generic DNS names, which a provider assigns to any customer's line.
 *
 * Such a name contains the address of its host, or a word that denotes a dial-in, cable or DSL line. Mail servers have
 * names that a person chose. Pure; knows base only.
 */
#ifndef WFS_RULES_RDNS_H
#define WFS_RULES_RDNS_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/text.h"

/*
 * Returns true if name contains the whole address, in order or reversed, as complete tokens: four decimal octets,
 * zero-padded or not ("host-198-051-100-007"); the same without separators ("1985110066", at least eight digits;
 * "198051100007"); eight hex digits ("pC6336442"); separate hex octets; the nibbles or groups of IPv6.
 * Also returns true if a token in the part before the registered domain is a word such as dsl, cable, dyn, dhcp, pool,
 * ppp or dialup, with or without digits after it ("pool12"), unless the name begins like a mail server's
 * ("mail.pool.example.com").
 * name: as logged, any case; p NULL or "unknown" is not generic.
 */
bool rdns_name(struct span name, const struct addr *address);

#endif
