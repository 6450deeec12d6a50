/*
 * exportfile: writes a list of what is blocked now into a file: for "export" and for [export].
 *
 * Errors as in store.h, listed.h and report/replace.h.
 */
#ifndef WFS_COMMAND_EXPORTFILE_H
#define WFS_COMMAND_EXPORTFILE_H

#include "base/why.h"
#include "config/config.h"
#include "report/export.h"
#include "store/store.h"

/* Adds all active blocks, and the networks of [block] file. */
int exportfile_read(const struct config *config, struct store *store, int64_t now_s, struct export_list *ret,
                    struct why *why);

/* Replaces the file atomically. list: sealed. */
int exportfile_write(const struct export_list *list, enum export_format format, int64_t now_s, const char *path,
                     struct why *why);

#endif
