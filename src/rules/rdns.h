/*
 * rdns: is this the DNS name a provider gives to any customer's line?
 *
 * Such a name carries the address of its host, or shows in a word of its own that it is a dial-in, cable or
 * DSL line. Mail servers have names that a person chose. Pure; knows base only.
 */
#ifndef WFS_RULES_RDNS_H
#define WFS_RULES_RDNS_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/text.h"

/*
 * True when name carries all of address, in order or reversed, as whole tokens: four decimal octets,
 * zero-padded or not ("host-198-051-100-007"), the same run together ("1985110066" of eight digits and more,
 * "198051100007"), eight hex digits ("pC6336442"), hex octets apart; the nibbles or groups of IPv6.
 * True as well when a token of the part before the registered domain is a word such as dsl, cable, dyn,
 * dhcp, pool, ppp or dialup, with digits behind it or not ("pool12"), unless the name begins as a mail
 * server's does ("mail.pool.example.com").
 * name: as logged, any case; p NULL or "unknown" is not generic.
 */
bool rdns_name(struct span name, const struct addr *address);

#endif
