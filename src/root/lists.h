/*
 * lists: runs one backend once per list of ports.
 *
 * List 0 and those in root_config.more each have a chain and lists (or a table) of their own, so that a backend knows
 * only one list. A client in several lists is kept out of the ports of all of them.
 *
 * The functions are those of backend.h, for all lists together; each entry names its list (a number below the number
 * of lists, which root.c checks). Errors as in backend.h.
 */
#ifndef WFS_ROOT_LISTS_H
#define WFS_ROOT_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "root/backend.h"

struct lists;

/* Opens the backend for each list. config: borrowed until lists_close. After an error nothing is open. */
int lists_open(const struct backend *backend, const struct root_config *config, struct lists **ret,
               const char **ret_without6, struct why *why);

/* n4, n6: entries of all lists together; each list gets room for all of them. */
int lists_prepare(struct lists *lists, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why);

int lists_add(struct lists *lists, const struct backend_entry *entries, size_t n, struct backend_refused *refused,
              struct why *why);
int lists_del(struct lists *lists, const struct backend_entry *entries, size_t n, struct why *why);

/*
 * Copies entries, at most cap. *cursor: pass 0 first; if it is 0 afterwards, that was all; otherwise *ret_n is not 0.
 */
int lists_list(struct lists *lists, uint32_t *cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
               struct why *why);

/* Like lists_list, but only for entries that dropped packets. -EOPNOTSUPP if the backend has no watched. */
int lists_dropped(struct lists *lists, uint32_t *cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
                  struct why *why);

/* Fills idle_s, dropped and bytes of each. */
int lists_look(struct lists *lists, struct backend_entry *entries, size_t n, struct why *why);

int lists_floods(struct lists *lists, struct addr *out, size_t cap, size_t *ret_n, struct why *why);

/* Returns the limits; the held counts are sums over all lists, the capacity is that of each list. */
void lists_limits(const struct lists *lists, struct backend_limits *ret);

/* Returns -1 if the backend has no watched. */
int lists_watched(const struct lists *lists);
bool lists_changed(struct lists *lists, struct backend_change *ret);

/* Adds the earlier change to the later one, which keeps its process. *last: updated. */
void lists_add_change(struct backend_change *last, const struct backend_change *before);

/* Closes all lists, also after an error. NULL does nothing. */
int lists_close(struct lists *lists, enum backend_end end, struct why *why);

/* Removes all lists, with those of an earlier configuration. *ret_removed: something was there. */
int lists_clean(const struct backend *backend, const struct root_config *config, bool *ret_removed, struct why *why);

/*
 * Removes the lists of an earlier configuration, which named other ports. Not those that another process has claimed:
 * its chain may be named like one of ours. If manage_rules is false, nothing is removed.
 */
int lists_clean_earlier(const struct backend *backend, const struct root_config *config, bool *ret_removed,
                        struct why *why);

/*
 * Removes what a daemon with another backend left; backend NULL: with any backend. *ret_removed: something was there.
 */
int lists_clean_others(const struct backend *backend, const struct root_config *config, bool *ret_removed,
                       struct why *why);

#endif
