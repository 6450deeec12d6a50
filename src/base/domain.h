/*
 * domain: finds the registered domain of a host name: "example.co.uk" for "mx.example.co.uk".
 *
 * Uses libpsl: the suffixes under which the public registers names are a list (co.uk, com.br, github.io), not a
 * pattern. The list is the one compiled into the library, so that the same log gives the same decisions whatever else
 * is installed. Pure and thread-safe. Source: https://publicsuffix.org/list/
 */
#ifndef WFS_BASE_DOMAIN_H
#define WFS_BASE_DOMAIN_H

#include "base/text.h"

/*
 * Returns the end of name that is its registered domain. p is NULL if there is none: the name is a public suffix
 * itself, a single label or an address, ends with a dot, is longer than a DNS name, or has bytes that no host name has.
 * name: any bytes, any case; p may be NULL.
 */
struct span domain_registered(struct span name);

#endif
