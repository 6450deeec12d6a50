/*
 * domain: the registered domain of a host name: "example.co.uk" of "mx.example.co.uk".
 *
 * Knows libpsl: which names are for the public to register under is a list (co.uk, com.br, github.io), no
 * pattern. The list is the one compiled into the library, so that the same log gives the same decisions
 * whatever else is installed. Pure; any thread may call it. Source: https://publicsuffix.org/list/
 */
#ifndef WFS_DOMAIN_H
#define WFS_DOMAIN_H

#include "base/text.h"

/*
 * The end of name that is its registered domain. p NULL: it has none. It is a public suffix itself, a single
 * label or an address, or it ends with a dot, is longer than a name in DNS, or has other bytes than a host
 * name. name: any bytes, any case; p NULL has none.
 */
struct span domain_registered(struct span name);

#endif
