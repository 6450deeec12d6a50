/*
 * exchange: the main loop of watchforspammers-share: publishes the daemon's events in our stream, and forwards the
 * other hosts' streams to the daemon.
 *
 * It stores nothing: the daemon's database records how far the others' streams have been read, and the last entry of
 * our stream shows how far it has been written. So after any error everything is closed, and reopened a second later;
 * nothing is lost or counts twice. While the server is unreachable, the daemon works alone. The beginning and the end
 * of an error are logged once.
 *
 * Our stream may lose entries if the server was emptied or restored from an old copy. This is noticed within
 * CHECK_MS. The missing entries are then published again, in a new era if nothing is left.
 */
#ifndef WFS_SHARE_EXCHANGE_H
#define WFS_SHARE_EXCHANGE_H

#include "base/why.h"
#include "share/settings.h"

/* Runs until SIGTERM or SIGINT; SIGHUP reloads the key and the peers. Errors: those of key and peers at the start. */
int exchange_run(const struct settings *settings, struct why *why);

#endif
