/*
 * own: the addresses this machine has now. They are never blocked.
 */
#ifndef WFS_OWN_H
#define WFS_OWN_H

#include <stddef.h>

#include "base/addr.h"

enum { OWN_MAX = 256 };

/* Writes at most OWN_MAX of them; returns how many. 0 when the system does not tell. */
size_t own_addresses(struct net out[static OWN_MAX]);

#endif
