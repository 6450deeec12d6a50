/*
 * exchange: the work of watchforspammers-share: the daemon's events into our stream, the other hosts' streams to the
 * daemon.
 *
 * Keeps nothing: how far the others' streams were read is in the daemon's database, how far ours was written is its
 * last entry. So after any error everything is closed and opened again, a second later, and nothing is lost or counts
 * twice. While the server is not there, the daemon does its work alone. An error is logged once, and its end.
 *
 * Our stream may lose entries: a server that was emptied, or got an old copy back. That is noticed within CHECK_MS:
 * then what is missing is published again; in a new era, if nothing is left.
 */
#ifndef WFS_SHARE_EXCHANGE_H
#define WFS_SHARE_EXCHANGE_H

#include "base/why.h"
#include "share/settings.h"

/* Until SIGTERM or SIGINT; SIGHUP reads key and peers again. Errors: those of key and peers at the start. */
int exchange_run(const struct settings *settings, struct why *why);

#endif
